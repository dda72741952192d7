import { expect } from "chai";
import fc from "fast-check";
import { crc32 } from "#torus/base/crc32.js";
import { type Location, NOWHERE } from "#torus/keyspace/arena.js";
import { BatchApplication } from "#torus/keyspace/batch-application.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { hasRemains } from "#torus/keyspace/remains.js";
import { collectSlot, mayHaveRemains } from "#torus/keyspace/slot-collection.js";
import { CommandRunner } from "../support/command-runner.js";
import { dumpedStates } from "../support/dumped-states.js";
import { entriesOf, SMALL_LIMITS } from "../support/hash-fields.js";
import { canRepeat, history, RecordedKeyspace, visibleOf } from "../support/recorded-keyspace.js";
import { slotOfKey } from "../support/repair-owners.js";
import { openKey, START_MS, smallKeyspace } from "../support/small-keyspace.js";
import { countTableSteps } from "../support/table-steps.js";
import { KEYS } from "../support/writing-commands.js";

const SLOTS = [...new Set(KEYS.map(slotOfKey))];

function remaining(keyspace: Keyspace, slot: number): number {
  const found: Location[] = [];
  return keyspace.databases.reduce((count, database) => {
    found.length = 0;
    database.index.collect(slot, 0, Number.POSITIVE_INFINITY, found);
    return count + found.filter((at) => hasRemains(database, at)).length;
  }, 0);
}

/** A keyspace that merges what another one has recorded. */
function follower(): { keyspace: Keyspace; merge: (batches: Buffer, nowMs: number) => void } {
  const keyspace = smallKeyspace({ origin: 2, keepTombstones: true });
  const application = new BatchApplication({
    keyspace,
    limits: () => SMALL_LIMITS,
    checksum: crc32,
    incomplete() {},
  });
  const merge = (batches: Buffer, nowMs: number) => {
    keyspace.tick(nowMs);
    if (batches.length > 0) expect(application.apply(Buffer.from(batches))).to.equal(undefined);
  };
  return { keyspace, merge };
}

