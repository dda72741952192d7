/** What a row hands to the report: one figure for each server and round, with what a reader needs to trust it. */
import type { GoalId } from "./goals.js";

export type Unit = "op/s" | "us" | "ms" | "bytes" | "MB" | "share" | "count";

export interface Measurement {
  /** Unique in a report, such as `p16-d3-set-rate`. */
  readonly id: string;
  /** Under what circumstances: `SET, P16, 3 B`. */
  readonly label: string;
  /** What was measured: `rate`, `p99 latency`. */
  readonly figure: string;
  /** The goal it is judged by; undefined for a figure that only informs. */
  readonly goal: GoalId | undefined;
  readonly unit: Unit;
  readonly better: "lower" | "higher";
  /** How much was done for each figure: `600,000 requests`, `5,000,000 keys`. */
  readonly sample: string;
  /** One figure a round. */
  readonly ours: readonly number[];
  /** One figure a round, aligned with `ours`; empty if there is no rival. */
  readonly rival: readonly number[];
}
