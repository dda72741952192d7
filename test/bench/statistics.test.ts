import { expect } from "chai";
import fc from "fast-check";
import { AssertionError } from "#torus/base/assert.js";
import { median, percentile, ratios, summarize } from "../../bench/statistics.js";

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
