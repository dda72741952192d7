/**
 * Rate, CPU time per operation and latency under redis-benchmark, for one depth of pipeline and one size
 * of value. All keys are there before it starts: SET overwrites and GET hits, the state a cache lives in.
 */
import { type Bench, type Row, turnsOf, withServers } from "../bench.js";
import { fill } from "../filling.js";
import type { GoalId } from "../goals.js";
import { type Figure, type Measurement, measurementsOf } from "../measurement.js";
import { cpuSeconds } from "../proc.js";
import { type BenchmarkResult, type BenchmarkRun, redisBenchmark } from "../redis-benchmark.js";
import { formatCount } from "../report/format.js";
import type { Server } from "../servers.js";
import { requestsFor } from "../sizing.js";
import { inTurns } from "../turns.js";

interface Shape {
  /** Of the row; made of the other fields if left out. */
  readonly name?: string;
  readonly pipeline: number;
  readonly valueBytes: number;
  readonly clients?: number;
  readonly commands?: readonly ("set" | "get")[];
  /** What the servers keep; nothing if left out. */
  readonly kept?: { readonly title: string; readonly flags: readonly string[] };
  /** The goals that this shape serves; the other figures inform. */
  readonly goals: { readonly rate?: GoalId; readonly cpu?: GoalId; readonly p99?: GoalId };
}

const bothCommands = ["set", "get"] as const;
const usualClients = 50;

export const throughputRows: readonly Row[] = [
  throughput({ pipeline: 1, valueBytes: 3, goals: { cpu: "cpu-p1" } }),
  throughput({ pipeline: 16, valueBytes: 3, goals: { rate: "rate-p16-d3" } }),
  throughput({ pipeline: 64, valueBytes: 3, goals: { rate: "rate-p64-d3", p99: "p99-p64" } }),
  throughput({ pipeline: 16, valueBytes: 100, goals: { rate: "rate-p16-d100" } }),
  throughput({ pipeline: 64, valueBytes: 100, goals: { rate: "rate-p64-d100", p99: "p99-p64" } }),
];

export const loggedThroughputRows: readonly Row[] = [
  logged({ policy: "always", clients: 50, pipeline: 1, goal: "log-always-p1" }),
  logged({ policy: "always", clients: 50, pipeline: 16, goal: "log-always-p16" }),
  logged({ policy: "always", clients: 500, pipeline: 16, goal: "log-always-p16" }),
  logged({ policy: "everysec", clients: 50, pipeline: 16, goal: "log-everysec-p16" }),
  logged({ policy: "everysec", clients: 50, pipeline: 1 }),
];

interface Logged {
  readonly policy: "always" | "everysec";
  readonly clients: number;
  readonly pipeline: number;
  readonly goal?: GoalId;
}

/** SET with a log on the disk. */
function logged({ policy, clients, pipeline, goal }: Logged): Row {
  const keeps = ["--save", "", "--appendonly", "yes", "--appendfsync", policy];
  return throughput({
    name: `log-${policy}-c${clients}-p${pipeline}`,
    pipeline,
    valueBytes: 3,
    clients,
    commands: ["set"],
    kept: { title: `log, ${policy}`, flags: keeps },
    goals: goal === undefined ? {} : { rate: goal },
  });
}

function throughput(shape: Shape): Row {
  const { pipeline, valueBytes, clients = usualClients, kept } = shape;
  const name = shape.name ?? `p${pipeline}-d${valueBytes}`;
  const title = `Pipelines of ${pipeline}, ${valueBytes}-byte values, ${clients} clients${kept ? `, ${kept.title}` : ""}`;
  return {
    name,
    title,
    measure: (bench) => withServers(bench, (servers) => measure(bench, servers, shape), kept?.flags),
  };
}

async function measure(bench: Bench, servers: readonly Server[], shape: Shape): Promise<Measurement[]> {
  // Every key that redis-benchmark may draw: no run then depends on what an earlier one happened to write.
  const keys = { prefix: "key:", first: 0, count: bench.scale.keyspace, seed: 1, salt: 0 };
  for (const { port } of servers) await fill(bench.children, { port, valueBytes: shape.valueBytes, ...keys });
  const { name, pipeline, valueBytes, clients = usualClients, commands = bothCommands, kept } = shape;
  const measurements: Measurement[] = [];
  for (const command of commands) {
    const requests = await requestsFor(
      bench,
      servers.map((server) => ({ ...runOf(bench, server, shape), command })),
      bench.scale.cellSeconds,
    );
    const cells = await inTurns(turnsOf(bench, servers, bench.scale.rounds), async (server) => {
      const cell = await runCell(bench, server, {
        ...runOf(bench, server, shape),
        command,
        requests,
      });
      bench.note(`  ${command.toUpperCase()} ${server.name.padEnd(8)} ${describe(cell)}`);
      return cell;
    });
    const about = {
      id: `${name ?? `p${pipeline}-d${valueBytes}`}-${command}`,
      label: `${command.toUpperCase()}, P${pipeline}, ${valueBytes} B${kept ? `, c${clients}, ${kept.title}` : ""}`,
      sample: `${formatCount(requests)} requests, ${clients} clients`,
    };
    measurements.push(...measurementsOf(about, figuresOf(shape), cells));
  }
  return measurements;
}

interface Cell extends BenchmarkResult {
  readonly cpuMicrosPerOp: number;
  /** Share of one processor that the server used: under about 0.9 the load, not the server, set the rate. */
  readonly serverBusy: number;
}

async function runCell({ children }: Bench, server: Server, run: BenchmarkRun): Promise<Cell> {
  const cpuBefore = cpuSeconds(server.pid);
  const startedMs = performance.now();
  const result = await redisBenchmark(children, run);
  const wallSeconds = (performance.now() - startedMs) / 1000;
  const serverCpuSeconds = cpuSeconds(server.pid) - cpuBefore;
  return {
    ...result,
    cpuMicrosPerOp: (serverCpuSeconds * 1e6) / run.requests,
    serverBusy: serverCpuSeconds / wallSeconds,
  };
}

function runOf({ scale }: Bench, server: Server, shape: Shape): Omit<BenchmarkRun, "command" | "requests"> {
  const { pipeline, valueBytes, clients = usualClients } = shape;
  return { port: server.port, pipeline, valueBytes, clients, keyspace: scale.keyspace };
}

function figuresOf({ goals }: Shape): readonly Figure<Cell>[] {
  return [
    { id: "rate", figure: "rate", unit: "op/s", goal: goals.rate, of: (cell) => cell.requestsPerSecond },
    {
      id: "cpu",
      figure: "CPU per operation",
      unit: "us",
      goal: goals.cpu,
      of: (cell) => cell.cpuMicrosPerOp,
    },
    { id: "p50", figure: "p50 latency", unit: "ms", of: (cell) => cell.p50Ms },
    { id: "p99", figure: "p99 latency", unit: "ms", goal: goals.p99, of: (cell) => cell.p99Ms },
    { id: "busy", figure: "server busy", unit: "share", of: (cell) => cell.serverBusy },
  ];
}

function describe(cell: Cell): string {
  const rate = `${(cell.requestsPerSecond / 1000).toFixed(0)} k/s`.padStart(9);
  const cpu = `${cell.cpuMicrosPerOp.toFixed(2)} us/op`.padStart(13);
  const tail = `p50 ${cell.p50Ms.toFixed(2)}  p99 ${cell.p99Ms.toFixed(2)} ms`;
  return `${rate} ${cpu}  ${tail}  server ${percent(cell.serverBusy)}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)}%`;
}