describe("the collection of a slot", () => {
  it("takes all that remains, which no slot has without saying so, and nothing that clients see, here and where it is told", () => {
    fc.assert(
      fc.property(history(20).filter(canRepeat), history(10).filter(canRepeat), (before, after) => {
        const recorded = new RecordedKeyspace(smallKeyspace({ origin: 1, keepTombstones: true }));
        const { keyspace } = recorded;
        const { keyspace: other, merge } = follower();
        for (const steps of [before, after]) {
          for (const step of steps) recorded.perform(step);
          merge(recorded.recorded(), recorded.nowMs);
          for (const each of [keyspace, other]) {
            for (const slot of SLOTS) {
              if (remaining(each, slot) > 0) expect(mayHaveRemains(each, slot)).to.equal(true);
            }
          }
          keyspace.tick(recorded.nowMs);
          const seen = visibleOf(keyspace);
          const floor = { clock: keyspace.clock.next(), origin: keyspace.origin };
          const selected = keyspace.database;
          for (const slot of SLOTS) collectSlot(keyspace, SMALL_LIMITS, slot, floor);
          expect(keyspace.database).to.equal(selected);
          merge(recorded.recorded(), recorded.nowMs);
          expect(visibleOf(keyspace)).to.deep.equal(seen);
          const [ours, theirs] = [dumpedStates(keyspace), dumpedStates(other)];
          for (const slot of SLOTS) {
            for (const each of [keyspace, other]) {
              expect(remaining(each, slot)).to.equal(0);
              expect(mayHaveRemains(each, slot)).to.equal(false);
            }
            expect(theirs(slot)).to.equal(ours(slot));
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("the collection of a large list", () => {
  const ELEMENTS = Array.from({ length: 5000 }, (_, element) => element);
  const slot = slotOfKey("l");
  // A table's number may be a row's, too: each is to be asked for what it knows.
  const limits = { ...SMALL_LIMITS, listMaxListpackSize: -2 };

  function largeList(): CommandRunner {
    const commands = new CommandRunner(smallKeyspace({ keepTombstones: true }), limits);
    commands.run("SADD", "s", "a", "b", "c", "d", "e", "f", "g");
    commands.run("RPUSH", "l", ...ELEMENTS);
    return commands;
  }

  function floorOf({ clock, origin }: Keyspace) {
    return { clock: clock.next(), origin };
  }

  for (const [what, end] of [
    ["was emptied", (commands: CommandRunner) => commands.run("LPOP", "l", 5000)],
    ["expired", (commands: CommandRunner) => commands.run("PEXPIRE", "l", 10)],
  ] as const) {
    it(`gives up one that ${what} without a look at what it holds, to be freed in slices`, () => {
      const commands = largeList();
      const { keyspace } = commands;
      end(commands);
      keyspace.tick(START_MS + 20);
      expect(collectSlot(keyspace, limits, slot, floorOf(keyspace))).to.equal(1);
      const { lists } = keyspace.database;
      expect(lists.queuedBlocks).to.be.above(10);
      openKey(keyspace, "l");
      expect(keyspace.ghost).to.equal(NOWHERE);
      expect(mayHaveRemains(keyspace, slot)).to.equal(false);
      while (keyspace.releaseSlice(10) > 0);
      expect([lists.queuedBlocks, lists.rowBytes]).to.deep.equal([0, 0]);
    });
  }

  it("leaves of one the marks that are newer, where they are, and those elements that nobody removed", () => {
    const commands = largeList();
    const { keyspace } = commands;
    commands.run("LTRIM", "l", 0, 999);
    commands.run("LPOP", "l", 500);
    const floor = floorOf(keyspace);
    commands.run("RPOP", "l", 100);
    expect(collectSlot(keyspace, limits, slot, floor)).to.equal(1 + 5000);
    expect(entriesOf(keyspace, "l").length).to.equal(500);
    expect(commands.run("LLEN", "l")).to.equal("400");
    expect(commands.run("LRANGE", "l", 0, 2)).to.equal('["500" "501" "502"]');
    expect(mayHaveRemains(keyspace, slot)).to.equal(true);
    commands.run("LPOP", "l", 400);
    expect(collectSlot(keyspace, limits, slot, floorOf(keyspace))).to.equal(1);
    expect(entriesOf(keyspace, "l")).to.deep.equal([]);
    expect(mayHaveRemains(keyspace, slot)).to.equal(false);
  });
});

describe("the collection of a large set", () => {
  const MEMBERS = Array.from({ length: 5000 }, (_, member) => member);
  const slot = slotOfKey("s");

  function largeSet(): CommandRunner {
    const commands = new CommandRunner(smallKeyspace({ keepTombstones: true }), SMALL_LIMITS);
    commands.run("SADD", "s", ...MEMBERS);
    return commands;
  }

  /** A floor above all that happened, at which the slot is not collected yet. */
  function floorOf({ clock, origin }: Keyspace) {
    return { clock: clock.next(), origin };
  }

  for (const [what, end] of [
    ["was emptied", (commands: CommandRunner) => commands.run("SREM", "s", ...MEMBERS)],
    ["expired", (commands: CommandRunner) => commands.run("PEXPIRE", "s", 10)],
  ] as const) {
    it(`gives up one that ${what} without a look at what it holds, to be freed in slices`, () => {
      const commands = largeSet();
      const { keyspace } = commands;
      end(commands);
      keyspace.tick(START_MS + 20);
      const steps = countTableSteps(keyspace);
      expect(collectSlot(keyspace, SMALL_LIMITS, slot, floorOf(keyspace))).to.equal(1);
      expect(steps()).to.equal(0);
      expect(keyspace.database.fields.queuedEntries).to.equal(5000);
      openKey(keyspace, "s");
      expect(keyspace.ghost).to.equal(NOWHERE);
      expect(mayHaveRemains(keyspace, slot)).to.equal(false);
    });
  }

  it("leaves of one that was emptied the marks that are newer, where they are, and tells how much it walked", () => {
    const commands = largeSet();
    const { keyspace } = commands;
    commands.run("SREM", "s", ...MEMBERS.slice(1));
    const floor = floorOf(keyspace);
    commands.run("SREM", "s", 0);
    expect(collectSlot(keyspace, SMALL_LIMITS, slot, floor)).to.equal(1 + 5000);
    expect(entriesOf(keyspace, "s").map(([member]) => member)).to.deep.equal(["0"]);
    expect(keyspace.database.fields.queuedEntries).to.equal(0);
    expect(mayHaveRemains(keyspace, slot)).to.equal(true);
    expect(collectSlot(keyspace, SMALL_LIMITS, slot, floorOf(keyspace))).to.equal(1);
    expect(entriesOf(keyspace, "s")).to.deep.equal([]);
    expect(mayHaveRemains(keyspace, slot)).to.equal(false);
  });
});
