/** The longest time for which a second client gets no answer when a large collection is deleted, and when it expires. */
import { setTimeout as pause } from "node:timers/promises";
import { type Bench, type Row, turnsOf } from "../bench.js";
import type { Lap, ProbeRequest } from "../clients/probe.js";
import { type LargeCollection, largeCollections, largeKey } from "../collections.js";
import { gather } from "../gathering.js";
import { LoadClient } from "../load-client.js";
import { type Figure, type Measurement, measurementsOf } from "../measurement.js";
import { formatCount } from "../report/format.js";
import { Connection } from "../resp.js";
import { type Contender, startServer } from "../servers.js";
import { inTurns } from "../turns.js";

const answerMsMax = 30_000;
const pollMs = 20;

export const collectionEndRows: readonly Row[] = largeCollections.map((collection) => ({
  name: `end-${collection.name}`,
  title: `Longest stall of a second client when ${collection.title} goes`,
  measure: (bench) => measure(bench, collection),
}));

interface Laps {
  readonly idle: Lap;
  readonly deleted: Lap;
  readonly expired: Lap;
}

async function measure(bench: Bench, { name, title }: LargeCollection): Promise<Measurement[]> {
  const { contenders, scale } = bench;
  const laps = await inTurns(turnsOf(bench, contenders, scale.stallRounds), (contender) =>
    end(bench, contender, name),
  );
  const longest = { figure: "longest stall", unit: "ms" } as const;
  const figures: readonly Figure<Laps>[] = [
    {
      id: "deleted",
      label: `${title}, DEL`,
      ...longest,
      goal: "collection-end",
      of: ({ deleted }) => deleted.maxMs,
    },
    {
      id: "expired",
      label: `${title}, expiry`,
      ...longest,
      goal: "collection-end",
      of: ({ expired }) => expired.maxMs,
    },
    { id: "idle", label: "idle", ...longest, of: ({ idle }) => idle.maxMs },
  ];
  const sample = `${formatCount(scale.elements)} elements`;
  return measurementsOf({ id: `end-${name}`, label: title, sample }, figures, laps);
}

async function end(bench: Bench, contender: Contender, collection: string): Promise<Laps> {
  const { children, note, scale } = bench;
  const server = await startServer(children, contender);
  const connection = await Connection.open(server.port);
  try {
    const probe = LoadClient.start<ProbeRequest, Lap>(children, "probe");
    const lap = (): Promise<Lap> => probe.ask({ kind: "lap" }, answerMsMax);
    await probe.ask({ kind: "start", port: server.port }, answerMsMax);
    const after = async (...command: readonly string[]): Promise<Lap> => {
      await gather(children, { port: server.port, collection, count: scale.elements });
      await pause(scale.settleMs);
      await lap();
      await connection.call(...command);
      // The key of the probe stays.
      while ((await connection.call("DBSIZE")) !== "1") await pause(pollMs);
      // What is gone may be given back bit by bit.
      await pause(scale.idleMs);
      return lap();
    };
    await pause(scale.idleMs); // The first answers of all warm the probe up and are not counted.
    await lap();
    await pause(scale.idleMs);
    const idle = await lap();
    const laps = {
      idle,
      deleted: await after("DEL", largeKey),
      expired: await after("PEXPIRE", largeKey, "1"),
    };
    await probe.stop();
    const words = Object.entries(laps).map(([what, { maxMs }]) => `${what} ${maxMs.toFixed(2)} ms`);
    note(`  ${server.name.padEnd(8)} longest stall: ${words.join(", ")}`);
    return laps;
  } finally {
    connection.close();
    await server.stop();
  }
}
