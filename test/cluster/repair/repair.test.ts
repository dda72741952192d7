/** Two owners of slots that have lost sight of each other: after a repair both have what either had, and the same. */
import { expect } from "chai";
import fc from "fast-check";
import type { RepairProgress } from "#torus/cluster/repair/repair-counters.js";
import { SlotSet } from "#torus/cluster/slot-set.js";
import { compareVersions } from "#torus/delta/version.js";
import { dumpedStates } from "../../support/dumped-states.js";
import { contentsOf, expectSoundCounts } from "../../support/keyspace-contents.js";
import { canRepeat, history, type Step, visibleOf } from "../../support/recorded-keyspace.js";
import { type RepairPair, settleTime, slotOfKey, twoOwners } from "../../support/repair-owners.js";
import { KEYS } from "../../support/writing-commands.js";

const mergeable = (maxLength: number) => history(maxLength).filter(canRepeat);

const SLOTS = [...new Set(KEYS.map(slotOfKey)), 0];

function expectAlike({ a, b }: RepairPair): void {
  const [ofA, ofB] = [dumpedStates(a.keyspace), dumpedStates(b.keyspace)];
  for (const slot of SLOTS) expect(ofA(slot)).to.equal(ofB(slot));
  for (const { keyspace } of [a, b]) expectSoundCounts(keyspace, KEYS);
}

/** Repairs to the end; answers how it went. */
async function repaired({ world, a, b }: RepairPair, slots = SLOTS): Promise<RepairProgress> {
  // Now so, now so, and for one case always in the same way.
  const mostDiffer = (a.keyspace.size + b.keyspace.size) % 2 === 0;
  const repair = a.repair(slots, { mostDiffer });
  expect(await world.complete(repair.run())).to.deep.equal({ kind: "done" });
  return repair.progress;
}

/** Another repair finds nothing that differs. */
async function expectEqualDigests(pair: RepairPair): Promise<void> {
  expect((await repaired(pair)).slotsDiffering).to.equal(0);
}

/** The same, asked for by the other one. */
async function repairedBack({ world, a, b }: RepairPair): Promise<void> {
  b.meet(a);
  await world.advance(20);
  const mostDiffer = b.keyspace.size % 2 === 0;
  expect(await world.complete(b.repair(SLOTS, { mostDiffer }).run())).to.deep.equal({ kind: "done" });
}

function isFlushing(steps: readonly Step[]): boolean {
  return steps.some(({ commands }) => commands.some(([name]) => name?.startsWith("flush")));
}

/** Remains were collected without a, as both know. */
function leaveOut({ a, b }: RepairPair): void {
  const slots = new SlotSet(SLOTS);
  a.isWhole = false;
  a.leftOut = { mine: slots, theirs: null };
  b.leftOut = { mine: null, theirs: slots };
}

/** Remains were collected without a, which would have collected without b, had it found enough others. */
function leaveOutEachOther(pair: RepairPair): void {
  const { a, b } = pair;
  const slots = new SlotSet(SLOTS);
  leaveOut(pair);
  a.leftOut = { mine: slots, theirs: slots };
  b.leftOut = { mine: slots, theirs: slots };
}

function fetchMissing({ a, b }: RepairPair): void {
  a.fetchMissing(b);
  b.fetchMissing(a);
}

/** What happens while a repair goes on, at one of the two. */
interface Meanwhile {
  readonly atMs: number;
  readonly at: "a" | "b";
  readonly step: Step;
  /** Whether the other one hears of it at once. */
  readonly isHeard: boolean;
}

const oneStep = mergeable(1)
  .filter((steps) => steps.length === 1)
  .map((steps) => steps[0]!);
const meanwhile: fc.Arbitrary<Meanwhile[]> = fc.array(
  fc.record({
    atMs: fc.integer({ min: 0, max: 30 }),
    at: fc.constantFrom("a" as const, "b" as const),
    step: oneStep,
    isHeard: fc.boolean(),
  }),
  { maxLength: 12 },
);

function perform({ a, b }: RepairPair, { at, step, isHeard }: Meanwhile): void {
  const [one, other] = at === "a" ? [a, b] : [b, a];
  one.perform([step]);
  settleTime(a, b);
  if (isHeard) other.hear(one);
}

