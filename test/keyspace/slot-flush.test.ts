import { expect } from "chai";
import { slotOf } from "#torus/base/key-hash.js";
import { flushDatabase } from "#torus/keyspace/slot-flush.js";
import { SimReplica } from "../support/sim-replica.js";
import { worldOf } from "../support/world.js";

const KEYS = ["a", "b", "c", "d", "e"];

describe("FLUSHDB where other nodes execute for some slots", () => {
  it("ends what lies in this node's own slots, and tells other owners of nothing else", async () => {
    const world = worldOf("flush");
    const [one, other] = [await SimReplica.start(world, "a"), await SimReplica.start(world, "b")];
    one.shipTo(["b"]);
    await world.advance(50);
    for (const key of KEYS) one.execute(["set", key, "before"]);
    one.keyspace.hideSlot(slotOf(Buffer.from("c"), 0, 1), true);
    await world.advance(50);
    flushDatabase(one.keyspace, 0);
    one.keyspace.journal?.ended();
    await world.advance(50);
    expect(one.keyspace.databases[0]!.size).to.equal(0);
    one.keyspace.hideSlot(slotOf(Buffer.from("c"), 0, 1), false);
    expect(one.ask("get", "c")).to.contain("before");
    expect(other.ask("get", "c")).to.contain("before");
    for (const key of ["b", "d", "e"]) expect(other.ask("exists", key)).to.contain("0");
  });
});
