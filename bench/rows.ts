/** The rows of the benchmark in the order in which they run. */
import type { Row } from "./bench.js";
import { churnRow } from "./rows/churn.js";
import { clusterModeRow } from "./rows/cluster-mode.js";
import { collectionEndRows } from "./rows/collection-end.js";
import { collectionMemoryRows } from "./rows/collection-memory.js";
import { crowdRow } from "./rows/crowd.js";
import { defaultTestRows } from "./rows/default-tests.js";
import { memoryRows } from "./rows/memory.js";
import { oneEntryRow } from "./rows/one-entry.js";
import { queueRow } from "./rows/queue.js";
import { quorumLatencyRow } from "./rows/quorum-latency.js";
import { recoveryRows } from "./rows/recovery.js";
import { remoteRows } from "./rows/remote.js";
import { replicatedRows } from "./rows/replicated.js";
import { replicationAloneRow } from "./rows/replication-alone.js";
import { resyncRows } from "./rows/resync.js";
import { stallRows } from "./rows/stall.js";
import { startRow } from "./rows/start.js";
import { takeoverRows } from "./rows/takeover.js";
import { loggedThroughputRows, throughputRows } from "./rows/throughput.js";

export const rows: readonly Row[] = [
  ...throughputRows,
  ...defaultTestRows,
  ...memoryRows,
  ...collectionMemoryRows,
  ...stallRows,
  ...collectionEndRows,
  startRow,
  crowdRow,
  churnRow,
  queueRow,
  ...loggedThroughputRows,
  ...recoveryRows,
  ...remoteRows,
  oneEntryRow,
  clusterModeRow,
  replicationAloneRow,
  ...replicatedRows,
  quorumLatencyRow,
  ...takeoverRows,
  ...resyncRows,
];

/**
 * Rows with one of these names, or with a name that begins with one of them and a hyphen (`p16` chooses
 * `p16-d3` and `p16-d100`); all rows if there is none. Throws on a name that fits no row.
 */
export function rowsNamed(names: readonly string[]): readonly Row[] {
  for (const name of names) {
    if (!rows.some((row) => isCalled(row, name))) {
      throw new RangeError(
        `--only ${name}: there is no such row, but ${rows.map((row) => row.name).join(", ")}`,
      );
    }
  }
  return names.length === 0 ? rows : rows.filter((row) => names.some((name) => isCalled(row, name)));
}

function isCalled(row: Row, name: string): boolean {
  return row.name === name || row.name.startsWith(`${name}-`);
}
