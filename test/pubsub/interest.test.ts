import { expect } from "chai";
import { Interest } from "#torus/pubsub/interest.js";

function receiversOf(interest: Interest, kind: "channel" | "shard", channel: string): [number, number][] {
  const receivers = new Map<number, number>();
  interest.receivers(kind, channel, Buffer.from(channel), receivers);
  return [...receivers].sort();
}

describe("the interest of other nodes", () => {
  it("says who gets what is published, and how many they are for", () => {
    const interest = new Interest();
    interest.set(1, { kind: "channel", name: "a", count: 2 });
    interest.set(2, { kind: "pattern", name: "a*", count: 3 });
    interest.set(1, { kind: "pattern", name: "*", count: 1 });
    interest.set(3, { kind: "shard", name: "a", count: 4 });
    expect(receiversOf(interest, "channel", "a")).to.deep.equal([
      [1, 3],
      [2, 3],
    ]);
    expect(receiversOf(interest, "channel", "b")).to.deep.equal([[1, 1]]);
    expect(receiversOf(interest, "shard", "a")).to.deep.equal([[3, 4]]);
    expect(receiversOf(interest, "shard", "b")).to.deep.equal([]);
  });

  it("of a node that wants more than it tells is everything, of which nobody knows how many want it", () => {
    const interest = new Interest();
    expect(interest.isSilent("shard")).to.equal(true);
    interest.setAll(1, true);
    expect(interest.isSilent("shard")).to.equal(false);
    interest.set(2, { kind: "channel", name: "a", count: 1 });
    expect(receiversOf(interest, "channel", "a")).to.deep.equal([
      [1, 0],
      [2, 1],
    ]);
    interest.setAll(1, false);
    expect(receiversOf(interest, "channel", "b")).to.deep.equal([]);
  });

  it("of a node is forgotten but for what is kept, and that of others stays", () => {
    const interest = new Interest();
    for (const node of [1, 2]) {
      for (const name of ["a", "b"]) interest.set(node, { kind: "channel", name, count: 1 });
    }
    interest.forget(1, (_, name) => name === "b");
    expect(receiversOf(interest, "channel", "a")).to.deep.equal([[2, 1]]);
    expect(receiversOf(interest, "channel", "b")).to.have.length(2);
    interest.forget(1);
    interest.forget(2);
    expect(interest.isSilent("channel")).to.equal(true);
    expect([...interest.names("channel")]).to.deep.equal([]);
  });

  it("in an empty name is told by the empty pattern alone", () => {
    const interest = new Interest();
    interest.set(1, { kind: "pattern", name: "*", count: 1 });
    interest.set(2, { kind: "pattern", name: "", count: 1 });
    expect(receiversOf(interest, "channel", "")).to.deep.equal([[2, 1]]);
  });

  it("is over when the last one that wants a name wants it no longer", () => {
    const interest = new Interest();
    interest.set(1, { kind: "pattern", name: "p", count: 1 });
    interest.set(1, { kind: "pattern", name: "p", count: 0 });
    interest.set(1, { kind: "pattern", name: "never", count: 0 });
    expect(interest.isSilent("channel")).to.equal(true);
  });
});
