/** Two slots have the same digest exactly if what a dump tells of them is the same, however it is held. */
import { expect } from "chai";
import fc from "fast-check";
import { crc32 } from "#torus/base/crc32.js";
import { BatchApplication } from "#torus/keyspace/batch-application.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import type { PackingLimits } from "#torus/keyspace/packing-limits.js";
import { HASH_END, type HashRange } from "#torus/keyspace/range-walk.js";
import { RangeDigests, wholeSlot } from "#torus/keyspace/slot-digest.js";
import { dumpedStates } from "../support/dumped-states.js";
import { SMALL_LIMITS, setFields } from "../support/hash-fields.js";
import { canRepeat, history, RecordedKeyspace, type Step } from "../support/recorded-keyspace.js";
import { openKey, smallKeyspace } from "../support/small-keyspace.js";
import { KEYS } from "../support/writing-commands.js";

const PACKED_LIMITS: PackingLimits = {
  ...SMALL_LIMITS,
  hashMaxListpackEntries: 1000,
  hashMaxListpackValueBytes: 100_000,
};
const mergeable = (maxLength: number) => history(maxLength).filter(canRepeat);

function recorded(origin: number): RecordedKeyspace {
  return new RecordedKeyspace(smallKeyspace({ origin, keepTombstones: true }));
}

/** One that did what the other one did, in its own way of holding hashes. */
function follower(bytes: Buffer, limits: PackingLimits, origin: number): RecordedKeyspace {
  const follower = recorded(origin);
  const { keyspace } = follower;
  const options = { keyspace, limits: () => limits, checksum: crc32, incomplete() {} };
  expect(new BatchApplication(options).apply(bytes)).to.equal(undefined);
  return follower;
}

function digestsOf(keyspace: Keyspace, ranges: readonly HashRange[], atMs = keyspace.nowMs): string[] {
  const digests = new RangeDigests(keyspace, ranges, atMs);
  while (digests.step());
  return digests.sums.map(({ low, high, count }) => `${low} ${high} ${count}`);
}

function slotsOf({ hasher }: Keyspace): number[] {
  const slots = KEYS.map((key) => {
    hasher.digest(Buffer.from(key), 0, key.length);
    return hasher.slot;
  });
  return [...new Set(slots), 0];
}

/** Looks at all keys, which lets them expire. */
function look(keyspace: Keyspace): void {
  for (const { number } of keyspace.databases) {
    keyspace.select(number);
    for (const key of KEYS) openKey(keyspace, key);
  }
}

function perform(target: RecordedKeyspace, steps: readonly Step[]): void {
  for (const step of steps) target.perform(step);
}

function settleTime(...all: RecordedKeyspace[]): void {
  const nowMs = Math.max(...all.map((each) => each.nowMs));
  for (const each of all) each.keyspace.tick((each.nowMs = nowMs));
}

function expectEqualExactlyWhereDumpsAre(a: Keyspace, b: Keyspace): void {
  const slots = slotsOf(a);
  const ranges = slots.map(wholeSlot);
  const [ofA, ofB] = [digestsOf(a, ranges), digestsOf(b, ranges)];
  const [statesOfA, statesOfB] = [dumpedStates(a), dumpedStates(b)];
  for (const [i, slot] of slots.entries()) {
    const areEqual = statesOfA(slot) === statesOfB(slot);
    expect(ofA[i] === ofB[i], `${statesOfA(slot)}\n---\n${statesOfB(slot)}`).to.equal(areEqual);
  }
}

