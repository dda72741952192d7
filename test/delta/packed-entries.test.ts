import { expect } from "chai";
import fc from "fast-check";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { rangeOf } from "#torus/base/bytes.js";
import {
  appendEntry,
  countLive,
  ENTRIES_BASE_BYTES,
  EntryCursor,
  entryBytes,
  isEmptied,
  isPackedEntries,
  rebaseEntries,
} from "#torus/delta/packed-entries.js";
import { type Version, writeVersion } from "#torus/delta/version.js";

interface Plain {
  readonly field: string;
  /** null for the mark of a removed field. */
  readonly value: string | null;
  readonly version: Version;
}

const NOW = 3_604_480_000_000_000;

const byteString = fc.string({ unit: fc.constantFrom("\x00", "a", "b", "\xff"), maxLength: 3 });
const longString = fc.integer({ min: 60, max: 200 }).map((length) => "l".repeat(length));
const version = fc.record({
  clock: fc.oneof(
    fc.constant(NOW),
    fc.nat(300).map((off) => NOW + off),
    fc.constant(2 ** 53 - 1),
  ),
  origin: fc.constantFrom(1, 2, 0xffff),
});
const entries = fc.uniqueArray(
  fc.record({
    field: fc.oneof(byteString, longString),
    value: fc.oneof(byteString, longString, fc.constant(null)),
    version,
  }),
  { selector: ({ field }) => field, maxLength: 8 },
);
const base = fc.record({ clock: fc.constantFrom(0, NOW - 1, NOW), origin: fc.constantFrom(1, 2) });

function latin1(text: string) {
  return rangeOf(Buffer.from(text, "latin1"));
}

function pack(plain: readonly Plain[], base: Version): Buffer {
  const writer = new ByteWriter({ capacityBytes: 16, bytesMax: 1e5 });
  writer.ensure(ENTRIES_BASE_BYTES);
  writeVersion(writer.bytes, 0, base);
  writer.length = ENTRIES_BASE_BYTES;
  for (const { field, value, version } of plain) {
    const entry = { field: latin1(field), value: value === null ? null : latin1(value), version };
    const before = writer.length;
    appendEntry(writer, entry, base);
    expect(writer.length - before).equal(entryBytes(entry, base));
  }
  return writer.written();
}

/** The entry at hand as a value. */
function entryOf(cursor: EntryCursor, bytes: Buffer): Plain {
  return {
    field: bytes.toString("latin1", cursor.fieldStart, cursor.fieldEnd),
    value: cursor.isRemoved ? null : bytes.toString("latin1", cursor.valueStart, cursor.valueEnd),
    version: { clock: cursor.clock(), origin: cursor.origin() },
  };
}

function unpack(bytes: Buffer, start = 0, end = bytes.length): Plain[] {
  const cursor = new EntryCursor();
  const found: Plain[] = [];
  cursor.open(bytes, start, end);
  while (cursor.next()) found.push(entryOf(cursor, bytes));
  return found;
}

