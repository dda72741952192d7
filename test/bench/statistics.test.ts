import { expect } from "chai";
import fc from "fast-check";
import { AssertionError } from "#torus/base/assert.js";
import { median, medianInterval, percentile, ratios, summarize } from "../../bench/statistics.js";

describe("bench statistics", () => {
  it("take the middle value, or the mean of the two middle ones", () => {
    expect(median([3])).to.equal(3);
    expect(median([9, 1, 5])).to.equal(5);
    expect(median([10, 1, 2, 4])).to.equal(3);
  });

  it("refuse to sum up nothing", () => {
    expect(() => median([])).to.throw(AssertionError);
    expect(() => percentile([], 50)).to.throw(AssertionError);
  });

  it("give the nearest rank for a percentile", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect([1, 50, 99, 99.5, 100].map((percent) => percentile(hundred, percent))).to.deep.equal([
      1, 50, 99, 100, 100,
    ]);
    expect(percentile([7], 99)).to.equal(7);
  });

  it("say between which values a median lies for 95 % certain, from six on", () => {
    const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => count - index);
    expect(medianInterval([])).to.equal(undefined);
    expect(medianInterval(upTo(5))).to.equal(undefined);
    expect(medianInterval(upTo(6))).to.deep.equal([1, 6]);
    // The ranks of the sign test's table.
    expect(medianInterval(upTo(12))).to.deep.equal([3, 10]);
    expect(medianInterval(upTo(20))).to.deep.equal([6, 15]);
  });

  it("never change the order of the rounds they are given", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 1 }), (values) => {
        const before = [...values];
        summarize(values);
        expect(values).to.deep.equal(before);
      }),
    );
  });

  it("compare round with round, and refuse a round with one side only", () => {
    expect(ratios([2, 9], [4, 3])).to.deep.equal([0.5, 3]);
    expect(() => ratios([1, 2], [1])).to.throw(AssertionError);
  });
});
