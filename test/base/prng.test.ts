import { expect } from "chai";
import fc from "fast-check";
import { AssertionError } from "#torus/base/assert.js";
import { Prng } from "#torus/base/prng.js";

const draw = (prng: Prng, count: number) => Array.from({ length: count }, () => prng.uint32());

describe("the random generator", () => {
  it("gives the numbers of the published xoshiro128**", () => {
    expect(draw(Prng.fromState([1, 2, 3, 4]), 10)).to.deep.equal([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it("repeats itself for the same seed and differs for another", () => {
    expect(draw(new Prng(7), 5)).to.deep.equal(draw(new Prng("7"), 5));
    expect(draw(new Prng(7), 5)).to.not.deep.equal(draw(new Prng(8), 5));
  });

  it("forks by label alone, whatever was drawn before", () => {
    const parent = new Prng(1);
    const early = draw(parent.fork("a"), 5);
    parent.uint32();
    expect(draw(parent.fork("a"), 5)).to.deep.equal(early);
    expect(draw(parent.fork("b"), 5)).to.not.deep.equal(early);
    expect(draw(new Prng(2).fork("a"), 5)).to.not.deep.equal(early);
  });

  it("draws whole numbers below any limit", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, limit) => {
        const drawn = new Prng(seed).below(limit);
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < limit).to.equal(true);
      }),
    );
    for (const limit of [0, -1, 1.5, 2 ** 32 + 1]) {
      expect(() => new Prng(1).below(limit)).to.throw(AssertionError);
    }
  });

  it("favours no number, even where the limit does not divide 2^32", () => {
    // With 3 * 2^30, plain remainders would fall below 2^30 half of the time instead of a third.
    const prng = new Prng(1);
    const count = 30_000;
    let low = 0;
    for (let drawn = 0; drawn < count; drawn++) if (prng.below(3 * 2 ** 30) < 2 ** 30) low++;
    expect(low / count).to.be.closeTo(1 / 3, 0.01);
  });

  it("draws fractions evenly from 0 to below 1", () => {
    const prng = new Prng(1);
    const tenths = new Array<number>(10).fill(0);
    for (let drawn = 0; drawn < 100_000; drawn++) tenths[Math.floor(prng.float() * 10)]!++;
    expect(tenths).to.have.length(10);
    for (const share of tenths) expect(share).to.be.closeTo(10_000, 400);
  });

  it("takes a chance never at 0, always at 1 and in proportion between", () => {
    const prng = new Prng(1);
    const hits = (probability: number) =>
      Array.from({ length: 10_000 }, () => prng.chance(probability)).filter(Boolean).length;
    expect(hits(0)).to.equal(0);
    expect(hits(1)).to.equal(10_000);
    expect(hits(0.25)).to.be.closeTo(2500, 200);
  });

  it("shuffles into every order alike", () => {
    const prng = new Prng(1);
    const countByOrder = new Map<string, number>();
    for (let round = 0; round < 6000; round++) {
      const order = prng.shuffle([1, 2, 3]).join();
      countByOrder.set(order, (countByOrder.get(order) ?? 0) + 1);
    }
    expect(countByOrder.size).to.equal(6);
    for (const count of countByOrder.values()) expect(count).to.be.closeTo(1000, 150);
  });

  it("picks among the items given, and refuses to pick from none", () => {
    const prng = new Prng(1);
    const picked = new Set(Array.from({ length: 100 }, () => prng.pick(["a", "b", "c"])));
    expect([...picked].sort()).to.deep.equal(["a", "b", "c"]);
    expect(() => prng.pick([])).to.throw(AssertionError);
  });

  it("gives bytes of the whole range", () => {
    const bytes = new Prng(1).bytes(10_000);
    expect(bytes).to.have.length(10_000);
    expect(new Set(bytes).size).to.equal(256);
  });
});
