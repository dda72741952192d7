import { expect } from "chai";
import { isAhead, middleOffset } from "#torus/cluster/clock-offsets.js";

describe("a clock among others", () => {
  const HOUR = 3_600_000;

  it("is judged by the middle one of all, its own included", () => {
    expect(middleOffset([])).to.equal(0);
    expect(middleOffset([-HOUR])).to.equal(0);
    expect(middleOffset([HOUR])).to.equal(HOUR);
    expect(middleOffset([-HOUR, -HOUR + 5])).to.equal(-HOUR + 5);
    expect(middleOffset([-HOUR, 5])).to.equal(0);
    expect(middleOffset([-HOUR, -HOUR, 3])).to.equal(0);
    expect(middleOffset([-HOUR, -HOUR, -HOUR, 3])).to.equal(-HOUR);
  });

  it("is ahead only if most are behind by more than clocks may differ", () => {
    expect(isAhead([-501, -501], 500)).to.equal(true);
    expect(isAhead([-501, -500], 500)).to.equal(false);
    expect(isAhead([-HOUR], 500)).to.equal(false);
    expect(isAhead([HOUR, HOUR], 500)).to.equal(false);
    expect(isAhead([-HOUR, -HOUR, 0, 0], 500)).to.equal(false);
  });
});
