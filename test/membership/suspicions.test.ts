import { expect } from "chai";
import { presets } from "#torus/membership/presets.js";
import { Suspicions, suspicionMinMs } from "#torus/membership/suspicions.js";

describe("suspicions", () => {
  const timings = presets.lan;

  function suspicionOf(members: number): Suspicions {
    const suspicions = new Suspicions(timings);
    suspicions.begin("x", { members, nowMs: 1000 });
    suspicions.accuse("x", "a");
    return suspicions;
  }

  it("last longer in a larger cluster, as news takes longer there and back", () => {
    expect([2, 3, 5, 10, 100, 1000].map((members) => suspicionMinMs(members, timings))).to.deep.equal([
      1200, 1400, 1600, 1800, 2400, 3000,
    ]);
  });

  it("last six times as long until others confirm them, and shrink with each that does", () => {
    const suspicions = suspicionOf(100);
    const lasts = () => Math.round(suspicions.nextMs() - 1000);
    expect(lasts()).to.equal(6 * 2400);
    const lengths = ["b", "c", "d"].map((accuser) => {
      expect(suspicions.accuse("x", accuser)).to.equal(true);
      return lasts();
    });
    expect(lengths).to.deep.equal([8400, 4890, 2400]);
    expect(suspicions.accuse("x", "e")).to.equal(false);
    expect(suspicions.accusersOf("x")).to.deep.equal(["a", "b", "c", "d"]);
  });

  it("count an accuser once, and never the suspect", () => {
    const suspicions = suspicionOf(100);
    expect(suspicions.accuse("x", "a")).to.equal(false);
    expect(suspicions.accuse("x", "x")).to.equal(false);
    expect(suspicions.accuse("y", "a")).to.equal(false);
    expect(suspicions.accusersOf("x")).to.deep.equal(["a"]);
  });

  it("do not wait for confirmations that nobody is there to give", () => {
    expect(suspicionOf(2).nextMs()).to.equal(1000 + 1200);
    const three = suspicionOf(3);
    expect(three.nextMs()).to.equal(1000 + 6 * 1400);
    three.accuse("x", "b");
    expect(three.nextMs()).to.equal(1000 + 1400);
  });

  it("last no longer than the suspect needs to answer where the evidence is strong", () => {
    const suspicions = suspicionOf(100);
    suspicions.hasten("x");
    suspicions.accuse("x", "b");
    expect(suspicions.nextMs()).to.equal(1000 + 400);
  });

  it("run out one by one, unless they are ended", () => {
    const suspicions = new Suspicions(timings);
    for (const [at, id] of ["x", "y", "z"].entries()) suspicions.begin(id, { members: 2, nowMs: at * 100 });
    suspicions.end("y");
    expect(suspicions.nextMs()).to.equal(1200);
    expect(suspicions.due(1199)).to.deep.equal([]);
    expect(suspicions.due(1200)).to.deep.equal(["x"]);
    expect(suspicions.due(1400)).to.deep.equal(["x", "z"]);
    suspicions.end("x");
    suspicions.end("z");
    expect(suspicions.nextMs()).to.equal(Number.POSITIVE_INFINITY);
  });

  it("are put off by time in which nothing could be heard", () => {
    const suspicions = suspicionOf(3);
    suspicions.postpone(500);
    suspicions.accuse("x", "b");
    expect(suspicions.nextMs()).to.equal(1000 + 1400 + 500);
  });
});
