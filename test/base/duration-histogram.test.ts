import { expect } from "chai";
import { DurationHistogram, durationBounds } from "#torus/base/duration-histogram.js";

describe("a histogram of durations", () => {
  function bucketOf(microseconds: number): number {
    const histogram = new DurationHistogram();
    histogram.note(microseconds);
    return histogram.counts.indexOf(1);
  }

  it("has a bucket for each power of two up to 16.8 seconds, and one for all that takes longer", () => {
    expect(durationBounds.slice(0, 4)).to.deep.equal([1, 2, 4, 8]);
    expect(durationBounds.at(-1)).to.equal(16_777_216);
    expect(new DurationHistogram().counts).to.have.length(durationBounds.length + 1);
  });

  it("puts a duration into the first bucket that it does not exceed", () => {
    for (const [bucket, bound] of durationBounds.entries()) {
      expect(bucketOf(bound), `${bound}`).to.equal(bucket);
      expect(bucketOf(bound + 0.001), `more than ${bound}`).to.equal(bucket + 1);
    }
    expect([0, 0.2, 1].map(bucketOf)).to.deep.equal([0, 0, 0]);
    expect(bucketOf(1e12)).to.equal(durationBounds.length);
  });

  it("counts a sample for all that it stands for", () => {
    const histogram = new DurationHistogram();
    histogram.note(3, 16);
    histogram.note(100);
    expect([...histogram.counts].filter((count) => count > 0)).to.deep.equal([16, 1]);
    expect([histogram.count, histogram.microseconds]).to.deep.equal([17, 148]);
    histogram.clear();
    expect(histogram).to.deep.equal(new DurationHistogram());
  });
});
