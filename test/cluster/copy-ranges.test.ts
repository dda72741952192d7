import { expect } from "chai";
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { copyRanges } from "#torus/cluster/copy-ranges.js";
import type { Placement } from "#torus/cluster/placement.js";
import { slotRanges } from "#torus/cluster/slot-ranges.js";
import { ANNA, BERT, CARL, FakeCluster } from "../support/fake-cluster.js";

const DORA = "d".repeat(32);

describe("ranges of slots with their copies", () => {
  it("are the ranges of their executors where there is one copy, whoever owns them", () => {
    const cluster = clusterOf({ copies: 1, hashSeed: null });
    const expected = slotRanges(cluster).all.map((range) => ({ ...range, replicas: [] }));
    expect(copyRanges(cluster)).to.deep.equal(expected);
    cluster.placement = undefined;
    expect(copyRanges(cluster)).to.deep.equal(expected);
  });

  it("have one executor each and the same further owners, and together are all slots that somebody executes", () => {
    const cluster = clusterOf();
    let next = 0;
    for (const { first, last, nodeId, replicas } of copyRanges(cluster)) {
      expect([first, last >= first]).to.deep.equal([next, true]);
      for (let slot = first; slot <= last; slot++) {
        expect(cluster.executorOf(slot)).to.equal(nodeId);
        expect(replicas.join()).to.equal(othersOf(cluster, slot));
      }
      next = last + 1;
      if (next === 100) next = 200;
    }
    expect(next).to.equal(SLOT_COUNT);
  });

  it("are computed once for each change of routes or of owners", () => {
    const cluster = clusterOf();
    const before = copyRanges(cluster);
    expect(copyRanges(cluster)).to.equal(before);
    cluster.assign(0, 0, BERT);
    expect(copyRanges(cluster)[0]).to.include({ first: 0, last: 0, nodeId: BERT });
    const routed = copyRanges(cluster);
    cluster.placement = { ...cluster.placement!, epoch: 8, copies: 2 };
    expect(copyRanges(cluster)).not.to.equal(routed);
    for (const { replicas } of copyRanges(cluster)) expect(replicas.length).to.be.within(1, 2);
  });
});

/** Four members; nobody executes slots 100 to 199. */
function clusterOf(
  founding: Pick<Placement, "copies" | "hashSeed"> = { copies: 3, hashSeed: "5".repeat(32) },
) {
  const cluster = new FakeCluster(ANNA, []);
  const members = [ANNA, BERT, CARL, DORA].map((id) => ({ id, weight: 1, zone: "", host: id }));
  cluster.placement = { epoch: 7, by: ANNA, members, gone: [], change: null, ...founding };
  cluster.assign(0, 9999, ANNA);
  cluster.assign(10_000, SLOT_COUNT - 1, BERT);
  cluster.assign(100, 199, undefined);
  return cluster;
}

function othersOf(cluster: FakeCluster, slot: number): string {
  const others = cluster.ownersOf(slot).filter((id) => id !== cluster.executorOf(slot));
  return [...others].sort().join();
}