describe("packed entries", () => {
  it("spends three bytes on an entry beside its field and value, when it was written with the base", () => {
    const packed = pack([{ field: "f", value: "v", version: { clock: 5, origin: 1 } }], {
      clock: 5,
      origin: 1,
    });
    expect(packed.toString("hex")).equal("0500000000000000" + "0100" + "02" + "02" + "00" + "66" + "76");
  });

  it("tells a removed field, an empty value, and an entry of another origin", () => {
    const packed = pack(
      [
        { field: "", value: "", version: { clock: 5, origin: 1 } },
        { field: "r", value: null, version: { clock: 205, origin: 1 } },
        { field: "o", value: "v", version: { clock: 5, origin: 0x203 } },
      ],
      { clock: 5, origin: 1 },
    );
    const hex = packed.subarray(ENTRIES_BASE_BYTES).toString("hex");
    expect(hex).equal("000100" + "0200c80172" + "030200" + "0302" + "6f76");
  });

  it("gives back the entries that were written, in their order, wherever the body lies", () => {
    fc.assert(
      fc.property(entries, base, (plain, base) => {
        const packed = pack(plain, base);
        const amid = Buffer.concat([Buffer.from("##"), packed, Buffer.from("\x02\x02\x00fv")]);
        expect(unpack(packed)).deep.equal(plain);
        expect(unpack(amid, 2, 2 + packed.length)).deep.equal(plain);
      }),
    );
  });

  it("has the bounds of the entries touch, so that one can be cut out or replaced", () => {
    fc.assert(
      fc.property(entries, base, fc.nat(), (plain, base, pick) => {
        fc.pre(plain.length > 0);
        const packed = pack(plain, base);
        const cursor = new EntryCursor();
        cursor.open(packed, 0, packed.length);
        const cut = pick % plain.length;
        for (let i = 0; i <= cut; i++) cursor.next();
        const rest = Buffer.concat([packed.subarray(0, cursor.entryStart), packed.subarray(cursor.entryEnd)]);
        expect(unpack(rest)).deep.equal(plain.filter((_, i) => i !== cut));
      }),
    );
  });

  it("finds each field and no other", () => {
    fc.assert(
      fc.property(entries, base, byteString, (plain, base, other) => {
        const packed = pack(plain, base);
        const cursor = new EntryCursor();
        cursor.open(packed, 0, packed.length);
        for (const each of plain) {
          expect(cursor.find(latin1(each.field))).equal(true);
          expect(entryOf(cursor, packed)).deep.equal(each);
        }
        expect(cursor.find(latin1(other))).equal(plain.some(({ field }) => field === other));
      }),
    );
  });

  it("counts what clients see, and is emptied when that is nothing", () => {
    fc.assert(
      fc.property(entries, base, (plain, base) => {
        const cursor = new EntryCursor();
        const range = rangeOf(pack(plain, base));
        const visible = plain.filter(({ value }) => value !== null).length;
        expect(countLive(cursor, range)).equal(visible);
        expect(isEmptied(cursor, range)).equal(visible === 0);
      }),
    );
  });

  it("says the same from another base", () => {
    fc.assert(
      fc.property(entries, base, base, (plain, from, to) => {
        const writer = new ByteWriter({ bytesMax: 1e5 });
        rebaseEntries(new EntryCursor(), rangeOf(pack(plain, from)), to, writer);
        expect(writer.written()).deep.equal(pack(plain, to));
      }),
    );
  });

  it("refuses to write an entry older than the base", () => {
    const plain = { field: "f", value: "v", version: { clock: 4, origin: 1 } };
    expect(() => pack([plain], { clock: 5, origin: 1 })).throw("older than its base");
  });

  it("vouches for what it wrote, and for nothing that ends within an entry", () => {
    fc.assert(
      fc.property(entries, base, (plain, base) => {
        const packed = pack(plain, base);
        const ends = new Set([ENTRIES_BASE_BYTES]);
        const cursor = new EntryCursor();
        cursor.open(packed, 0, packed.length);
        while (cursor.next()) ends.add(cursor.entryEnd);
        for (let end = 0; end <= packed.length; end++) {
          expect(isPackedEntries({ bytes: packed, start: 0, end })).equal(ends.has(end));
        }
      }),
    );
  });

  it("walks whatever it vouched for, and stays within it", () => {
    const damaged = fc.tuple(entries, base, fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(damaged, ([plain, base, pick, byte]) => {
        const packed = pack(plain, base);
        packed[pick % packed.length] = byte;
        if (!isPackedEntries(rangeOf(packed))) return;
        const cursor = new EntryCursor();
        cursor.open(packed, 0, packed.length);
        let end = ENTRIES_BASE_BYTES;
        while (cursor.next()) {
          expect(cursor.entryStart).equal(end);
          expect(Number.isSafeInteger(cursor.clock())).equal(true);
          end = cursor.entryEnd;
        }
        expect(end).equal(packed.length);
      }),
      { numRuns: 1000 },
    );
  });
});
