import { expect } from "chai";
import fc from "fast-check";
import { ByteReader } from "#torus/base/byte-reader.js";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { rangeOf } from "#torus/base/bytes.js";
import { packBody, unpackBody } from "#torus/delta/body-codec.js";
import type { Delta } from "#torus/delta/delta.js";
import { readDelta, writePatch, writeRecord } from "#torus/delta/delta-codec.js";
import { appendEntry, ENTRIES_BASE_BYTES } from "#torus/delta/packed-entries.js";
import { noExpiry, RANKS, type RecordState, tombstone } from "#torus/delta/record-state.js";
import { scoreBytes } from "#torus/delta/score.js";
import { type Version, writeVersion } from "#torus/delta/version.js";
import { body, delta } from "./arbitraries.js";
import { bytesOf, bytesOfDelta } from "./bytes-of.js";

const LIFE: Version = { clock: 0x060504030201, origin: 0x0a09 };
const LIFE_HEX = "0102030405060000 090a";
const LATER: Version = { clock: 0xffff, origin: 1 };
const LATER_HEX = "ffff000000000000 0100";
const AT_KEY = { db: 3, slot: 0x1234, key: Buffer.from("k") };
const AT_KEY_HEX = "03 3412 01 6b";

function record(state: RecordState): Delta {
  return { kind: "record", ...AT_KEY, state };
}

/** Spaces in `hex` are for the reader. */
function read(hex: string): Delta | undefined {
  return readDelta(new ByteReader(rangeOf(Buffer.from(hex.replaceAll(" ", ""), "hex"))));
}

/** The bytes are these, and are read back. */
function expectBytes(delta: Delta, hex: string): void {
  const written = bytesOfDelta(delta);
  expect(written).equal(hex.replaceAll(" ", ""));
  const reread = read(hex);
  expect(reread && bytesOfDelta(reread)).equal(written);
}

