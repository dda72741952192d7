import { expect } from "chai";
import { nodeTimers } from "#torus/host/node/timers.js";

const YEAR_MS = 365 * 24 * 3600 * 1000;

describe("node timers", () => {
  it("never fire too soon", async () => {
    for (let count = 0; count < 20; count++) {
      const startMs = performance.now();
      await new Promise<void>((resolve) => nodeTimers.after(1.5, resolve));
      expect(performance.now() - startMs).to.be.at.least(1.5);
    }
  });

  it("fire once, and not after they were cancelled", async () => {
    const fired: string[] = [];
    const cancel = nodeTimers.after(0, () => fired.push("cancelled"));
    cancel();
    await new Promise<void>((resolve) => nodeTimers.after(5, resolve));
    cancel();
    expect(fired).to.deep.equal([]);
  });

  it("repeat until they are cancelled, from within too", async () => {
    let count = 0;
    await new Promise<void>((resolve) => {
      const cancel = nodeTimers.every(1, () => {
        if (++count < 3) return;
        cancel();
        resolve();
      });
    });
    await new Promise<void>((resolve) => nodeTimers.after(10, resolve));
    expect(count).to.equal(3);
  });

  it("call after the turn, when what was under way in it is done", async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      nodeTimers.afterTurn(() => {
        order.push("after");
        resolve();
      });
      void Promise.resolve().then(() => order.push("continuation"));
      order.push("turn");
    });
    expect(order).to.deep.equal(["turn", "continuation", "after"]);
  });

  it("take delays beyond the 24.8 days that setTimeout can count", async () => {
    const fired: string[] = [];
    const cancels = [
      nodeTimers.after(YEAR_MS, () => fired.push("after")),
      nodeTimers.every(YEAR_MS, () => fired.push("every")),
    ];
    await new Promise<void>((resolve) => nodeTimers.after(10, resolve));
    for (const cancel of cancels) cancel();
    expect(fired).to.deep.equal([]);
  });
});
