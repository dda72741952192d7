/** The rows of the benchmark in the order in which they run. */
import type { Row } from "./bench.js";
import { churnRow } from "./rows/churn.js";
import { crowdRow } from "./rows/crowd.js";
import { memoryRows } from "./rows/memory.js";
import { stallRows } from "./rows/stall.js";
import { startRow } from "./rows/start.js";
import { throughputRows } from "./rows/throughput.js";

export const rows: readonly Row[] = [
  ...throughputRows,
  ...memoryRows,
  ...stallRows,
  startRow,
  crowdRow,
  churnRow,
];

/** Rows whose names begin with one of `prefixes`, or all if there is none. Throws on a prefix that fits no row. */
export function rowsNamed(prefixes: readonly string[]): readonly Row[] {
  for (const prefix of prefixes) {
    if (!rows.some((row) => row.name.startsWith(prefix))) {
      throw new RangeError(
        `--only ${prefix}: there is no such row, but ${rows.map((row) => row.name).join(", ")}`,
      );
    }
  }
  return prefixes.length === 0
    ? rows
    : rows.filter((row) => prefixes.some((prefix) => row.name.startsWith(prefix)));
}
