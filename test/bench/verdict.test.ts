import { expect } from "chai";
import { type GoalId, goals } from "../../bench/goals.js";
import type { Measurement } from "../../bench/measurement.js";
import { type Outcome, verdictsOf, worst } from "../../bench/verdict.js";

function measured(goal: GoalId, ours: readonly number[], rival: readonly number[]): Measurement {
  const about = { id: "x", label: "x", figure: "x", unit: "count", sample: "" } as const;
  return { ...about, goal, ours, rival };
}

function outcome(goal: GoalId, ours: readonly number[], rival: readonly number[] = []): Outcome | undefined {
  return verdictsOf([measured(goal, ours, rival)])[0]?.outcome;
}

describe("verdicts", () => {
  it("count a figure exactly on its mark as reached, whichever way is better", () => {
    expect(outcome("cpu-p1", [105], [100])).to.equal("aim");
    expect(outcome("cpu-p1", [115], [100])).to.equal("must");
    expect(outcome("cpu-p1", [116], [100])).to.equal("miss");
    expect(outcome("rate-p64-d3", [140], [100])).to.equal("aim");
    expect(outcome("rate-p64-d3", [120], [100])).to.equal("must");
    expect(outcome("rate-p64-d3", [119], [100])).to.equal("miss");
  });

  it("judge the median of the ratios, not the ratio of the medians", () => {
    // The medians are 100 and 100; round by round we were at half speed twice.
    expect(outcome("rate-p16-d3", [50, 100, 300], [100, 200, 100])).to.equal("miss");
  });

  it("judge our own figure where the goal is absolute, with or without a rival", () => {
    expect(outcome("stall", [9, 30, 10])).to.equal("aim");
    expect(outcome("stall", [25, 25, 400], [1, 1, 1])).to.equal("must");
    expect(outcome("bytes-d3", [86])).to.equal("miss");
  });

  it("leave a ratio unjudged where there is no rival or nothing to divide by", () => {
    expect(outcome("rate-p16-d3", [100])).to.equal("unjudged");
    expect(outcome("crowd-p99", [0], [0])).to.equal("unjudged");
  });

  it("cannot miss where only an aim is set", () => {
    expect(outcome("crowd-p99", [9], [1])).to.equal("must");
    expect(outcome("crowd-p99", [1], [1])).to.equal("aim");
  });

  it("are given only where something was measured for a goal", () => {
    expect(verdictsOf([{ ...measured("stall", [1], []), goal: undefined }])).to.deep.equal([]);
  });

  it("let the worst of its measurements decide a goal", () => {
    const two = [measured("stall", [9], []), measured("stall", [24], [])];
    expect(verdictsOf(two).map((verdict) => verdict.outcome)).to.deep.equal(["must"]);
    expect(worst(["aim", "must", "miss", "unjudged"])).to.equal("miss");
    expect(worst(["aim", "unjudged", "must"])).to.equal("unjudged");
    expect(worst(["aim", "aim"])).to.equal("aim");
    expect(worst([])).to.equal("unjudged");
  });

  it("rest on goals whose aim is at least as hard as their must", () => {
    for (const { id, better, must, aim } of goals) {
      if (must === undefined) continue;
      expect(better === "lower" ? aim <= must : aim >= must, id).to.equal(true);
    }
  });
});
