/**
 * The longest time for which a second client gets no answer while keys are loaded, and while they are
 * overwritten: the price of growing tables, of garbage and of whatever else a server does all at once.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type Bench, type Row, turnsOf } from "../bench.js";
import type { Lap, ProbeRequest } from "../clients/probe.js";
import { expectKeys, fill } from "../filling.js";
import { LoadClient } from "../load-client.js";
import { type Figure, type Measurement, measurementsOf } from "../measurement.js";
import { formatCount } from "../report/format.js";
import { type Contender, startServer } from "../servers.js";
import { inTurns } from "../turns.js";

interface Placement {
  readonly name: string;
  readonly title: string;
  /** Four bytes. A prefix in braces puts every key into one slot of the cluster's 16384. */
  readonly prefix: string;
}

const answerMsMax = 30_000;
const valueBytes = 3;

export const stallRows: readonly Row[] = [
  stall({ name: "stall-spread", title: "spread over all slots", prefix: "key:" }),
  stall({ name: "stall-tag", title: "under one hash tag", prefix: "{t}:" }),
];

function stall(placement: Placement): Row {
  return {
    name: placement.name,
    title: `Longest stall of a second client while keys load and are overwritten, ${placement.title}`,
    measure: (bench) => measure(bench, placement),
  };
}

interface Laps {
  readonly idle: Lap;
  readonly load: Lap;
  readonly overwrite: Lap;
}

async function measure(bench: Bench, placement: Placement): Promise<Measurement[]> {
  const { contenders, scale } = bench;
  const laps = await inTurns(turnsOf(bench, contenders, scale.stallRounds), (contender) =>
    loadBeside(bench, contender, placement),
  );
  const longest = { figure: "longest stall", unit: "ms" } as const;
  const p99 = { figure: "p99 of a second client", unit: "ms" } as const;
  const [loading, overwriting] = [`load, ${placement.title}`, `overwrite, ${placement.title}`];
  const figures: readonly Figure<Laps>[] = [
    { id: "load-max", label: loading, ...longest, goal: "stall", of: ({ load }) => load.maxMs },
    {
      id: "overwrite-max",
      label: overwriting,
      ...longest,
      goal: "stall",
      of: ({ overwrite }) => overwrite.maxMs,
    },
    { id: "idle-max", label: "idle", sample: "no load", ...longest, of: ({ idle }) => idle.maxMs },
    { id: "load-p99", label: loading, ...p99, of: ({ load }) => load.p99Ms },
    { id: "overwrite-p99", label: overwriting, ...p99, of: ({ overwrite }) => overwrite.p99Ms },
  ];
  const common = {
    id: placement.name,
    label: placement.title,
    sample: `${formatCount(scale.stallKeys)} keys`,
  };
  return measurementsOf(common, figures, laps);
}

async function loadBeside(bench: Bench, contender: Contender, { prefix }: Placement): Promise<Laps> {
  const { children, scale } = bench;
  const server = await startServer(children, contender);
  try {
    const probe = LoadClient.start<ProbeRequest, Lap>(children, "probe");
    const lap = (): Promise<Lap> => probe.ask({ kind: "lap" }, answerMsMax);
    const keys = { port: server.port, prefix, first: 0, count: scale.stallKeys, valueBytes };
    await probe.ask({ kind: "start", port: server.port }, answerMsMax);
    await pause(scale.idleMs); // The first answers of all warm the probe up and are not counted.
    await lap();
    await pause(scale.idleMs);
    const idle = await lap();
    await fill(children, { ...keys, seed: 1, salt: 0 });
    const loading = await lap();
    await fill(children, { ...keys, seed: 2, salt: 1 });
    const laps = { idle, load: loading, overwrite: await lap() };
    await probe.stop();
    await expectKeys(server.port, scale.stallKeys + 1);
    const words = Object.entries(laps).map(([phase, { maxMs }]) => `${phase} ${maxMs.toFixed(2)} ms`);
    bench.note(`  ${server.name.padEnd(8)} longest stall: ${words.join(", ")}`);
    return laps;
  } finally {
    await server.stop();
  }
}
