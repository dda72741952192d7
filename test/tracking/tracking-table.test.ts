import { expect } from "chai";
import fc from "fast-check";
import type { Tracker } from "#torus/tracking/tracker.js";
import { TrackingTable } from "#torus/tracking/tracking-table.js";

const TRACKERS: readonly Tracker[] = Array.from({ length: 3 }, () => ({
  isGone: false,
  changed() {},
  lost() {},
}));

const step = fc.record({
  what: fc.constantFrom("remember", "remember", "remember", "take", "takeOld", "takeSlots", "clear"),
  slot: fc.nat({ max: 4 }),
  key: fc.constantFrom("", "a", "bc", "def"),
  tracker: fc.nat({ max: 2 }),
});

describe("the table of tracked keys", () => {
  it("does what a map of sets does, and counts it", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new TrackingTable();
        const model = new Map<string, Set<Tracker>>();
        const nameOf = (slot: number, key: string) => `${slot} ${key}`;
        for (const { what, slot, key, tracker } of steps) {
          const name = nameOf(slot, key);
          if (what === "remember") {
            table.remember(slot, key, TRACKERS[tracker]!);
            model.set(name, (model.get(name) ?? new Set()).add(TRACKERS[tracker]!));
          } else if (what === "take") {
            expect(new Set(table.take(slot, key))).to.deep.equal(model.get(name) ?? new Set());
            model.delete(name);
          } else if (what === "takeOld") {
            const before = model.size;
            const old = table.takeOld();
            expect(old === undefined).to.equal(before === 0);
            const found = [...model].find(
              ([other, trackers]) =>
                old !== undefined && other.endsWith(` ${old.key}`) && isSame(trackers, new Set(old.trackers)),
            );
            if (old === undefined) continue;
            expect(found).not.to.equal(undefined);
            // Which of those that look alike it was is seen by what is left.
            for (const [other] of model) {
              if (other.endsWith(` ${old.key}`) && !isThere(table, other)) model.delete(other);
            }
            expect(model.size).to.equal(before - 1);
          } else if (what === "takeSlots") {
            const isIn = (other: number) => other <= slot;
            const names = [...model.keys()].filter((other) => isIn(Number(other[0])));
            expect(table.countIn(isIn)).to.equal(names.length);
            expect(table.takeSlots(isIn)).to.have.length(names.length);
            for (const other of names) model.delete(other);
          } else {
            table.clear();
            model.clear();
          }
          expect(table.keyCount).to.equal(model.size);
          expect(table.itemCount).to.equal([...model.values()].reduce((sum, { size }) => sum + size, 0));
          const keyBytes = [...model.keys()].reduce((sum, { length }) => sum + length - 2, 0);
          expect(table.memoryBytes).to.equal(keyBytes + 32 * table.keyCount + 24 * table.itemCount);
          for (let other = 0; other <= 4; other++) {
            const hasSome = [...model.keys()].some((each) => each.startsWith(`${other} `));
            expect(table.hasSlot(other)).to.equal(hasSome);
          }
        }
      }),
    );
  });

  it("does not keep all who have come, read and gone, however long a key does not change", () => {
    const table = new TrackingTable();
    const here = { isGone: false, changed() {}, lost() {} };
    for (let i = 0; i < 10_000; i++) {
      const passing = { isGone: false, changed() {}, lost() {} };
      table.remember(1, "k", passing);
      if (i === 100) table.remember(1, "k", here);
      passing.isGone = true;
      expect(table.itemCount).to.be.at.most(4);
    }
    expect([...table.take(1, "k")]).to.include(here);
    expect([table.itemCount, table.memoryBytes]).to.deep.equal([0, 0]);
  });
});

function isSame(one: ReadonlySet<Tracker>, other: ReadonlySet<Tracker>): boolean {
  return one.size === other.size && [...one].every((tracker) => other.has(tracker));
}

/** Looks by taking the key out and putting it back. */
function isThere(table: TrackingTable, name: string): boolean {
  const [slot, key] = [Number(name[0]), name.slice(2)];
  const trackers = [...table.take(slot, key)];
  for (const tracker of trackers) table.remember(slot, key, tracker);
  return trackers.length > 0;
}
