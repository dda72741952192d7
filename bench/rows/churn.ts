/** Twenty thousand connects and closes: each must be served, and the server must be left as it was before. */
import { type Bench, type Row, turnsOf } from "../bench.js";
import type { ChurnAnswer, ChurnRequest } from "../clients/churn.js";
import { LoadClient } from "../load-client.js";
import { type Figure, type Measurement, measurementsOf } from "../measurement.js";
import { cpuSeconds, leakedDescriptors, residentBytes, settledDescriptors } from "../proc.js";
import { formatCount } from "../report/format.js";
import { type Contender, type Server, startServer } from "../servers.js";
import { inTurns } from "../turns.js";

export const churnRow: Row = { name: "churn", title: "Connects and closes, one PING each", measure };

const answerMsMax = 120_000;

const figures: readonly Figure<Visits>[] = [
  {
    id: "lost",
    figure: "lost or leaked",
    unit: "count",
    goal: "churn-served",
    of: ({ lost, leaked }) => lost + leaked,
  },
  { id: "cpu", figure: "CPU per connection", unit: "us", of: ({ cpuMicros }) => cpuMicros },
  { id: "rate", figure: "connections", unit: "op/s", of: ({ perSecond }) => perSecond },
  { id: "growth", figure: "memory growth", unit: "MB", of: ({ grownMegabytes }) => grownMegabytes },
];

async function measure(bench: Bench): Promise<Measurement[]> {
  const { contenders, scale } = bench;
  const visits = await inTurns(turnsOf(bench, contenders, scale.churnRounds), (contender) =>
    churn(bench, contender),
  );
  const connects = `${formatCount(scale.churnConnects)} connects`;
  return measurementsOf({ id: "churn", label: connects, sample: connects }, figures, visits);
}

interface Visits {
  readonly lost: number;
  readonly leaked: number;
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly grownMegabytes: number;
}

/** A fresh server each time: on a new port, none of the client's lingering ports is in the way. */
async function churn({ children, scale, note }: Bench, contender: Contender): Promise<Visits> {
  const server = await startServer(children, contender);
  try {
    const before = {
      descriptors: await settledDescriptors(server.pid),
      resident: residentBytes(server.pid),
      cpu: cpuSeconds(server.pid),
    };
    const answer = await run(children, server, scale.churnConnects);
    const visits = {
      lost: scale.churnConnects - answer.served,
      leaked: await leakedDescriptors(server.pid, before.descriptors),
      cpuMicros: ((cpuSeconds(server.pid) - before.cpu) * 1e6) / scale.churnConnects,
      perSecond: answer.served / answer.seconds,
      grownMegabytes: (residentBytes(server.pid) - before.resident) / 1e6,
    };
    const { lost, leaked, cpuMicros, perSecond, grownMegabytes } = visits;
    const words = `${lost} lost, ${leaked} leaked, ${perSecond.toFixed(0)}/s, ${cpuMicros.toFixed(0)} us of CPU each`;
    note(`  ${server.name.padEnd(8)} ${words}, grown by ${grownMegabytes.toFixed(1)} MB`);
    return visits;
  } finally {
    await server.stop();
  }
}

async function run(children: Bench["children"], server: Server, connects: number): Promise<ChurnAnswer> {
  const client = LoadClient.start<ChurnRequest, ChurnAnswer>(children, "churn");
  const answer = await client.ask({ port: server.port, connects }, answerMsMax);
  await client.stop();
  return answer;
}
