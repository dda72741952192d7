/**
 * Resident bytes per key: how much the process grew while keys of 16 bytes were loaded, divided by their
 * number. What a process takes when empty is its own figure, so that neither hides in the other.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type Bench, type Row, turnsOf } from "../bench.js";
import { expectKeys, fill } from "../filling.js";
import type { GoalId } from "../goals.js";
import { type Figure, type Measurement, measurementsOf } from "../measurement.js";
import { residentBytes } from "../proc.js";
import { formatCount } from "../report/format.js";
import { type Contender, startServer } from "../servers.js";
import { inTurns } from "../turns.js";

export const memoryRows: readonly Row[] = [memory(3, "bytes-d3"), memory(100, "bytes-d100")];

function memory(valueBytes: number, goal: GoalId): Row {
  return {
    name: `memory-d${valueBytes}`,
    title: `Resident memory per key of 16 bytes, ${valueBytes}-byte values`,
    measure: (bench) => measure(bench, valueBytes, goal),
  };
}

interface Growth {
  readonly emptyMegabytes: number;
  /** Aligned with the key counts of the scale. */
  readonly bytesPerKey: readonly number[];
}

async function measure(bench: Bench, valueBytes: number, goal: GoalId): Promise<Measurement[]> {
  const { scale, contenders } = bench;
  // Bytes do not depend on how busy others are: no round is repeated.
  const turns = { ...turnsOf(bench, contenders, scale.memoryRounds), repeatsMax: 0 };
  const growth = await inTurns(turns, (contender) => grow(bench, contender, valueBytes));
  const perKey = scale.memoryKeys.map(
    (keys, place): Figure<Growth> => ({
      id: String(keys),
      figure: "resident bytes per key",
      unit: "bytes",
      // Judged at the largest count: at fewer keys, what does not depend on them weighs more.
      goal: place === scale.memoryKeys.length - 1 ? goal : undefined,
      label: `${formatCount(keys)} keys, ${valueBytes} B`,
      sample: `${formatCount(keys)} keys`,
      of: ({ bytesPerKey }) => bytesPerKey[place]!,
    }),
  );
  const empty: Figure<Growth> = {
    id: "empty",
    figure: "resident memory, empty",
    unit: "MB",
    of: ({ emptyMegabytes }) => emptyMegabytes,
  };
  const common = { id: `memory-d${valueBytes}`, label: "no keys", sample: "a fresh process" };
  return measurementsOf(common, [...perKey, empty], growth);
}

/** A fresh process each time: memory that an earlier load had freed would come for nothing. */
async function grow(bench: Bench, contender: Contender, valueBytes: number): Promise<Growth> {
  const server = await startServer(bench.children, contender);
  try {
    await pause(bench.scale.settleMs);
    const empty = residentBytes(server.pid);
    const bytesPerKey: number[] = [];
    let loaded = 0;
    for (const keys of bench.scale.memoryKeys) {
      const range = { first: loaded, count: keys - loaded, seed: 1, salt: 0 };
      await fill(bench.children, { port: server.port, prefix: "key:", valueBytes, ...range });
      loaded = keys;
      await expectKeys(server.port, keys);
      await pause(bench.scale.settleMs);
      bytesPerKey.push((residentBytes(server.pid) - empty) / keys);
    }
    const emptyMegabytes = empty / 1e6;
    const figures = bytesPerKey.map((bytes) => bytes.toFixed(1)).join(", ");
    bench.note(`  ${server.name.padEnd(8)} ${figures} B/key, empty ${emptyMegabytes.toFixed(1)} MB`);
    return { emptyMegabytes, bytesPerKey };
  } finally {
    await server.stop();
  }
}
