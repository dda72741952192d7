/** A job queue through ioredis, as BullMQ keeps one but without scripts: many types at once, transactions, and workers that wait for jobs. */
import { type Bench, type Row, turnsOf, withServers } from "../bench.js";
import type { QueueAnswer, QueueRequest } from "../clients/queue.js";
import { LoadClient } from "../load-client.js";
import { type Figure, type Measurement, measurementsOf } from "../measurement.js";
import { fineCpuSeconds } from "../proc.js";
import { formatCount } from "../report/format.js";
import type { Server } from "../servers.js";
import { inTurns } from "../turns.js";

const producers = 8;
const workers = 16;
const answerMsMax = 90_000;

export const queueRow: Row = {
  name: "queue",
  title: `A job queue through ioredis: ${producers} clients add jobs, ${workers} wait for them and complete them`,
  measure,
};

interface Run {
  readonly wrong: number;
  readonly perSecond: number;
  readonly cpuMicros: number;
}

const figures: readonly Figure<Run>[] = [
  { id: "wrong", figure: "jobs lost or wrong", unit: "count", goal: "queue-jobs", of: ({ wrong }) => wrong },
  { id: "rate", figure: "rate", unit: "op/s", goal: "queue-rate", of: ({ perSecond }) => perSecond },
  { id: "cpu", figure: "CPU per operation", unit: "us", of: ({ cpuMicros }) => cpuMicros },
];

async function measure(bench: Bench): Promise<Measurement[]> {
  const { queueJobs, rounds } = bench.scale;
  const runs = await withServers(bench, (servers) =>
    inTurns(turnsOf(bench, servers, rounds), (server) => run(bench, server, queueJobs)),
  );
  const about = {
    id: "queue",
    label: `${formatCount(queueJobs)} jobs`,
    sample: `${formatCount(queueJobs)} jobs`,
  };
  return measurementsOf(about, figures, runs);
}

async function run({ children, note }: Bench, server: Server, jobs: number): Promise<Run> {
  const client = LoadClient.start<QueueRequest, QueueAnswer>(children, "queue");
  try {
    await client.ask({ kind: "connect", port: server.port, producers, workers }, answerMsMax);
    // Connections, and what a just-in-time compiler does for the first of so many kinds of commands, are not what is asked.
    await client.ask({ kind: "work", jobs }, answerMsMax);
    const before = fineCpuSeconds(server.pid);
    const { operations, seconds, wrong } = await client.ask({ kind: "work", jobs }, answerMsMax);
    const cpuMicros = ((fineCpuSeconds(server.pid) - before) * 1e6) / operations;
    await client.ask({ kind: "leave" }, answerMsMax);
    const perSecond = operations / seconds;
    note(
      `  ${server.name.padEnd(8)} ${(perSecond / 1000).toFixed(1).padStart(6)} k/s ${cpuMicros.toFixed(2).padStart(7)} us/op  ${wrong} wrong`,
    );
    return { wrong, perSecond, cpuMicros };
  } finally {
    await client.stop();
  }
}
