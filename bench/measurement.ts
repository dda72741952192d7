/** What a row hands to the report: one figure for each server and round, with what a reader needs to trust it. */
import type { GoalId } from "./goals.js";
import type { Metered } from "./meter.js";
import type { Side } from "./servers.js";

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
  /** How much was done for each figure: `600,000 requests`, `5,000,000 keys`. */
  readonly sample: string;
  /** One figure a round. */
  readonly ours: readonly number[];
  /** One figure a round, aligned with `ours`; empty if there is no rival. */
  readonly rival: readonly number[];
  /** What the second series is of, where it is not the rival: `all keys local`. */
  readonly beside?: string | undefined;
}

/** One value for each side, by round, with what others did meanwhile. */
export type Series<Value> = Readonly<Record<Side, Metered<Value>[]>>;

/** One of the figures that a row takes from each value of a series. */
export interface Figure<Value> {
  /** Completes the id of the row's measurements. */
  readonly id: string;
  readonly figure: string;
  readonly unit: Unit;
  readonly goal?: GoalId | undefined;
  readonly label?: string;
  readonly sample?: string;
  readonly of: (value: Value) => number;
}

/**
 * All figures of a series, and the foreign load under which they were taken. What a figure does not say
 * itself is the same for all of them.
 */
export function measurementsOf<Value>(
  common: Pick<Measurement, "id" | "label" | "sample" | "beside">,
  figures: readonly Figure<Value>[],
  series: Series<Value>,
): Measurement[] {
  const taken = figures.map(({ id, figure, unit, goal, label, sample, of }) => ({
    id: `${common.id}-${id}`,
    label: label ?? common.label,
    figure,
    goal,
    unit,
    sample: sample ?? common.sample,
    beside: common.beside,
    ours: series.ours.map(({ value }) => of(value)),
    rival: series.rival.map(({ value }) => of(value)),
  }));
  const foreign: Measurement = {
    ...common,
    id: `${common.id}-foreign`,
    figure: "foreign load",
    goal: undefined,
    unit: "share",
    ours: series.ours.map(({ foreignBusy }) => foreignBusy),
    rival: series.rival.map(({ foreignBusy }) => foreignBusy),
  };
  return [...taken, foreign];
}
