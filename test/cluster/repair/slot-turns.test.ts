import { expect } from "chai";
import { SlotSet } from "#torus/cluster/slot-set.js";
import { dumpedStates } from "../../support/dumped-states.js";
import { contentsOf, expectSoundCounts } from "../../support/keyspace-contents.js";
import type { Step } from "../../support/recorded-keyspace.js";
import { settleTime, slotOfKey, twoOwners } from "../../support/repair-owners.js";
import { KEYS } from "../../support/writing-commands.js";

const SLOTS = [...new Set(KEYS.map(slotOfKey)), 0];

describe("a node that others collected without", () => {
  it("tells all of a slot, though two owners repair it at a time", async () => {
    const hset = (key: string, field: string): Step => ({
      pauseMs: 1,
      database: 0,
      commands: [["hset", key, field, "v"]],
    });
    for (let apartMs = 0; apartMs < 12; apartMs++) {
      const { world, a, b } = await twoOwners();
      b.perform(KEYS.map((key) => hset(key, "f")));
      settleTime(a, b);
      a.perform(KEYS.map((key) => hset(key, "g")));
      settleTime(a, b);
      for (const key of KEYS) b.recorded.collect(key, null);
      const contents = contentsOf(b.keyspace, KEYS);
      // Remains were collected without a, as both know.
      const slots = new SlotSet(SLOTS);
      a.isWhole = false;
      a.leftOut = { mine: slots, theirs: null };
      b.leftOut = { mine: null, theirs: slots };
      // As if there were a third owner, which has what b has.
      const first = a.repair(SLOTS).run();
      await world.advance(apartMs);
      const second = a.repair(SLOTS).run();
      await world.complete(Promise.all([first, second]));
      expect(contentsOf(a.keyspace, KEYS)).to.deep.equal(contents);
      const [ofA, ofB] = [dumpedStates(a.keyspace), dumpedStates(b.keyspace)];
      for (const slot of SLOTS) expect(ofA(slot)).to.equal(ofB(slot));
      for (const { keyspace } of [a, b]) expectSoundCounts(keyspace, KEYS);
    }
  });
});
