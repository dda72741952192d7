import { expect } from "chai";
import fc from "fast-check";
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { SlotRoutes } from "#torus/cluster/slot-routes.js";
import { Call } from "#torus/commands/call.js";
import { cursorOf, readPosition, slotOfCursor } from "#torus/commands/scan-cursor.js";
import { makeConfig } from "#torus/config/config.js";
import { ConfigStore } from "#torus/config/config-store.js";
import { ReplyWriter } from "#torus/protocol/reply-writer.js";
import { smallKeyspace } from "../support/small-keyspace.js";

function callOf(seed: number, isInCluster: boolean): Call {
  const call = new Call({
    keyspace: smallKeyspace({ seed }),
    config: new ConfigStore(makeConfig({})),
    reply: new ReplyWriter(),
    random: () => 4,
  });
  if (isInCluster) call.routes = new SlotRoutes();
  return call;
}

function give(call: Call, cursor: number): Call {
  call.bytes = Buffer.from(`SCAN${cursor}`);
  call.marks = Int32Array.of(0, 4, 4, call.bytes.length);
  call.count = 2;
  return call;
}

const positions = fc.record({
  slot: fc.integer({ min: 0, max: SLOT_COUNT - 1 }),
  hash: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});

describe("SCAN's cursor", () => {
  it("says slot and hash as they are on a node that is in no cluster", () => {
    const call = callOf(1, false);
    fc.assert(
      fc.property(positions, (position) => {
        const cursor = cursorOf(call, position);
        expect(cursor).to.equal(position.slot * 2 ** 32 + position.hash);
        expect(readPosition(give(call, cursor), 1)).to.deep.equal(position);
      }),
    );
  });

  it("in a cluster says the slot to all, and a place in it, at most 255 before, to who has the same seed", () => {
    const [ours, same, other] = [callOf(1, true), callOf(1, true), callOf(2, true)];
    fc.assert(
      fc.property(positions, ({ slot, hash }) => {
        const cursor = cursorOf(ours, { slot, hash });
        expect(cursor).to.be.below(2 ** 53);
        const read = readPosition(give(same, cursor), 1);
        expect(read.slot).to.equal(slot);
        expect(hash - read.hash).to.be.within(0, 255);
        expect(readPosition(give(other, cursor), 1)).to.deep.equal({ slot, hash: 0 });
        expect(slotOfCursor(give(other, cursor), 1)).to.equal(slot);
      }),
    );
  });

  it("is 0 behind the last slot, and leads there if it is none of ours", () => {
    for (const isInCluster of [false, true]) {
      const call = callOf(1, isInCluster);
      expect(cursorOf(call, { slot: SLOT_COUNT, hash: 0 })).to.equal(0);
      const { slot } = readPosition(give(call, 2 ** 53), 1);
      expect(slot).to.be.at.least(SLOT_COUNT);
    }
  });
});
