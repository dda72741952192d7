import { expect } from "chai";
import {
  OwnReadiness,
  type Readiness,
  readinessDigests,
  readinessOf,
} from "#torus/cluster/primaries/readiness.js";
import { memberOf } from "../../support/fake-cluster.js";

describe("whether a node has caught up", () => {
  let readiness: OwnReadiness;
  beforeEach(() => {
    readiness = new OwnReadiness();
  });

  /** Looks every 50 ms for so long; answers when there was news. */
  function lookFor(ms: number, isLacking: (atMs: number) => boolean, fromMs = 0): number[] {
    const news: number[] = [];
    for (let atMs = fromMs; atMs < fromMs + ms; atMs += 50) {
      if (readiness.look(isLacking(atMs), atMs)) news.push(atMs);
    }
    return news;
  }

  it("is told by gossip as it is", () => {
    for (const each of ["apart", "behind", "ready"] satisfies Readiness[]) {
      const { record } = memberOf("a".repeat(32), { digests: readinessDigests(each) });
      expect(readinessOf(record)).to.equal(each);
    }
    expect(readinessOf(undefined)).to.equal("apart");
  });

  it("is for others to say first: who is apart is not behind, whatever it lacks", () => {
    expect(lookFor(5000, () => true)).to.deep.equal([]);
    expect(readiness.now).to.equal("apart");
    expect(readiness.set("ready")).to.equal(true);
    expect(readiness.set("ready"), "no news").to.equal(false);
    expect(readiness.now).to.equal("ready");
  });

  it("is taken back when something is missing for half a second, and said again when that is over for as long", () => {
    readiness.set("ready");
    const isLacking = (atMs: number) => atMs >= 1000 && atMs < 3000;
    expect(lookFor(2000, isLacking)).to.deep.equal([1500]);
    expect(readiness.now).to.equal("behind");
    expect(lookFor(2000, isLacking, 2000)).to.deep.equal([3500]);
    expect(readiness.now).to.equal("ready");
  });

  it("does not change with what comes and goes", () => {
    readiness.set("ready");
    expect(lookFor(10_000, (atMs) => atMs % 500 < 400)).to.deep.equal([]);
    expect(readiness.now).to.equal("ready");
    lookFor(1000, () => true, 10_000);
    expect(readiness.now).to.equal("behind");
    expect(lookFor(10_000, (atMs) => atMs % 500 < 100, 11_000)).to.deep.equal([]);
    expect(readiness.now).to.equal("behind");
  });

  it("begins anew when the node gives up its slots", () => {
    readiness.set("ready");
    lookFor(400, () => true);
    expect(readiness.set("apart")).to.equal(true);
    readiness.set("ready");
    expect(readiness.look(true, 450), "the half second begins anew, too").to.equal(false);
    expect(readiness.look(true, 900)).to.equal(false);
    expect(readiness.look(true, 950)).to.equal(true);
  });
});
