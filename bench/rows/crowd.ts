/** Ten thousand clients connected at once: each must be served, and each answer must be right. */
import { type Bench, type Row, turnsOf, withServers } from "../bench.js";
import type { CrowdAnswer, CrowdRequest } from "../clients/crowd.js";
import { LoadClient } from "../load-client.js";
import { type Figure, type Measurement, measurementsOf } from "../measurement.js";
import { leakedDescriptors, openDescriptors, openFilesMax, settledDescriptors } from "../proc.js";
import { redisBenchmark } from "../redis-benchmark.js";
import { formatCount } from "../report/format.js";
import type { Server } from "../servers.js";
import { inTurns } from "../turns.js";

export const crowdRow: Row = {
  name: "crowd",
  title: "Concurrent clients, all connected at once, every answer checked",
  measure,
};

/** Descriptors that a process needs beside those of its clients. */
const descriptorsSpare = 200;
const answerMsMax = 90_000;

const figures: readonly Figure<Visit>[] = [
  {
    id: "lost",
    figure: "lost or wrong",
    unit: "count",
    goal: "crowd-served",
    of: ({ expected, served, missing, leaked }) => expected - served + missing + leaked,
  },
  { id: "p99", figure: "p99 of the crowd", unit: "ms", goal: "crowd-p99", of: ({ p99Ms }) => p99Ms },
  {
    id: "benchmark-p99",
    figure: "p99 of the crowd, by redis-benchmark",
    unit: "ms",
    goal: "crowd-p99",
    of: ({ benchmarkP99Ms }) => benchmarkP99Ms,
  },
  { id: "p50", figure: "p50 of the crowd", unit: "ms", of: ({ p50Ms }) => p50Ms },
  { id: "rate", figure: "rate of the crowd", unit: "op/s", of: ({ served, seconds }) => served / seconds },
];

async function measure(bench: Bench): Promise<Measurement[]> {
  const { scale, note } = bench;
  const clients = Math.min(scale.crowdClients, openFilesMax() - descriptorsSpare);
  if (clients < scale.crowdClients) {
    note(`  only ${clients} clients: this machine lets a process open ${openFilesMax()} files (ulimit -n)`);
  }
  const visits = await withServers(bench, (servers) =>
    inTurns(turnsOf(bench, servers, scale.crowdRounds), (server) => visit(bench, server, clients)),
  );
  const common = {
    id: "crowd",
    label: `${formatCount(clients)} clients`,
    sample: `${formatCount(clients * scale.crowdTurns * 2)} operations`,
  };
  return measurementsOf(common, figures, visits);
}

interface Visit extends CrowdAnswer {
  /** Clients whose connection the server did not hold when the work was done, and connections it kept afterwards. */
  readonly missing: number;
  readonly leaked: number;
  /** 99th percentile of as many clients of redis-benchmark, which takes less time of its own for an operation. */
  readonly benchmarkP99Ms: number;
}

async function visit(bench: Bench, server: Server, clients: number): Promise<Visit> {
  const { children, scale } = bench;
  const before = await settledDescriptors(server.pid);
  const crowd = LoadClient.start<CrowdRequest, CrowdAnswer>(children, "crowd");
  await crowd.ask({ kind: "connect", port: server.port, clients }, answerMsMax);
  const answer = await crowd.ask({ kind: "work", turns: scale.crowdTurns }, answerMsMax);
  const missing = Math.max(0, clients - (openDescriptors(server.pid) - before));
  await crowd.stop();
  // The next visitor must find the server as this one did.
  const leaked = await leakedDescriptors(server.pid, before);
  const requests = clients * scale.crowdTurns * 2;
  const run = { port: server.port, requests, pipeline: 1, valueBytes: 32, clients, keyspace: clients };
  const { p99Ms: benchmarkP99Ms } = await redisBenchmark(children, { ...run, command: "set" });
  await leakedDescriptors(server.pid, before);
  const visit = { ...answer, missing, leaked, benchmarkP99Ms };
  bench.note(`  ${server.name.padEnd(8)} ${describe(visit)}`);
  return visit;
}

function describe({ served, expected, missing, leaked, p50Ms, p99Ms, benchmarkP99Ms }: Visit): string {
  const words = `${formatCount(served)} of ${formatCount(expected)} served, ${missing} not connected, ${leaked} leaked`;
  const tails = `p50 ${p50Ms.toFixed(1)}  p99 ${p99Ms.toFixed(1)} ms`;
  return `${words}, ${tails}, p99 of redis-benchmark ${benchmarkP99Ms.toFixed(1)} ms`;
}
