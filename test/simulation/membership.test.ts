import { expect } from "chai";
import { runDeaths, runHealthy, runTurmoil } from "./membership.js";

/** Thousands, a whole hour and a thousand members by `npm run simulate`. */
const TURMOIL_SEEDS = 40;

describe("clusters of members", () => {
  it("of a hundred declare nobody dead who lives, with one datagram in a hundred lost", async function () {
    this.timeout(60_000);
    const { falseDeaths } = await runHealthy({ seed: 1, members: 100, minutes: 5, loss: 0.01 });
    expect(falseDeaths).to.equal(0);
  });

  it("know of a death within 10 s, and a member sends as much in a large cluster as in a small one", async function () {
    this.timeout(60_000);
    const runs = [];
    for (const members of [20, 200]) runs.push(await runDeaths({ seed: 1, members, deaths: 3, loss: 0.01 }));
    for (const { knownByAllMs, falseDeaths } of runs) {
      for (const ms of knownByAllMs) expect(ms).to.be.below(10_000);
      expect(falseDeaths).to.equal(0);
    }
    const [small, large] = runs.map(({ idleBytesPerSecond }) => idleBytesPerSecond);
    expect(large! / small!).to.be.within(0.8, 1.2);
    for (const { busyBytesPerSecond } of runs) expect(busyBytesPerSecond).to.be.below(5000);
  });

  it(`agree after any turmoil, in ${TURMOIL_SEEDS} seeded runs`, async function () {
    this.timeout(60_000);
    for (let seed = 0; seed < TURMOIL_SEEDS; seed++) await runTurmoil({ seed });
  });
});
