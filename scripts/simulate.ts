/**
 * Long runs of the seeded simulations: `npm run simulate -- cluster --seeds 5000 --from 1000`, or several of them without a name. A
 * failure prints its seed and ends the run with status 1; the same seed fails again wherever it is run.
 *
 * With `--jobs 2` seeds run in so many processes of low priority, all of them, or those that begin within `--minutes 8`, and those that failed are
 * listed in the end, by what was broken.
 * With `--slots 1024` clusters have so many slots rather than 16384, which takes a third of the time (few-slots.ts): such a seed is another run
 * than the same seed with all slots.
 */
import { parseArgs } from "node:util";
import { report, runJobs, type SeedRun } from "./simulation-jobs.js";
import { simulations, simulationsNamed } from "./simulations.js";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string" },
    from: { type: "string", default: "0" },
    jobs: { type: "string" },
    minutes: { type: "string" },
    slots: { type: "string" },
  },
});
const wanted = positionals.length > 0 ? positionals : ["cluster", "durability", "membership"];
const names = wanted.flatMap(simulationsNamed);
const first = numberOf(values.from);
const slots = values.slots === undefined ? undefined : numberOf(values.slots);

if (values.jobs === undefined && slots === undefined) {
  for (const name of names) await runHere(name);
} else {
  const outcome = await runJobs(seedsInTurn(), {
    jobs: Math.max(1, numberOf(values.jobs ?? "1")),
    slots,
    minutes: values.minutes === undefined ? Number.POSITIVE_INFINITY : numberOf(values.minutes),
    say: (line) => process.stdout.write(`${line}\n`),
  });
  process.stdout.write(`${report(outcome)}\n`);
  if (outcome.failures.length > 0) process.exitCode = 1;
}

async function runHere(name: string): Promise<void> {
  const count = countOf(name);
  for (let seed = first; seed < first + count; seed++) {
    await simulations[name]!.run(seed);
    if ((seed - first + 1) % 100 === 0) process.stdout.write(`${name}: ${seed - first + 1} seeds\n`);
  }
  process.stdout.write(`${name}: ${count} seeds from ${first} on, no promise broken\n`);
}

/** The first seed of all simulations, then the second: so whoever stops a run has seen something of each. */
function seedsInTurn(): readonly SeedRun[] {
  const most = Math.max(...names.map(countOf));
  return Array.from({ length: most }, (_, i) =>
    names.filter((name) => i < countOf(name)).map((name) => ({ name, seed: first + i })),
  ).flat();
}

function countOf(name: string): number {
  return values.seeds === undefined ? simulations[name]!.seeds : numberOf(values.seeds);
}

function numberOf(text: string): number {
  const number = Number(text);
  if (text === "" || !Number.isSafeInteger(number) || number < 0)
    throw new RangeError("--seeds, --from, --jobs, --minutes and --slots are numbers");
  return number;
}
