import { expect } from "chai";
import fc from "fast-check";
import { crc32 } from "#torus/base/crc32.js";
import { SlotFilter } from "#torus/cluster/replication/slot-filter.js";
import { readBatch } from "#torus/delta/batch.js";
import type { Delta } from "#torus/delta/delta.js";
import { history, RecordedKeyspace } from "../../support/recorded-keyspace.js";
import { smallKeyspace } from "../../support/small-keyspace.js";
import { KEYS } from "../../support/writing-commands.js";

function batchesOf(bytes: Buffer): (readonly Delta[])[] {
  const batches: (readonly Delta[])[] = [];
  for (let start = 0; start < bytes.length; ) {
    const range = { bytes, start, end: bytes.length };
    const reading = readBatch(range, { checksum: crc32, batchBytesMax: 2 ** 30 });
    if (reading.kind !== "batch") throw new Error(`a batch is ${reading.kind}`);
    batches.push(reading.deltas);
    start = reading.end;
  }
  return batches;
}

function slotOf(key: string): number {
  const { hasher } = smallKeyspace();
  hasher.digest(Buffer.from(key), 0, key.length);
  return hasher.slot;
}

function isWanted(delta: Delta, slots: readonly number[]): boolean {
  return !("slot" in delta) || delta.slot === null || slots.includes(delta.slot);
}

describe("a filter by slots", () => {
  it("leaves of every batch the deltas of its slots and of all slots, in order", () => {
    fc.assert(
      fc.property(history(30), fc.subarray([...KEYS]), (steps, keys) => {
        const origin = new RecordedKeyspace();
        for (const step of steps) origin.perform(step);
        const bytes = origin.recorded();
        const slots = keys.map(slotOf);
        const parts: Buffer[] = [];
        new SlotFilter(slots).filter(bytes, parts);
        const expected = batchesOf(bytes)
          .map((deltas) => deltas.filter((delta) => isWanted(delta, slots)))
          .filter((deltas) => deltas.length > 0);
        expect(batchesOf(Buffer.concat(parts))).to.deep.equal(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("copies nothing that stays whole", () => {
    const origin = new RecordedKeyspace();
    for (const key of ["k", "k", "h", "k"])
      origin.perform({ pauseMs: 0, database: 0, commands: [["set", key, "v"]] });
    const bytes = origin.recorded();
    const parts: Buffer[] = [];
    const filter = new SlotFilter([slotOf("k")]);
    filter.filter(bytes, parts);
    expect(parts.map(({ buffer }) => buffer)).to.deep.equal([bytes.buffer, bytes.buffer]);
    expect(parts.map(({ length }) => length / parts[1]!.length)).to.deep.equal([2, 1]);
    expect([filter.wants(slotOf("k")), filter.wants(slotOf("h"))]).to.deep.equal([true, false]);
  });
});
