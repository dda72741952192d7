/**
 * Rate, CPU time per operation and latency under redis-benchmark, for one depth of pipeline and one size
 * of value. All keys are there before it starts: SET overwrites and GET hits, the state a cache lives in.
 */
import { accounted, type Bench, inTurns, pick, type Row, type Series, withServers } from "../bench.js";
import type { FillAnswer, FillRequest } from "../clients/fill.js";
import type { GoalId } from "../goals.js";
import { LoadClient } from "../load-client.js";
import type { Measurement } from "../measurement.js";
import { type BenchmarkResult, type BenchmarkRun, redisBenchmark } from "../redis-benchmark.js";
import { formatCount } from "../report/format.js";
import type { Server } from "../servers.js";

interface Shape {
  readonly pipeline: number;
  readonly valueBytes: number;
  /** The goals that this shape serves; the other figures inform. */
  readonly goals: { readonly rate?: GoalId; readonly cpu?: GoalId; readonly p99?: GoalId };
}

const commands = ["set", "get"] as const;
const clients = 50;
/** A round in which others used more of a processor than this is repeated. */
const foreignBusyMax = 0.1;
const fillMsMax = 120_000;
/** Enough for a first rate and for a just-in-time compiler to see both commands. */
const rehearsalSeconds = 0.3;

export const throughputRows: readonly Row[] = [
  throughput({ pipeline: 1, valueBytes: 3, goals: { cpu: "cpu-p1" } }),
  throughput({ pipeline: 16, valueBytes: 3, goals: { rate: "rate-p16-d3" } }),
  throughput({ pipeline: 64, valueBytes: 3, goals: { rate: "rate-p64-d3", p99: "p99-p64" } }),
  throughput({ pipeline: 16, valueBytes: 100, goals: { rate: "rate-p16-d100" } }),
  throughput({ pipeline: 64, valueBytes: 100, goals: { rate: "rate-p64-d100", p99: "p99-p64" } }),
];

function throughput(shape: Shape): Row {
  const name = `p${shape.pipeline}-d${shape.valueBytes}`;
  const title = `Pipelines of ${shape.pipeline}, ${shape.valueBytes}-byte values, ${clients} clients`;
  return { name, title, measure: (bench) => withServers(bench, (servers) => measure(bench, servers, shape)) };
}

async function measure(bench: Bench, servers: readonly Server[], shape: Shape): Promise<Measurement[]> {
  for (const server of servers) await fill(bench, server, shape.valueBytes);
  const requests = await requestsFor(bench, servers, shape);
  const measurements: Measurement[] = [];
  const cells = { set: emptySeries(), get: emptySeries() };
  for (const command of commands) {
    cells[command] = await inTurns(
      servers,
      bench.scale.rounds,
      async (server) => {
        const run = { ...runOf(bench, server, shape), command, requests: requests[command] };
        const cell = await runCell(bench, server, run);
        bench.note(`  ${command.toUpperCase()} ${server.name.padEnd(8)} ${describe(cell)}`);
        return cell;
      },
      isDisturbed,
    );
    measurements.push(...measurementsOf(shape, command, requests[command], cells[command]));
  }
  return measurements;
}

interface Cell extends BenchmarkResult {
  readonly cpuMicrosPerOp: number;
  /** Share of one processor that the server used: under about 0.9 the load, not the server, set the rate. */
  readonly serverBusy: number;
  /** Share of one processor that went to others than this benchmark. */
  readonly foreignBusy: number;
}

function emptySeries(): Series<Cell> {
  return { ours: [], rival: [] };
}

async function runCell({ children }: Bench, server: Server, run: BenchmarkRun): Promise<Cell> {
  const spent = await accounted(server, () => redisBenchmark(children, run));
  return {
    ...spent.value,
    cpuMicrosPerOp: (spent.serverCpuSeconds * 1e6) / run.requests,
    serverBusy: spent.serverCpuSeconds / spent.wallSeconds,
    foreignBusy: spent.foreignCpuSeconds / spent.wallSeconds,
  };
}

