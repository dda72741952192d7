import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { AccessClock } from "#torus/keyspace/access-clock.js";

const HOUR_MS = 3_600_000;

describe("access clock", () => {
  it("of a node that starts in a process that has run for long knows how old its first keys are", () => {
    const prng = new Prng("access");
    const clock = new AccessClock(() => prng.uint32(), HOUR_MS);
    const recently = clock.initial();
    clock.isLfu = true;
    const often = clock.initial();
    clock.tick(HOUR_MS + 100);
    expect(clock.frequency(often)).to.equal(5);
    clock.isLfu = false;
    expect(clock.idleSeconds(recently)).to.equal(0);
  });

  it("lets what is used often count for less each minute that it is not, and never go below nothing", () => {
    const prng = new Prng("access");
    const clock = new AccessClock(() => prng.uint32());
    clock.isLfu = true;
    const word = clock.usedOften(7);
    clock.tick(3 * 60_000);
    expect(clock.frequency(word)).to.equal(4);
    clock.tick(HOUR_MS);
    expect(clock.frequency(word)).to.equal(0);
  });
});