describe("the digest of a slot", () => {
  it("is equal exactly where dumps are equal, whatever form records have and whoever has looked at them", () => {
    fc.assert(
      fc.property(
        mergeable(25),
        mergeable(2),
        fc.boolean(),
        fc.option(fc.constantFrom(...KEYS)),
        (before, after, looks, collects) => {
          const a = recorded(1);
          perform(a, before);
          const b = follower(a.recorded(), PACKED_LIMITS, 1);
          settleTime(a, b);
          if (looks) look(b.keyspace);
          expectEqualExactlyWhereDumpsAre(a.keyspace, b.keyspace);
          perform(b, after);
          if (collects !== null) b.collect(collects, null);
          settleTime(a, b);
          expectEqualExactlyWhereDumpsAre(a.keyspace, b.keyspace);
        },
      ),
      { numRuns: 400 },
    );
  });

  it("tells apart whatever one command changed", () => {
    fc.assert(
      fc.property(mergeable(10), mergeable(1), (before, after) => {
        const a = recorded(1);
        perform(a, before);
        const slots = slotsOf(a.keyspace);
        const told = a.recorded().length;
        const digests = digestsOf(a.keyspace, slots.map(wholeSlot), a.nowMs);
        perform(a, after);
        const isChanged = a.recorded().length > told;
        const now = digestsOf(a.keyspace, slots.map(wholeSlot), a.nowMs);
        if (isChanged) expect(now).to.not.deep.equal(digests);
      }),
      { numRuns: 300 },
    );
  });

  it("is the sum of those of its parts, but for floors", () => {
    const keyspace = smallKeyspace({ keepTombstones: true });
    for (let i = 0; i < 20_000; i++) {
      keyspace.select(i % 2);
      setFields(keyspace, `{t}${i >>> 1}`, [["f", String(i)]]);
    }
    openKey(keyspace, "{t}");
    const { slot } = keyspace;
    const sum = (ranges: readonly HashRange[]) => {
      const digests = new RangeDigests(keyspace, ranges, keyspace.nowMs);
      while (digests.step());
      const add = (lane: "low" | "high" | "count") =>
        digests.sums.reduce((total, each) => (total + each[lane]) | 0, 0);
      return { low: add("low"), high: add("high"), count: add("count") };
    };
    const whole = sum([wholeSlot(slot)]);
    expect(whole.count).to.equal(20_000);
    for (const parts of [2, 16, 1000]) {
      const bounds = Array.from({ length: parts + 1 }, (_, i) => Math.floor((HASH_END / parts) * i));
      const ranges = bounds
        .slice(1)
        .map((end, i): HashRange => ({ kind: "keys", slot, db: null, from: bounds[i]!, end }));
      expect(sum(ranges)).to.deep.equal(whole);
    }
    const byDatabase = [0, 1].map((db): HashRange => ({ kind: "keys", slot, db, from: 0, end: HASH_END }));
    expect(sum(byDatabase)).to.deep.equal(whole);
  });

  it("of the fields of a hash is the same whether it is a table or packed", () => {
    const fields = Array.from({ length: 300 }, (_, i): [string, string] => [`field ${i}`, `value ${i}`]);
    const [table, packed] = [SMALL_LIMITS, PACKED_LIMITS].map((limits) => {
      const keyspace = smallKeyspace({ keepTombstones: true });
      setFields(keyspace, "h", fields, limits);
      return keyspace;
    });
    openKey(table!, "h");
    const { slot } = table!;
    const quarter = HASH_END / 4;
    const ranges = [0, 1, 2, 3].map((i): HashRange => {
      const hashes = { from: quarter * i, end: quarter * (i + 1) };
      return { kind: "fields", slot, db: 0, key: Buffer.from("h"), ...hashes };
    });
    const digests = digestsOf(table!, ranges);
    expect(digestsOf(packed!, ranges)).to.deep.equal(digests);
    expect(new Set(digests).size).to.equal(4);
    setFields(packed!, "h", [["field 7", "another"]], PACKED_LIMITS);
    const changed = digestsOf(packed!, ranges).filter((digest, i) => digest !== digests[i]);
    expect(changed.length).to.equal(1);
  });

  it("does not depend on where long values lie, and takes them in steps between which they may change", () => {
    const text = "x".repeat(1_000_000);
    const a = smallKeyspace({ keepTombstones: true });
    const b = smallKeyspace({ keepTombstones: true });
    for (const keyspace of [a, b]) {
      setFields(keyspace, "h", [
        ["long", text],
        ["f", "v"],
        ["gone", "x"],
      ]);
    }
    const slots = slotsOf(a).map(wholeSlot);
    expect(digestsOf(a, slots)).to.deep.equal(digestsOf(b, slots));
    const digests = new RangeDigests(a, slots, a.nowMs);
    let steps = 0;
    while (digests.step()) {
      if (++steps === 8) setFields(a, "h", [["long", `${text}y`]]);
    }
    expect(steps).to.be.greaterThan(12);
    expect(digestsOf(a, slots)).to.not.deep.equal(digestsOf(b, slots));
    setFields(b, "h", [["long", `${text}y`]]);
    expect(digestsOf(a, slots)).to.deep.equal(digestsOf(b, slots));
  });
});
