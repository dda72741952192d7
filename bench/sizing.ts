/** How many requests make a run of a given length. */
import type { Bench } from "./bench.js";
import { type BenchmarkRun, redisBenchmark } from "./redis-benchmark.js";

/** Enough for a first rate and for a just-in-time compiler to see the command. */
const rehearsalSeconds = 0.3;

/** The same number for all sides, by the fastest in a rehearsal, so that no run is too short to time. */
export async function requestsFor(
  { children, scale }: Bench,
  runs: readonly Omit<BenchmarkRun, "requests">[],
  seconds: number,
): Promise<number> {
  let fastest = 0;
  for (const run of runs) {
    const requests = rehearsalRequests(run.pipeline, scale.cellSeconds);
    const { requestsPerSecond } = await redisBenchmark(children, { ...run, requests });
    fastest = Math.max(fastest, requestsPerSecond);
  }
  return roundRequests(fastest * seconds);
}

/** For a server of whose rate nothing is known but what is usual at this depth of pipeline. */
export function rehearsalRequests(pipeline: number, cellSeconds: number): number {
  const assumedRate = Math.min(pipeline, 10) * 80_000;
  return Math.ceil(assumedRate * Math.min(rehearsalSeconds, cellSeconds / 2));
}

export function roundRequests(requests: number): number {
  return Math.ceil(requests / 10_000) * 10_000;
}
