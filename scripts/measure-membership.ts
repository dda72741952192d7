/** The figures of membership at full size, in virtual time: `npm run simulate -- membership-figures`, some 40 s and 1 GB. */
import { runDeaths, runHealthy } from "../test/simulation/membership.js";

const HEALTHY = { members: 100, minutes: 60, loss: 0.01 };
const SIZES = [10, 100, 1000];
const DEATHS = { deaths: 5, loss: 0.01 };
/** A death is to be known by all within so long. */
const KNOWN_WITHIN_MS = 10_000;
/** What a member sends while nothing happens may differ so much between the smallest and the largest cluster. */
const IDLE_RATIO_MAX = 1.2;

/** Prints them; rejects if one is not what it must be. */
export async function measureMembership(seed: number): Promise<void> {
  const { falseDeaths, suspicions, bytesPerSecond } = await runHealthy({ seed, ...HEALTHY });
  print(
    `${HEALTHY.members} members, ${HEALTHY.minutes} minutes, ${HEALTHY.loss * 100} % loss (seed ${seed}):`,
  );
  print(`  ${falseDeaths} false deaths, ${suspicions} suspicions, ${bytesPerSecond.toFixed(0)} B/s a member`);
  demand(falseDeaths === 0, "nobody who lives is declared dead", seed);

  const idle: number[] = [];
  for (const members of SIZES) {
    const run = await runDeaths({ seed, members, ...DEATHS });
    const seconds = run.knownByAllMs.map((ms) => (ms / 1000).toFixed(2)).join(" ");
    print(`${members} members, ${DEATHS.loss * 100} % loss, ${DEATHS.deaths} deaths, one after the other:`);
    print(`  known by all after ${seconds} s`);
    print(
      `  ${run.idleBytesPerSecond.toFixed(0)} B/s a member while idle, ${run.busyBytesPerSecond.toFixed(0)} around a death`,
    );
    demand(Math.max(...run.knownByAllMs) <= KNOWN_WITHIN_MS, "a death is known by all in time", seed);
    demand(run.falseDeaths === 0, "nobody who lives is declared dead", seed);
    idle.push(run.idleBytesPerSecond);
  }
  const ratio = idle.at(-1)! / idle[0]!;
  demand(ratio <= IDLE_RATIO_MAX, "what a member sends does not depend on how many there are", seed);
}

function demand(holds: boolean, promise: string, seed: number): void {
  if (!holds) throw new Error(`seed ${seed}: it does not hold that ${promise}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
