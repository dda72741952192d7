import { expect } from "chai";
import fc from "fast-check";
import { SteadyTime } from "#torus/delta/steady-time.js";

const START_MS = 1_760_000_000_000;

/** A wall clock that is set, and a monotonic one that is not. */
class Clocks {
  monotonicMs = 500;
  wallMs = START_MS;
  readonly time = new SteadyTime(() => this.monotonicMs);

  pass(ms: number): number {
    this.monotonicMs += ms;
    this.wallMs += ms;
    return this.now;
  }

  set(byMs: number): number {
    this.wallMs += byMs;
    return this.now;
  }

  get now(): number {
    return this.time.at(this.wallMs);
  }

  limitTo(aheadMs: number): void {
    this.time.limit = { wallMs: this.wallMs + aheadMs, atMs: this.monotonicMs };
  }
}

describe("the time of a clock that is set", () => {
  let clocks: Clocks;
  beforeEach(() => {
    clocks = new Clocks();
    expect(clocks.now).to.equal(START_MS);
  });

  it("is what the clock shows, forward steps included", () => {
    expect(clocks.pass(250)).to.equal(START_MS + 250);
    expect(clocks.set(3_600_000)).to.equal(START_MS + 3_600_250);
    expect(clocks.pass(1)).to.equal(START_MS + 3_600_251);
  });

  it("goes on at half the pace when the clock is set back, until the clock is there again", () => {
    expect(clocks.set(-10_000)).to.equal(START_MS);
    expect(clocks.pass(1000)).to.equal(START_MS + 500);
    expect(clocks.pass(1000)).to.equal(START_MS + 1000);
    expect(clocks.pass(17_998)).to.equal(START_MS + 9999);
    expect(clocks.pass(2)).to.equal(START_MS + 10_000);
    expect(clocks.pass(1000)).to.equal(START_MS + 11_000);
  });

  it("goes on at half the pace from where it is when the clock is set back once more", () => {
    clocks.set(-1000);
    clocks.pass(1000);
    clocks.set(-1000);
    expect(clocks.pass(1000)).to.equal(START_MS + 1000);
    expect(clocks.set(2000)).to.equal(START_MS + 2000);
  });

  it("does not pass a limit, which moves on with the monotonic clock", () => {
    clocks.limitTo(500);
    expect(clocks.set(60_000)).to.equal(START_MS + 500);
    expect(clocks.pass(1000)).to.equal(START_MS + 1500);
    expect(clocks.set(-59_800)).to.equal(START_MS + 1500);
    clocks.pass(600);
    expect(clocks.now).to.equal(START_MS + 1800);
    clocks.time.limit = null;
    expect(clocks.set(60_000)).to.equal(START_MS + 61_800);
  });

  it("does not mind a limit that is not reached, however long ago it was set", () => {
    clocks.limitTo(500);
    for (let i = 1; i <= 100; i++) expect(clocks.pass(400)).to.equal(START_MS + i * 400);
  });

  it("goes on at half the pace if it is beyond the limit", () => {
    clocks.limitTo(-10_000);
    expect(clocks.now).to.equal(START_MS);
    expect(clocks.pass(1000)).to.equal(START_MS + 500);
    expect(clocks.pass(18_000)).to.equal(START_MS + 9500);
    expect(clocks.pass(1000)).to.equal(START_MS + 10_000);
    expect(clocks.pass(1000)).to.equal(START_MS + 11_000);
  });

  it("never goes back, and never is ahead of both the clock and what it was", () => {
    const deed = fc.record({
      kind: fc.constantFrom("pass", "set", "limit", "free"),
      ms: fc.integer({ min: -3000, max: 3000 }),
    });
    fc.assert(
      fc.property(fc.array(deed), (deeds) => {
        const subject = new Clocks();
        let before = subject.now;
        for (const { kind, ms } of deeds) {
          const passedMs = kind === "pass" ? Math.abs(ms) : 0;
          if (kind === "limit") subject.limitTo(ms);
          if (kind === "free") subject.time.limit = null;
          const after = kind === "set" ? subject.set(ms) : subject.pass(passedMs);
          expect(after).to.be.least(before);
          // Milliseconds are whole.
          expect(after).to.be.most(Math.max(subject.wallMs, before + 1 + passedMs / 2));
          before = after;
        }
      }),
    );
  });
});
