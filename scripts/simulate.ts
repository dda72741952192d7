/**
 * Long runs of the seeded simulations: `npm run simulate -- durability --seeds 5000 --from 1000`. A failure prints its seed
 * and ends the run with status 1; the same seed fails again wherever it is run.
 */
import { parseArgs } from "node:util";
import { runDurable } from "../test/simulation/durable-node.js";

const simulations: Readonly<Record<string, (seed: number) => Promise<void>>> = {
  async durability(seed) {
    for (const appendfsync of ["always", "everysec", "no"] as const) await runDurable({ appendfsync, seed });
  },
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: "string", default: "1000" }, from: { type: "string", default: "0" } },
});
const name = positionals[0] ?? "durability";
const simulation = simulations[name];
if (simulation === undefined)
  throw new RangeError(`there is no simulation ${name}, but ${Object.keys(simulations).join(", ")}`);
const [count, first] = [Number(values.seeds), Number(values.from)];
if (!Number.isSafeInteger(count) || !Number.isSafeInteger(first))
  throw new RangeError("--seeds and --from are numbers");
for (let seed = first; seed < first + count; seed++) {
  await simulation(seed);
  if ((seed - first + 1) % 100 === 0) process.stdout.write(`${name}: ${seed - first + 1} seeds\n`);
}
process.stdout.write(`${name}: ${count} seeds from ${first} on, no promise broken\n`);