describe("delta codec", () => {
  it("gives back every delta that was written, and stops behind it", () => {
    fc.assert(
      fc.property(delta, (written) => {
        const bytes = Buffer.from(`${bytesOfDelta(written)}ee`, "hex");
        const reader = new ByteReader(rangeOf(bytes));
        const reread = readDelta(reader);
        expect(reread && bytesOfDelta(reread)).equal(bytesOfDelta(written));
        expect(reread?.kind).equal(written.kind);
        expect(reader.remaining).equal(1);
      }),
      { numRuns: 2000 },
    );
  });

  it("has a form for each kind of delta, byte by byte", () => {
    const text = { kind: "text", bytes: Buffer.from("hi") } as const;
    expectBytes(record(tombstone(LIFE)), `00 ${AT_KEY_HEX} ${LIFE_HEX}`);
    expectBytes(record({ ...tombstone(LIFE), body: text }), `01 ${AT_KEY_HEX} ${LIFE_HEX} 02 6869`);
    expectBytes(
      record({ life: LIFE, expiry: { deadlineMs: 300, version: LIFE }, body: text }),
      `21 ${AT_KEY_HEX} ${LIFE_HEX} ac02 02 6869`,
    );
    expectBytes(
      record({ ...tombstone(LIFE), expiry: { deadlineMs: 300, version: LATER } }),
      `60 ${AT_KEY_HEX} ${LIFE_HEX} ac02 ${LATER_HEX}`,
    );
    expectBytes(
      record({ ...tombstone(LIFE), expiry: { deadlineMs: 0, version: LATER } }),
      `40 ${AT_KEY_HEX} ${LIFE_HEX} ${LATER_HEX}`,
    );
    expectBytes(
      {
        kind: "patch",
        ...AT_KEY,
        predecessor: LIFE,
        life: LATER,
        deadlineMs: 0,
        offset: 300,
        bytes: Buffer.from("hi"),
      },
      `80 ${AT_KEY_HEX} ${LIFE_HEX} ${LATER_HEX} 00 ac02 02 6869`,
    );
    expectBytes({ kind: "flush", db: null, slot: null, floor: LATER }, `81 ff ffff ${LATER_HEX}`);
    expectBytes({ kind: "flush", db: 3, slot: 0x1234, floor: LATER }, `81 03 3412 ${LATER_HEX}`);
    expectBytes({ kind: "collect", db: 3, slot: 0x1234, floor: LATER }, `82 03 3412 ${LATER_HEX}`);
    expectBytes({ kind: "collect", db: null, slot: 0x1234, floor: LATER }, `82 ff 3412 ${LATER_HEX}`);
    expectBytes(
      {
        kind: "piece",
        ...AT_KEY,
        life: LIFE,
        expiry: { deadlineMs: 300, version: LATER },
        totalBytes: 302,
        offset: 300,
        bytes: Buffer.from("hi"),
      },
      `84 ${AT_KEY_HEX} ${LIFE_HEX} ac02 ${LATER_HEX} ae02 ac02 02 6869`,
    );
    expectBytes({ kind: "forget", slot: 0x1234 }, "85 3412");
    expectBytes({ kind: "drop", ...AT_KEY }, `86 ${AT_KEY_HEX}`);
    expectBytes({ kind: "local", boot: 7, position: 0x123456 }, "87 07000000 5634120000000000");
  });

  it("writes counters, hashes, sets and sorted sets as they lie in the arena", () => {
    const counter = { kind: "counter", base: 7, contributions: [] } as const;
    const field = { value: Buffer.from("v"), version: LATER };
    const hash = { kind: "hash", fields: new Map([["f", field]]) } as const;
    expectBytes(
      record({ ...tombstone(LIFE), body: counter }),
      `02 ${AT_KEY_HEX} ${LIFE_HEX} 08 0700000000000000`,
    );
    expectBytes(
      record({ ...tombstone(LIFE), body: hash }),
      `03 ${AT_KEY_HEX} ${LIFE_HEX} 0f ${LATER_HEX} 020200 6676`,
    );
    const members = { m: { value: Buffer.alloc(0), version: LATER }, n: { value: null, version: LATER } };
    expectBytes(
      record({ ...tombstone(LIFE), body: { kind: "set", fields: new Map(Object.entries(members)) } }),
      `04 ${AT_KEY_HEX} ${LIFE_HEX} 12 ${LATER_HEX} 020100 6d 020000 6e`,
    );
    const scored = new Map([["m", { value: scoreBytes(1.5), version: LATER }]]);
    expectBytes(
      record({ ...tombstone(LIFE), body: { kind: "zset", fields: scored } }),
      `06 ${AT_KEY_HEX} ${LIFE_HEX} 10 ${LATER_HEX} 020300 6d 3ff8`,
    );
  });

  it("writes the same from where parts lie as from values", () => {
    const amid = Buffer.from("#key#body#");
    const key = { bytes: amid, start: 1, end: 4 };
    const bytes = { bytes: amid, start: 5, end: 9 };
    const writer = new ByteWriter({ bytesMax: 1000 });
    const place = { db: 1, slot: 2, key };
    writeRecord(writer, {
      ...place,
      life: LIFE,
      deadlineMs: 5,
      registered: LATER,
      rank: RANKS.text,
      body: bytes,
    });
    const record = writer.written().toString("hex");
    writer.clear();
    const lives = { predecessor: LIFE, life: LATER };
    writePatch(writer, { ...place, ...lives, deadlineMs: 5, offset: 6, bytes });
    const patch = writer.written().toString("hex");

    const value = { db: 1, slot: 2, key: Buffer.from("key") };
    const body = { kind: "text", bytes: Buffer.from("body") } as const;
    const state = { life: LIFE, expiry: { deadlineMs: 5, version: LATER }, body };
    expect(record).equal(bytesOfDelta({ kind: "record", ...value, state }));
    expect(patch).equal(
      bytesOfDelta({ kind: "patch", ...value, ...lives, deadlineMs: 5, offset: 6, bytes: body.bytes }),
    );
  });

  it("refuses what has no meaning", () => {
    const plain = `${AT_KEY_HEX} ${LIFE_HEX}`;
    const meaningless = {
      "a swap with all databases": `83 ff 00 ${LATER_HEX}`,
      "an unknown kind": `88 3412 ${LATER_HEX}`,
      "a rank without a kind": `1e ${plain} 00`,
      "the highest rank": `1f ${plain} 00`,
      "no deadline where one is announced": `20 ${plain} 00`,
      "a register that is the life's own": `40 ${plain} ${LIFE_HEX}`,
      "a slot beyond the last": `00 03 0040 00 ${LIFE_HEX}`,
      "a key in all databases": `00 ff 3412 00 ${LIFE_HEX}`,
      "a clock that is no safe integer": `82 03 3412 0000000000002000 0100`,
      "a flush of a slot beyond the last": `81 03 0040 ${LATER_HEX}`,
      "a piece beyond the end of its text": `84 ${plain} 00 ${LIFE_HEX} 02 01 02 6869`,
      "a patch far beyond any buffer": `80 ${plain} ${LATER_HEX} 00 ffffffff0f 01 00`,
      "a body of more bytes than there are": `01 ${plain} ffffffffffffff0f 00`,
      "half a counter": `02 ${plain} 04 00000000`,
      "half a hash": `03 ${plain} 04 00000000`,
      "a hash with one field twice": `03 ${plain} 14 ${LATER_HEX} 0202006676 0202006676`,
      "a member of a set with a value": `04 ${plain} 0f ${LATER_HEX} 020200 6676`,
      "a score with a zero byte at its end": `06 ${plain} 11 ${LATER_HEX} 020400 66 3ff800`,
      "a score that is no number": `06 ${plain} 10 ${LATER_HEX} 020300 66 7ff8`,
      "a score of nine bytes": `06 ${plain} 17 ${LATER_HEX} 020a00 66 3ff800000000000001`,
      "a foreign origin that is the base's": `03 ${plain} 11 ${LATER_HEX} 030200 0100 6676`,
      nothing: "",
    };
    for (const [what, hex] of Object.entries(meaningless)) expect(read(hex), what).equal(undefined);
  });

  it("reads a hash whatever the order of its fields and its base, as the same", () => {
    const base = { clock: 5, origin: 1 };
    const pack = (names: readonly string[], base: Version) => {
      const writer = new ByteWriter({ bytesMax: 1000 });
      writer.ensure(ENTRIES_BASE_BYTES);
      writeVersion(writer.bytes, 0, base);
      writer.length = ENTRIES_BASE_BYTES;
      for (const name of names) {
        const field = rangeOf(Buffer.from(name));
        appendEntry(writer, { field, value: field, version: { clock: 9, origin: 1 } }, base);
      }
      const body = unpackBody(RANKS.hash, writer.written());
      return bytesOf(body && { life: LIFE, expiry: noExpiry(LIFE), body });
    };
    expect(pack(["b", "a", ""], base)).equal(pack(["", "a", "b"], { clock: 0, origin: 2 }));
  });

  it("gives bodies their bytes and back", () => {
    fc.assert(
      fc.property(body, (body) => {
        const unpacked = unpackBody(RANKS[body.kind], packBody(body));
        expect(unpacked?.kind).equal(body.kind);
        expect(unpacked && Buffer.from(packBody(unpacked))).deep.equal(Buffer.from(packBody(body)));
      }),
    );
  });
});
