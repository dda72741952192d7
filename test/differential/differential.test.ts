import { expect } from "chai";
import { needsRedis, startRedis } from "../support/redis-server.js";
import { REFERENCE_VERSION, type Target } from "../support/target.js";
import { startTorus } from "../support/torus-node.js";
import { COMPARABLE } from "./comparable.js";
import { duel } from "./duel.js";
import { groups } from "./groups/index.js";
import { keys } from "./groups/keys.js";
import { makeProgram } from "./program.js";
import { describeDisagreement } from "./report.js";
import { shrink } from "./shrink.js";

/** Enough to meet every phrase of a group many times, few enough for every run of the tests. */
const SEEDS = 60;

describe("random commands", () => {
  let reference: Target;
  let subject: Target;

  before(async function () {
    await needsRedis(this, REFERENCE_VERSION);
    reference = await startRedis(COMPARABLE);
    subject = await startTorus(COMPARABLE);
  });
  after(() => Promise.all([reference?.close(), subject?.close()]));

  for (const group of groups) {
    it(`of the group ${group.name} are answered alike`, async function () {
      // Redis looks ten times a second for commands that have waited long enough.
      this.timeout(90_000);
      for (let seed = 1; seed <= SEEDS; seed++) {
        const found = await duel(makeProgram(group, seed), subject, reference);
        if (found === undefined) continue;
        const shrunk = await shrink(found, subject, reference);
        throw new Error(describeDisagreement(shrunk, subject, reference));
      }
    });
  }

  it("show a difference between two servers, reduced to the commands that it takes", async () => {
    const smaller = await startRedis({ ...COMPARABLE, databases: 2 });
    try {
      const found = await duel(makeProgram(keys, 1), smaller, reference);
      const shrunk = await shrink(found!, smaller, reference);
      expect(shrunk.program.turns.map((turn) => turn.commands)).to.deep.equal([[shrunk.command]]);
      expect(shrunk.left).to.equal('-"ERR DB index is out of range"');
    } finally {
      await smaller.close();
    }
  });
});
