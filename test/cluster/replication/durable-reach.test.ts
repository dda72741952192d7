import { expect } from "chai";
import { DurableReach } from "#torus/cluster/replication/durable-reach.js";

describe("how far a received stream lasts", () => {
  it("is what the log had of it when it was as far as it lasts", () => {
    const reach = new DurableReach();
    expect(reach.position).to.equal(undefined);
    for (const [i, position] of [10, 25, 70].entries()) {
      reach.note({ position, isWhole: i > 0, logPosition: 1000 + position, nowMs: 100 * i });
    }
    const seen = [1009, 1010, 1024, 1025, 1069, 1070].map((durable) => {
      reach.reached(durable);
      return [reach.position, reach.isWhole];
    });
    expect(seen).to.deep.equal([
      [undefined, false],
      [10, false],
      [10, false],
      [25, true],
      [25, true],
      [70, true],
    ]);
  });

  it("is told a little late rather than too early, and takes no more memory for being asked rarely", () => {
    const reach = new DurableReach();
    for (let i = 1; i <= 100_000; i++) {
      reach.note({ position: i, isWhole: true, logPosition: i, nowMs: i });
      if (i < 20) reach.reached(i - 1);
      expect(reach.position).to.equal(undefined);
    }
    reach.reached(2000);
    expect(reach.position).to.be.within(1950, 2000);
    reach.reached(99_999);
    expect(reach.position).to.be.at.most(99_999);
    reach.reached(100_000);
    expect(reach.position).to.equal(100_000);
  });

  it("is not whole any more, nor what is still to last, once more is missing than was known", () => {
    const reach = new DurableReach();
    for (const position of [10, 20]) {
      reach.note({ position, isWhole: true, logPosition: position, nowMs: 10 * position });
    }
    reach.reached(10);
    reach.doubt();
    reach.note({ position: 20, isWhole: true, logPosition: 30, nowMs: 300 });
    const seen = [10, 20, 30].map((durable) => {
      reach.reached(durable);
      return [reach.position, reach.isWhole];
    });
    expect(seen).to.deep.equal([
      [10, false],
      [20, false],
      [20, true],
    ]);
  });

  it("ends for good with the first that goes into no log", () => {
    const reach = new DurableReach();
    reach.note({ position: 10, isWhole: true, logPosition: 10, nowMs: 0 });
    reach.reached(10);
    reach.note({ position: 20, isWhole: true, logPosition: 20, nowMs: 100 });
    reach.lose();
    reach.note({ position: 30, isWhole: true, logPosition: 30, nowMs: 200 });
    reach.reached(100);
    expect([reach.position, reach.isWhole]).to.deep.equal([10, true]);
  });
});
