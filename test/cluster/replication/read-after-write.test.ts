/** Reads at quorum of what the reader itself has just executed, while that is on its way to the others. */
import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import type { Service } from "#torus/cluster/peer-server.js";
import { OwnerGroups, SELF } from "#torus/cluster/primaries/owner-groups.js";
import { ReadConfirmation } from "#torus/cluster/replication/read-confirmation.js";
import { READ_REPAIR_SERVICE, READS_SERVICE } from "#torus/cluster/replication/read-messages.js";
import { SMALL_LIMITS } from "../../support/hash-fields.js";
import { nodeIdOf } from "../../support/sim-peers.js";
import { SimReplica } from "../../support/sim-replica.js";
import { slotGroups } from "../../support/slot-groups.js";
import { worldOf } from "../../support/world.js";
import { slot } from "./owners.js";

const NAMES = ["a", "b", "c"];

async function replicas() {
  const world = worldOf(1);
  const nodes: { replica: SimReplica; reads: ReadConfirmation }[] = [];
  for (const name of NAMES) {
    const answer =
      (service: string): Service =>
      (body, from) =>
        node.reads.services.get(service)!(body, from);
    const services = new Map([READS_SERVICE, READ_REPAIR_SERVICE].map((name) => [name, answer(name)]));
    const replica = await SimReplica.start(world, name, { services });
    const seed = new Prng("the cluster's");
    replica.keyspace.reseed(() => seed.uint32());
    const node = { replica, reads: readsOf(replica) };
    nodes.push(node);
  }
  const [a, b, c] = nodes;
  a!.replica.shipTo(["b", "c"]);
  await world.advance(100);
  return { world, a: a!, b: b!, c: c! };
}

function readsOf({
  name,
  host,
  keyspace,
  persistence,
  shipping,
  peers: { peers },
}: SimReplica): ReadConfirmation {
  const numberOf = (other: string) => (other === name ? SELF : peers.numberOf(nodeIdOf(other)));
  return new ReadConfirmation({
    peers,
    groups: () => new OwnerGroups({ grouped: slotGroups(() => NAMES), phase: null, numberOf }),
    idOf: (number) => peers.idOf(number),
    isAlive: () => true,
    keyspace,
    limits: () => SMALL_LIMITS,
    clock: host.clock,
    timers: host.timers,
    checksum: host.checksum,
    log: host.log,
    persistence,
    mayTouch: () => true,
    flush: () => shipping.flushNow(),
    changed() {},
  });
}

describe("a quorum read of what was just written", () => {
  it("finds no difference, for what was written leaves before the question", async () => {
    const { world, a } = await replicas();
    const { counters } = a.reads;
    for (let i = 0; i < 50; i++) {
      const write = () => a.replica.execute(["set", "k", `${i}`], ["hset", "h", `f${i % 7}`, "v".repeat(i)]);
      if (i % 2 === 0) write();
      const reads = ["k", "h"].map((key) => a.reads.confirmRead(slot(key), 0, Buffer.from(key), 1000));
      // The same if it is executed last of all that a turn brings: keys are digested when that is over.
      if (i % 2 === 1) write();
      expect(await world.complete(Promise.all(reads))).to.deep.equal(["confirmed", "confirmed"]);
    }
    expect(counters.differing).to.equal(0);
    expect(counters).to.include({ confirmed: 100, failed: 0, recordsPulled: 0, recordsPushed: 0 });
  });

  it("is brought to the others where shipping is held up", async () => {
    const { world, a, b, c } = await replicas();
    a.replica.shipTo([]);
    a.replica.execute(["set", "k", "v"]);
    const read = a.reads.confirmRead(slot("k"), 0, Buffer.from("k"), 1000);
    expect(await world.complete(read)).to.equal("confirmed");
    expect([b, c].map(({ replica }) => replica.ask("get", "k"))).to.include('"v"');
    // It was received there, and is in no stream of theirs.
    expect(b.replica.persistence.stream.localPosition).to.equal(0);
    expect(a.reads.counters.recordsPushed).to.be.above(0);
  });
});
