/** redis-benchmark, the load that people compare servers with: runs it for one of its tests, or one command, and reads its CSV. */
import type { Children } from "./children.js";
import type { Role } from "./pinning.js";

export interface BenchmarkRun {
  readonly port: number;
  /** One of its own tests (`-t`): `set`, `lpush`. */
  readonly command: string;
  /** What it sends in place of a test of its own. `__rand_int__` stands for twelve digits that it draws. */
  readonly words?: readonly string[];
  /** What it calls the test, in lower case, if not by its name. */
  readonly reported?: string;
  readonly requests: number;
  /** Commands in flight on each connection (`-P`). */
  readonly pipeline: number;
  readonly valueBytes: number;
  readonly clients: number;
  /** Distinct keys (`-r`): `key:` and twelve digits, so 16 bytes each. */
  readonly keyspace: number;
  /** Where it runs; as a load if left out. */
  readonly role?: Role;
}

export interface BenchmarkResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** A run that takes longer is broken: the slowest cell is sized to a few seconds. */
const runMsMax = 120_000;

export async function redisBenchmark(children: Children, run: BenchmarkRun): Promise<BenchmarkResult> {
  const output = await children.run(
    [
      "redis-benchmark",
      ...["-h", "127.0.0.1", "-p", String(run.port), "--csv"],
      ...(run.words === undefined ? ["-t", run.command] : []),
      ...["-n", String(run.requests), "-r", String(run.keyspace), "-c", String(run.clients)],
      ...["-P", String(run.pipeline), "-d", String(run.valueBytes)],
      ...(run.words ?? []),
    ],
    { role: run.role ?? "load", timeoutMs: runMsMax },
  );
  return resultOf(output, run.reported ?? run.words?.join(" ") ?? run.command);
}

/** Finds the row of `command` by the names in the header, so that a new column does not shift the figures. */
export function resultOf(csv: string, command: string): BenchmarkResult {
  const rows = csv
    .trim()
    .split("\n")
    .map((line) => line.split(",").map((field) => field.replace(/^"|"\r?$/g, "")));
  const header = rows.find((row) => row[0] === "test");
  const row = rows.find((candidate) => candidate[0]?.toLowerCase() === command);
  const field = (name: string): number => {
    const text = row?.[header?.indexOf(name) ?? -1];
    const value = Number(text);
    if (text === undefined || text === "" || !Number.isFinite(value)) {
      throw new RangeError(`redis-benchmark gave no ${name} for ${command}; it said: ${csv.slice(0, 500)}`);
    }
    return value;
  };
  return {
    requestsPerSecond: field("rps"),
    p50Ms: field("p50_latency_ms"),
    p99Ms: field("p99_latency_ms"),
    maxMs: field("max_latency_ms"),
  };
}
