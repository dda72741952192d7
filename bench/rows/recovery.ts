/**
 * What a snapshot costs those who are served meanwhile, how large it is, and how long a start from it takes; and how long a start
 * from a log takes in which every key was set once.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Bench, type Row, turnsOf } from "../bench.js";
import type { Lap, ProbeRequest } from "../clients/probe.js";
import { expectKeys, fill } from "../filling.js";
import { LoadClient } from "../load-client.js";
import { type Measurement, measurementsOf } from "../measurement.js";
import { formatCount } from "../report/format.js";
import { Connection } from "../resp.js";
import { type Contender, type Server, startServer } from "../servers.js";
import { inTurns } from "../turns.js";

const keyBytes = 16;
const valueBytes = 100;
const answerMsMax = 30_000;
const snapshotMsMax = 120_000;
const pollMs = 20;

/** Rules that never fire within a run: what is there at start is loaded, and nothing is saved unasked. */
const snapshotsOnly = ["--save", "86400 1", "--appendonly", "no"];
/** Nor is the log shortened, so that all of it is replayed. */
const logOnly = [
  "--save",
  "",
  "--appendonly",
  "yes",
  "--appendfsync",
  "no",
  "--auto-aof-rewrite-percentage",
  "0",
];

export const recoveryRows: readonly Row[] = [
  { name: "snapshot", title: "A snapshot, and a start from it", measure: measureSnapshot },
  { name: "replay", title: "A start from a log", measure: measureReplay },
];

interface SnapshotOutcome {
  readonly stallMs: number;
  readonly seconds: number;
  readonly bytesPerKey: number;
  readonly startMs: number;
}

async function measureSnapshot(bench: Bench): Promise<Measurement[]> {
  const { contenders, scale } = bench;
  const outcomes = await inTurns(turnsOf(bench, contenders, scale.stallRounds), (contender) =>
    snapshotOf(bench, contender),
  );
  const sample = `${formatCount(scale.stallKeys)} keys`;
  return measurementsOf<SnapshotOutcome>(
    { id: "snapshot", label: "snapshot", sample },
    [
      {
        id: "stall",
        figure: "longest stall",
        unit: "ms",
        goal: "snapshot-stall",
        of: ({ stallMs }) => stallMs,
      },
      { id: "seconds", figure: "duration", unit: "ms", of: ({ seconds }) => seconds * 1000 },
      {
        id: "bytes",
        figure: "bytes beyond key and value",
        unit: "bytes",
        goal: "snapshot-bytes",
        of: ({ bytesPerKey }) => bytesPerKey,
      },
      { id: "start", figure: "start", unit: "ms", goal: "load-snapshot", of: ({ startMs }) => startMs },
    ],
    outcomes,
  );
}

async function snapshotOf(bench: Bench, contender: Contender): Promise<SnapshotOutcome> {
  const { children, scale, note } = bench;
  const directory = children.temporaryDirectory();
  const server = await startServer(children, contender, { flags: snapshotsOnly, directory });
  let stallMs: number;
  let seconds: number;
  try {
    await load(bench, server);
    const probe = LoadClient.start<ProbeRequest, Lap>(children, "probe");
    const lap = (): Promise<Lap> => probe.ask({ kind: "lap" }, answerMsMax);
    await probe.ask({ kind: "start", port: server.port }, answerMsMax);
    await pause(scale.idleMs);
    await lap();
    seconds = await saveInBackground(server.port);
    stallMs = (await lap()).maxMs;
    await probe.stop();
  } finally {
    await server.kill();
  }
  const bytesPerKey = largestFileBytes(directory) / scale.stallKeys - keyBytes - valueBytes;
  // The probe has a key of its own.
  const keys = scale.stallKeys + 1;
  const startMs = await startAgain(bench, contender, { flags: snapshotsOnly, directory, keys });
  note(
    `  ${contender.name.padEnd(8)} longest stall ${stallMs.toFixed(2)} ms, written in ${seconds.toFixed(2)} s, ` +
      `${bytesPerKey.toFixed(1)} B/key more, start ${startMs.toFixed(0)} ms`,
  );
  return { stallMs, seconds, bytesPerKey, startMs };
}

async function measureReplay(bench: Bench): Promise<Measurement[]> {
  const { children, contenders, scale, note } = bench;
  const outcomes = await inTurns(turnsOf(bench, contenders, scale.stallRounds), async (contender) => {
    const directory = children.temporaryDirectory();
    const server = await startServer(children, contender, { flags: logOnly, directory });
    try {
      await load(bench, server);
    } finally {
      await server.stop();
    }
    const startMs = await startAgain(bench, contender, { flags: logOnly, directory, keys: scale.stallKeys });
    note(`  ${contender.name.padEnd(8)} start ${startMs.toFixed(0)} ms`);
    return startMs;
  });
  const sample = `${formatCount(scale.stallKeys)} SETs`;
  return measurementsOf<number>(
    { id: "replay", label: "log", sample },
    [{ id: "start", figure: "start", unit: "ms", goal: "load-log", of: (startMs) => startMs }],
    outcomes,
  );
}

async function load({ children, scale }: Bench, { port }: Server): Promise<void> {
  await fill(children, {
    port,
    prefix: "key:",
    first: 0,
    count: scale.stallKeys,
    valueBytes,
    seed: 1,
    salt: 0,
  });
  await expectKeys(port, scale.stallKeys);
}

/** Milliseconds until the first PONG. */
async function startAgain(
  { children }: Bench,
  contender: Contender,
  options: { readonly flags: readonly string[]; readonly directory: string; readonly keys: number },
): Promise<number> {
  const server = await startServer(children, contender, options);
  try {
    await expectKeys(server.port, options.keys);
    return server.firstPongMs;
  } finally {
    await server.kill();
    children.removeDirectory(options.directory);
  }
}

/** Resolves to the seconds it took, as seen from outside. */
async function saveInBackground(port: number): Promise<number> {
  const connection = await Connection.open(port);
  try {
    const startedMs = performance.now();
    await connection.call("BGSAVE");
    for (let info = ""; !info.includes("rdb_bgsave_in_progress:0"); ) {
      if (performance.now() - startedMs > snapshotMsMax) throw new Error("BGSAVE does not end");
      await pause(pollMs);
      info = await connection.call("INFO", "persistence");
    }
    const info = await connection.call("INFO", "persistence");
    if (!info.includes("rdb_last_bgsave_status:ok")) throw new Error("BGSAVE failed");
    return (performance.now() - startedMs) / 1000;
  } finally {
    connection.close();
  }
}

/** The snapshot, whatever it is called. */
function largestFileBytes(directory: string): number {
  const sizes = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
  return Math.max(0, ...sizes);
}
