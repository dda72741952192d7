/**
 * What three nodes serve when clients know only one of them, beside one node that is all there is. Nothing is pinned: nodes and load
 * share all processors, as they would if this were all the hardware there is.
 */
import { availableParallelism } from "node:os";
import { type Bench, type Row, turnsOf } from "../bench.js";
import { ourNode, withClusters } from "../clusters.js";
import { fill } from "../filling.js";
import { type Figure, type Measurement, measurementsOf } from "../measurement.js";
import { fineCpuSeconds, machineCpuSeconds } from "../proc.js";
import { type BenchmarkResult, type BenchmarkRun, redisBenchmark } from "../redis-benchmark.js";
import { formatCount } from "../report/format.js";
import type { Server, Side } from "../servers.js";
import { requestsFor } from "../sizing.js";
import { inTurns } from "../turns.js";

const size = 3;
const clients = 50;
const pipeline = 16;
const valueBytes = 3;
const role = "anywhere";

export const oneEntryRow: Row = {
  name: "one-entry",
  title: `One of ${size} nodes as the only entry, pipelines of ${pipeline}, ${valueBytes}-byte values, ${clients} clients`,
  measure,
};

interface Entrant {
  readonly side: Side;
  readonly name: string;
  readonly nodes: readonly Server[];
}

interface Cell extends BenchmarkResult {
  readonly cpuMicrosPerOp: number;
  /** Of all processors, by everyone. */
  readonly machineBusy: number;
}

const figures: readonly Figure<Cell>[] = [
  {
    id: "rate",
    figure: "rate",
    unit: "op/s",
    goal: "rate-one-entry",
    of: ({ requestsPerSecond }) => requestsPerSecond,
  },
  { id: "cpu", figure: "CPU per operation", unit: "us", of: ({ cpuMicrosPerOp }) => cpuMicrosPerOp },
  { id: "p50", figure: "p50 latency", unit: "ms", of: ({ p50Ms }) => p50Ms },
  { id: "p99", figure: "p99 latency", unit: "ms", of: ({ p99Ms }) => p99Ms },
  { id: "busy", figure: "machine busy", unit: "share", of: ({ machineBusy }) => machineBusy },
];

async function measure(bench: Bench): Promise<Measurement[]> {
  const node = ourNode(bench);
  if (node === undefined) return [];
  const { children, note, scale } = bench;
  return withClusters(bench, { node, sizes: [size, 1], role, copies: 1 }, async ([several, one]) => {
    const entrants: Entrant[] = [
      { side: "ours", name: "three", nodes: several!.nodes },
      { side: "rival", name: "alone", nodes: one!.nodes },
    ];
    const portOf = ({ nodes: [entry] }: Entrant): number => entry!.port;
    const keys = { prefix: "key:", first: 0, count: scale.keyspace, seed: 1, salt: 0, valueBytes };
    for (const entrant of entrants) await fill(children, { port: portOf(entrant), ...keys });
    const measurements: Measurement[] = [];
    for (const command of ["set", "get"] as const) {
      const runOf = (entrant: Entrant): Omit<BenchmarkRun, "requests"> => ({
        ...{ port: portOf(entrant), command, pipeline, valueBytes, clients, keyspace: scale.keyspace, role },
      });
      const requests = await requestsFor(bench, entrants.map(runOf), scale.cellSeconds);
      const cells = await inTurns(turnsOf(bench, entrants, scale.rounds), async (entrant) => {
        const cell = await runCell(bench, entrant, { ...runOf(entrant), requests });
        note(`  ${command.toUpperCase()} ${entrant.name.padEnd(8)} ${describe(cell)}`);
        return cell;
      });
      const about = {
        id: `one-entry-${command}`,
        label: `${command.toUpperCase()}, P${pipeline}, one of ${size} nodes as entry`,
        sample: `${formatCount(requests)} requests, ${clients} clients`,
        beside: "one node alone",
      };
      measurements.push(...measurementsOf(about, figures, cells));
    }
    return measurements;
  });
}

async function runCell({ children }: Bench, { nodes }: Entrant, run: BenchmarkRun): Promise<Cell> {
  const cpuOfNodes = (): number => nodes.reduce((sum, { pid }) => sum + fineCpuSeconds(pid), 0);
  const before = { nodes: cpuOfNodes(), machine: machineCpuSeconds(), ms: performance.now() };
  const result = await redisBenchmark(children, run);
  const wallSeconds = (performance.now() - before.ms) / 1000;
  return {
    ...result,
    cpuMicrosPerOp: ((cpuOfNodes() - before.nodes) * 1e6) / run.requests,
    machineBusy: (machineCpuSeconds() - before.machine) / wallSeconds / availableParallelism(),
  };
}

function describe({ requestsPerSecond, cpuMicrosPerOp, p50Ms, p99Ms, machineBusy }: Cell): string {
  const rate = `${(requestsPerSecond / 1000).toFixed(0)} k/s`.padStart(9);
  const tail = `p50 ${p50Ms.toFixed(2)}  p99 ${p99Ms.toFixed(2)} ms`;
  return `${rate} ${cpuMicrosPerOp.toFixed(2).padStart(7)} us/op  ${tail}  machine ${(machineBusy * 100).toFixed(0)}%`;
}
