import { expect } from "chai";
import { slotCount, slotRanges } from "#torus/cluster/slot-ranges.js";
import { ANNA, BERT, FakeCluster } from "../support/fake-cluster.js";

describe("slot ranges", () => {
  it("are none while nobody executes anything", () => {
    const { all, byNode } = slotRanges(new FakeCluster(ANNA, []));
    expect([all, byNode.size]).to.deep.equal([[], 0]);
  });

  it("cover the first slot and the last, and leave out slots that nobody executes", () => {
    const cluster = new FakeCluster(ANNA, []);
    cluster.assign(0, 16383, ANNA);
    cluster.assign(16383, 16383, BERT);
    cluster.assign(100, 199, undefined);
    cluster.assign(150, 150, BERT);
    const { all, byNode } = slotRanges(cluster);
    expect(all).to.deep.equal([
      { first: 0, last: 99, nodeId: ANNA },
      { first: 150, last: 150, nodeId: BERT },
      { first: 200, last: 16382, nodeId: ANNA },
      { first: 16383, last: 16383, nodeId: BERT },
    ]);
    expect(slotCount(byNode.get(ANNA))).to.equal(16383 - 100);
    expect(slotCount(byNode.get(BERT))).to.equal(2);
    expect(slotCount(byNode.get("nobody"))).to.equal(0);
  });

  it("are computed once for each change of routes, and for each cluster by itself", () => {
    const [one, other] = [new FakeCluster(ANNA, []), new FakeCluster(BERT, [])];
    one.assign(0, 9, ANNA);
    other.assign(0, 9, BERT);
    const before = slotRanges(one);
    expect(slotRanges(one)).to.equal(before);
    expect(slotRanges(other).all[0]!.nodeId).to.equal(BERT);
    one.assign(5, 9, BERT);
    expect(slotRanges(one).all).to.have.length(2);
  });
});