describe("a repair", () => {
  it("lets both owners have what either had, whatever they did apart", async () => {
    await fc.assert(
      fc.asyncProperty(mergeable(15), mergeable(15), mergeable(15), async (before, ofA, ofB) => {
        const pair = await twoOwners();
        const { a, b } = pair;
        a.perform(before);
        b.hear(a);
        settleTime(a, b);
        a.perform(ofA);
        b.perform(ofB);
        settleTime(a, b);
        await repaired(pair);
        expectAlike(pair);
        await expectEqualDigests(pair);
      }),
      { numRuns: 120 },
    );
  });

  it("and what is written meanwhile as well, once they hear of that", async () => {
    await fc.assert(
      fc.asyncProperty(
        mergeable(15),
        mergeable(10),
        mergeable(10),
        meanwhile,
        async (before, ofA, ofB, all) => {
          const pair = await twoOwners();
          const { world, a, b } = pair;
          a.perform(before);
          b.hear(a);
          a.perform(ofA);
          b.perform(ofB);
          settleTime(a, b);
          // What was done apart reaches nobody but by the repair.
          a.miss(b);
          b.miss(a);
          const repairing = a.repair(SLOTS, { mostDiffer: ofA.length > ofB.length }).run();
          const { nowMs } = world;
          for (const each of all.sort((one, other) => one.atMs - other.atMs)) {
            await world.run({ untilMs: nowMs + each.atMs });
            perform(pair, each);
          }
          expect(await world.complete(repairing)).to.deep.equal({ kind: "done" });
          a.hear(b);
          b.hear(a);
          settleTime(a, b);
          for (let round = 0; round < 2; round++) fetchMissing(pair);
          expectAlike(pair);
        },
      ),
      { numRuns: 120 },
    );
  });

  it("whichever of the two asks, and although their clocks differ, as soon as they agree on what has expired", async () => {
    await fc.assert(
      fc.asyncProperty(
        mergeable(15),
        mergeable(10),
        mergeable(10),
        fc.constantFrom(0, 3, 40),
        fc.boolean(),
        async (before, ofA, ofB, aheadMs, isAAhead) => {
          const pair = await twoOwners();
          const { a, b } = pair;
          a.perform(before);
          b.hear(a);
          settleTime(a, b);
          a.perform(ofA);
          b.perform(ofB);
          const ahead = isAAhead ? a : b;
          ahead.recorded.nowMs += aheadMs;
          ahead.keyspace.tick(ahead.recorded.nowMs);
          ahead.look();
          await repaired(pair);
          settleTime(a, b);
          fetchMissing(pair);
          expectAlike(pair);
        },
      ),
      { numRuns: 120 },
    );
  });

  describe("where birth floors were taken", () => {
    const floors = fc.array(fc.tuple(fc.constantFrom(...KEYS), fc.constantFrom(null, 0, 1)), {
      maxLength: 3,
    });

    it("is as good as the floor's own delta to a side that is whole", async () => {
      await fc.assert(
        fc.asyncProperty(
          mergeable(15),
          floors,
          mergeable(10),
          mergeable(10),
          fc.boolean(),
          async (before, floors, ofA, ofB, isOfA) => {
            const pair = await twoOwners();
            const { a, b } = pair;
            a.perform(before);
            b.hear(a);
            settleTime(a, b);
            // All before is known to both: only one of them takes the floors before they part.
            const one = isOfA ? a : b;
            for (const [key, db] of floors) one.recorded.collect(key, db);
            settleTime(a, b);
            a.perform(ofA);
            b.perform(ofB);
            settleTime(a, b);
            const { slotsRenewed } = await repaired(pair);
            expectAlike(pair);
            expect(slotsRenewed).to.equal(0);
            await expectEqualDigests(pair);
          },
        ),
        { numRuns: 120 },
      );
    });

    it("gives all back to a node that lost its disk", async () => {
      await fc.assert(
        fc.asyncProperty(mergeable(15), floors, mergeable(15), async (before, floors, after) => {
          const pair = await twoOwners();
          const { a, b } = pair;
          b.perform(before);
          for (const [key, db] of floors) b.recorded.collect(key, db);
          b.perform(after);
          settleTime(a, b);
          a.isWhole = false;
          const contents = contentsOf(b.keyspace, KEYS);
          const { slotsRenewed } = await repaired(pair);
          expect(contentsOf(b.keyspace, KEYS)).to.deep.equal(contents);
          expectAlike(pair);
          expect(slotsRenewed).to.equal(0);
          await expectEqualDigests(pair);
        }),
        { numRuns: 100 },
      );
    });

    it("gives a node that lost its disk all but the floors when another one asks: it has more to hear", async () => {
      await fc.assert(
        fc.asyncProperty(mergeable(15), floors, mergeable(15), async (before, floors, after) => {
          const pair = await twoOwners();
          const { a, b } = pair;
          a.perform(before);
          for (const [key, db] of floors) a.recorded.collect(key, db);
          a.perform(after);
          settleTime(a, b);
          b.isWhole = false;
          const contents = contentsOf(a.keyspace, KEYS);
          await repaired(pair);
          expect(contentsOf(a.keyspace, KEYS)).to.deep.equal(contents);
          expect(visibleOf(b.keyspace)).to.deep.equal(visibleOf(a.keyspace));
          for (const slot of SLOTS) expect(b.keyspace.databases[0]!.birthFloors.clock(slot)).to.equal(0);
          await repairedBack(pair);
          expectAlike(pair);
        }),
        { numRuns: 100 },
      );
    });

    it("brings nothing back that was deleted while a node lost the end of its log", async () => {
      await fc.assert(
        fc.asyncProperty(
          mergeable(10),
          floors,
          mergeable(10),
          floors,
          mergeable(10),
          fc.boolean(),
          fc.boolean(),
          async (kept, keptFloors, lost, floors, after, isOtherFirst, isOtherWhole) => {
            const pair = await twoOwners();
            const { a, b } = pair;
            b.perform(kept);
            for (const [key, db] of keptFloors) b.recorded.collect(key, db);
            a.hear(b);
            b.perform(lost);
            for (const [key, db] of floors) b.recorded.collect(key, db);
            b.perform(after);
            settleTime(a, b);
            const before = contentsOf(b.keyspace, KEYS);
            a.isWhole = false;
            b.isWhole = isOtherWhole;
            if (isOtherFirst) {
              await repairedBack(pair);
              expect(contentsOf(b.keyspace, KEYS)).to.deep.equal(before);
            }
            await repaired(pair);
            expect(contentsOf(b.keyspace, KEYS)).to.deep.equal(before);
            expectAlike(pair);
            await expectEqualDigests(pair);
          },
        ),
        { numRuns: 120 },
      );
    });

    it("lets a node without which remains were collected have what the other has, and nothing of what it did before", async () => {
      await fc.assert(
        fc.asyncProperty(
          mergeable(12),
          // What it flushed merges as on any other side of a partition.
          mergeable(12).filter((steps) => !isFlushing(steps)),
          mergeable(12),
          mergeable(8),
          fc.boolean(),
          fc.boolean(),
          async (before, alone, there, after, isOtherFirst, isMutual) => {
            const pair = await twoOwners();
            const { a, b } = pair;
            b.perform(before);
            a.hear(b);
            settleTime(a, b);
            a.perform(alone);
            a.miss(b);
            b.perform(there);
            settleTime(a, b);
            for (const key of KEYS) b.recorded.collect(key, null);
            b.perform(after);
            settleTime(a, b);
            const contents = contentsOf(b.keyspace, KEYS);
            if (isMutual) leaveOutEachOther(pair);
            else leaveOut(pair);
            if (isOtherFirst) {
              await repairedBack(pair);
              expect(contentsOf(b.keyspace, KEYS)).to.deep.equal(contents);
            }
            await repaired(pair);
            expect(contentsOf(b.keyspace, KEYS)).to.deep.equal(contents);
            expectAlike(pair);
            await expectEqualDigests(pair);
          },
        ),
        { numRuns: 120 },
      );
    });

    it("and keep what began a life since, on both sides", async () => {
      await fc.assert(
        fc.asyncProperty(mergeable(12), mergeable(12), mergeable(12), async (before, there, alone) => {
          const pair = await twoOwners();
          const { a, b } = pair;
          b.perform(before);
          a.hear(b);
          b.perform(there);
          settleTime(a, b);
          for (const key of KEYS) b.recorded.collect(key, null);
          settleTime(a, b);
          const floor = b.keyspace.databases[0]!.birthFloors.version(slotOfKey("k"));
          a.perform(alone);
          a.perform([{ pauseMs: 1, database: 0, commands: [["set", "k", "alone"]] }]);
          settleTime(a, b);
          leaveOut(pair);
          await repaired(pair);
          expectAlike(pair);
          expect(visibleOf(b.keyspace)["0:k"]).to.match(/^text alone /);
          expect(
            compareVersions(a.keyspace.databases[0]!.birthFloors.version(slotOfKey("k")), floor),
          ).to.equal(0);
          await expectEqualDigests(pair);
        }),
        { numRuns: 120 },
      );
    });

    for (const isAWhole of [true, false]) {
      for (const isBWhole of [true, false]) {
        it(`adds up what both counted on two sides of a floor (${isAWhole}, ${isBWhole})`, async () => {
          for (const holder of ["a", "b"] as const) {
            const pair = await twoOwners();
            const { a, b } = pair;
            const commands = (name: string, ...args: string[]): Step => ({
              pauseMs: 1,
              database: 0,
              commands: [[name, "k", ...args]],
            });
            a.perform([commands("set", "x"), commands("del")]);
            b.hear(a);
            settleTime(a, b);
            pair[holder].recorded.collect("k", null);
            settleTime(a, b);
            a.perform([commands("incrby", "5"), commands("incrby", "10")]);
            b.perform([commands("incrby", "100")]);
            settleTime(a, b);
            a.isWhole = isAWhole;
            b.isWhole = isBWhole;
            await repaired(pair);
            for (const { keyspace } of [a, b]) expect(visibleOf(keyspace)["0:k"]).to.match(/^number 115 /);
            if (isAWhole && isBWhole) expectAlike(pair);
          }
        });
      }
    }
  });
});
