import { expect } from "chai";
import { LoopLag } from "#torus/admin/loop-lag.js";

describe("the lag of the event loop", () => {
  /** A loop that comes to each timer as late as the test says. */
  function loopOf() {
    let nowMs = 0;
    let planned: { dueMs: number; fire: () => void } | undefined;
    const timers = {
      after(delayMs: number, fire: () => void) {
        const mine = { dueMs: nowMs + delayMs, fire };
        planned = mine;
        return () => {
          if (planned === mine) planned = undefined;
        };
      },
      afterTurn() {},
      every: () => () => {},
    };
    const lag = new LoopLag({ timers, clock: { wallMs: () => 0, monotonicMs: () => nowMs } });
    return {
      lag,
      fire(lateMs: number) {
        const { dueMs, fire } = planned!;
        nowMs = dueMs + lateMs;
        fire();
      },
      isPlanned: () => planned !== undefined,
    };
  }

  it("is how late each timer came, whatever the one before did", () => {
    const { lag, fire } = loopOf();
    lag.start();
    for (const lateMs of [0, 1.5, 250, 0]) fire(lateMs);
    expect([lag.histogram.count, lag.histogram.microseconds]).to.deep.equal([4, 251_500]);
  });

  it("is not looked at any more when nobody wants it", () => {
    const { lag, fire, isPlanned } = loopOf();
    lag.start();
    fire(0);
    lag.stop();
    expect(isPlanned()).to.equal(false);
  });
});
