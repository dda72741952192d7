import { expect } from "chai";
import { pause } from "#torus/host/timers.js";
import { ManualTime } from "../durability/manual-time.js";

describe("a pause", () => {
  it("is over when its time is, and not before", async () => {
    const time = new ManualTime();
    let isOver = false;
    const paused = pause(time, 100).then(() => {
      isOver = true;
    });
    await time.pass(99);
    expect(isOver).to.equal(false);
    await time.pass(1);
    await paused;
    expect(isOver).to.equal(true);
  });
});
