import { expect } from "chai";
import { doneWithin, metWithin } from "#torus/cluster/replication/within.js";
import { ManualTime } from "../../durability/manual-time.js";

const TIMEOUT_MS = 100;

describe("what is waited for", () => {
  let time: ManualTime;
  let outcomes: unknown[];

  beforeEach(() => {
    time = new ManualTime();
    outcomes = [];
  });

  const patience = () => ({ timers: time, timeoutMs: TIMEOUT_MS });

  /** Notes what comes of it. */
  function note(promise: Promise<unknown>): void {
    promise.then(
      (outcome) => outcomes.push(outcome),
      (error: unknown) => outcomes.push(error),
    );
  }

  describe("to be so", () => {
    let isMet: boolean;
    let listeners: Set<() => void>;

    beforeEach(() => {
      isMet = false;
      listeners = new Set();
    });

    const wait = () =>
      note(
        metWithin(patience(), {
          isMet: () => isMet,
          subscribe(changed) {
            listeners.add(changed);
            return () => listeners.delete(changed);
          },
        }),
      );
    const change = () => {
      for (const listener of listeners) listener();
    };

    it("is not waited for if it is so already", async () => {
      isMet = true;
      wait();
      await time.pass(0);
      expect(outcomes).to.deep.equal([true]);
      expect([listeners.size, time.dueCount]).to.deep.equal([0, 0]);
    });

    it("is looked at whenever something changed, and leaves nothing behind once it is so", async () => {
      wait();
      change();
      await time.pass(TIMEOUT_MS - 1);
      expect(outcomes).to.deep.equal([]);
      isMet = true;
      await time.pass(0);
      expect(outcomes, "nobody said so").to.deep.equal([]);
      change();
      await time.pass(0);
      expect(outcomes).to.deep.equal([true]);
      expect([listeners.size, time.dueCount]).to.deep.equal([0, 0]);
    });

    it("is given up when the time is over, and leaves nothing behind", async () => {
      wait();
      await time.pass(TIMEOUT_MS);
      expect(outcomes).to.deep.equal([false]);
      expect([listeners.size, time.dueCount]).to.deep.equal([0, 0]);
    });
  });

  describe("to be done", () => {
    it("comes to what the work comes to in time, true, false or a failure", async () => {
      const failure = new Error("it cannot be done");
      note(doneWithin(patience(), Promise.resolve(true)));
      await time.pass(0);
      note(doneWithin(patience(), Promise.resolve(false)));
      await time.pass(0);
      note(doneWithin(patience(), Promise.reject(failure)));
      await time.pass(0);
      expect(outcomes).to.deep.equal([true, false, failure]);
      expect(time.dueCount).to.equal(0);
    });

    it("is false when the time is over, whatever the work comes to later", async () => {
      let finish = (_: boolean) => {};
      let fail = (_: Error) => {};
      note(doneWithin(patience(), new Promise((resolve) => (finish = resolve))));
      note(doneWithin(patience(), new Promise((_, reject) => (fail = reject))));
      await time.pass(TIMEOUT_MS);
      expect(outcomes).to.deep.equal([false, false]);
      finish(true);
      fail(new Error("too late"));
      await time.pass(0);
      expect(outcomes).to.deep.equal([false, false]);
    });
  });
});
