import { expect } from "chai";
import fc from "fast-check";
import { CLOCK_UNITS_PER_MS, clockOfMs, HybridClock } from "#torus/delta/hybrid-clock.js";

const WALL_MS = 1_760_000_000_000;

describe("hybrid clock", () => {
  it("tells time apart from what versions say", () => {
    const clock = new HybridClock();
    clock.tick(WALL_MS);
    clock.observe(clockOfMs(WALL_MS + 5000));
    expect([clock.timeMs, clock.nowMs()]).deep.equal([WALL_MS, WALL_MS + 5000]);
    clock.tick(WALL_MS + 10);
    expect([clock.timeMs, clock.nowMs()]).deep.equal([WALL_MS + 10, WALL_MS + 5000]);
  });

  it("only ever rises, whatever the wall clock and other nodes' clocks do", () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant("tick" as const), to: fc.nat(20).map((ms) => WALL_MS + ms) }),
      fc.record({
        kind: fc.constant("observe" as const),
        to: fc.nat(40_000).map((off) => clockOfMs(WALL_MS) + off),
      }),
      fc.record({ kind: fc.constant("next" as const), to: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const clock = new HybridClock();
        let floor = 0;
        let nowMs = 0;
        for (const { kind, to } of events) {
          if (kind === "next") {
            const issued = clock.next();
            expect(issued).greaterThan(floor);
            floor = issued;
          } else {
            clock[kind](to);
            floor = Math.max(floor, kind === "tick" ? clockOfMs(to) : to);
          }
          expect(clock.latest).equal(floor);
          expect(clock.nowMs())
            .gte(nowMs)
            .equal(Math.floor(floor / CLOCK_UNITS_PER_MS));
          nowMs = clock.nowMs();
        }
      }),
    );
  });

  it("carries a full counter into the milliseconds", () => {
    const clock = new HybridClock();
    clock.tick(WALL_MS);
    for (let write = 0; write < CLOCK_UNITS_PER_MS; write++) clock.next();
    expect(clock.nowMs()).equal(WALL_MS + 1);
    clock.tick(WALL_MS + 1);
    expect(clock.next()).equal(clockOfMs(WALL_MS + 1) + 1);
  });

  it("issues safe integers until the 42 bits of milliseconds end in 2109", () => {
    const clock = new HybridClock();
    clock.tick(Date.UTC(2109, 0));
    expect(Number.isSafeInteger(clock.next())).equal(true);
  });
});
