import { expect } from "chai";
import fc from "fast-check";
import {
  compareVersions,
  equalVersions,
  maxVersion,
  readClock,
  readOrigin,
  VERSION_BYTES,
  VERSION_ZERO,
  type Version,
  writeVersion,
} from "#torus/delta/version.js";

const version = fc.record({ clock: fc.maxSafeNat(), origin: fc.nat(0xffff) });
/** Few, so that they tie. */
const closeVersion = fc.record({ clock: fc.nat(2), origin: fc.nat(2) });

describe("versions", () => {
  it("are ordered by clock, then by origin", () => {
    const ascending: Version[] = [
      VERSION_ZERO,
      { clock: 0, origin: 1 },
      { clock: 1, origin: 0 },
      { clock: 1, origin: 0xffff },
      { clock: Number.MAX_SAFE_INTEGER, origin: 1 },
    ];
    for (const [i, a] of ascending.entries()) {
      for (const [j, b] of ascending.entries()) {
        expect(Math.sign(compareVersions(a, b))).equal(Math.sign(i - j));
        expect(equalVersions(a, b)).equal(i === j);
        expect(maxVersion(a, b)).equal(ascending[Math.max(i, j)]);
      }
    }
  });

  it("are equal if and only if neither is above the other", () => {
    fc.assert(
      fc.property(closeVersion, closeVersion, (a, b) => {
        expect(equalVersions(a, b)).equal(compareVersions(a, b) === 0);
        expect(compareVersions(a, b)).equal(-compareVersions(b, a) + 0);
      }),
    );
  });

  it("take ten bytes, clock before origin, and are read back", () => {
    const bytes = Buffer.alloc(VERSION_BYTES + 2, "#");
    writeVersion(bytes, 1, { clock: 0x1a0b0c0d0e0f01, origin: 0x0203 });
    expect(bytes.toString("hex")).equal("23" + "010f0e0d0c0b1a00" + "0302" + "23");
    fc.assert(
      fc.property(version, (written) => {
        writeVersion(bytes, 1, written);
        expect({ clock: readClock(bytes, 1), origin: readOrigin(bytes, 1) }).deep.equal(written);
      }),
    );
  });
});
