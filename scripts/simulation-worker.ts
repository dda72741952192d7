/** Runs the seeds that the process asks for which has forked this one (simulation-jobs.ts), one at a time, until that one is gone. */
import type { SeedRun, WorkerMessage } from "./simulation-jobs.js";
import { simulations } from "./simulations.js";

process.on("message", ({ name, seed }: SeedRun) => {
  run(name, seed).then(
    () => tell({ broken: undefined }),
    (error: Error) => tell({ broken: error.message }),
  );
});
process.on("disconnect", () => process.exit());
tell("ready");

async function run(name: string, seed: number): Promise<void> {
  const simulation = simulations[name];
  if (simulation === undefined) throw new Error("there is no such simulation");
  await simulation.run(seed);
}

function tell(message: WorkerMessage): void {
  process.send!(message);
}