function runOf({ scale }: Bench, server: Server, shape: Shape): Omit<BenchmarkRun, "command" | "requests"> {
  const { pipeline, valueBytes } = shape;
  return { port: server.port, pipeline, valueBytes, clients, keyspace: scale.keyspace };
}

/** Every key that redis-benchmark may draw, so that no run depends on what an earlier one happened to write. */
async function fill({ children, scale }: Bench, server: Server, valueBytes: number): Promise<void> {
  const client = LoadClient.start<FillRequest, FillAnswer>(children, "fill");
  const keys = { prefix: "key:", first: 0, count: scale.keyspace, seed: 1, valueBytes, salt: 0 };
  await client.ask({ port: server.port, ...keys }, fillMsMax);
  await client.stop();
}

/** The same number of requests for both sides, sized by the faster one, so that no run is too short to time. */
async function requestsFor(
  bench: Bench,
  servers: readonly Server[],
  shape: Shape,
): Promise<{ set: number; get: number }> {
  const fastest = { set: 0, get: 0 };
  for (const server of servers) {
    for (const command of commands) {
      const assumedRate = Math.min(shape.pipeline, 10) * 80_000;
      const requests = Math.ceil(assumedRate * Math.min(rehearsalSeconds, bench.scale.cellSeconds));
      const run = { ...runOf(bench, server, shape), command, requests };
      const { requestsPerSecond } = await redisBenchmark(bench.children, run);
      fastest[command] = Math.max(fastest[command], requestsPerSecond);
    }
  }
  const requests = (rate: number): number => Math.ceil((rate * bench.scale.cellSeconds) / 10_000) * 10_000;
  return { set: requests(fastest.set), get: requests(fastest.get) };
}

function measurementsOf(shape: Shape, command: string, requests: number, cells: Series<Cell>): Measurement[] {
  const { pipeline, valueBytes, goals } = shape;
  const common = (figure: string): Pick<Measurement, "id" | "label" | "sample"> => ({
    id: `p${pipeline}-d${valueBytes}-${command}-${figure}`,
    label: `${command.toUpperCase()}, P${pipeline}, ${valueBytes} B`,
    sample: `${formatCount(requests)} requests, ${clients} clients`,
  });
  return [
    {
      ...common("rate"),
      figure: "rate",
      goal: goals.rate,
      unit: "op/s",
      better: "higher",
      ...pick(cells, (cell) => cell.requestsPerSecond),
    },
    {
      ...common("cpu"),
      figure: "CPU per operation",
      goal: goals.cpu,
      unit: "us",
      better: "lower",
      ...pick(cells, (cell) => cell.cpuMicrosPerOp),
    },
    {
      ...common("p50"),
      figure: "p50 latency",
      goal: undefined,
      unit: "ms",
      better: "lower",
      ...pick(cells, (cell) => cell.p50Ms),
    },
    {
      ...common("p99"),
      figure: "p99 latency",
      goal: goals.p99,
      unit: "ms",
      better: "lower",
      ...pick(cells, (cell) => cell.p99Ms),
    },
    {
      ...common("busy"),
      figure: "server busy",
      goal: undefined,
      unit: "share",
      better: "higher",
      ...pick(cells, (cell) => cell.serverBusy),
    },
    {
      ...common("foreign"),
      figure: "foreign load",
      goal: undefined,
      unit: "share",
      better: "lower",
      ...pick(cells, (cell) => cell.foreignBusy),
    },
  ];
}

function describe(cell: Cell): string {
  const rate = `${(cell.requestsPerSecond / 1000).toFixed(0)} k/s`.padStart(9);
  const cpu = `${cell.cpuMicrosPerOp.toFixed(2)} us/op`.padStart(13);
  const tail = `p50 ${cell.p50Ms.toFixed(2)}  p99 ${cell.p99Ms.toFixed(2)} ms`;
  return `${rate} ${cpu}  ${tail}  server ${percent(cell.serverBusy)}  others ${percent(cell.foreignBusy)}${isDisturbed(cell) ? " (disturbed)" : ""}`;
}

/** Judged by what others did, never by the figure itself: repeating rounds must not choose among results. */
function isDisturbed(cell: Cell): boolean {
  return cell.foreignBusy > foreignBusyMax;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)}%`;
}
