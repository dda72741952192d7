/**
 * Two small charts as inline SVG. Positions along the value axis are percentages and heights are pixels,
 * so that a chart fills whatever width the page gives it while its dots and letters keep their size.
 */
import type { Measurement } from "../measurement.js";
import { summarize } from "../statistics.js";
import { element, type Markup } from "./markup.js";

/** Where values lie on an axis that starts at zero, since what is compared are ratios of lengths. */
export interface Axis {
  readonly max: number;
}

/** An axis with a little room beyond the largest of `values`. */
export function axisFor(values: readonly number[]): Axis {
  const largest = Math.max(...values.filter(Number.isFinite));
  return { max: largest > 0 ? largest * 1.08 : 1 };
}

export function percentAt({ max }: Axis, value: number): string {
  return `${((100 * Math.min(value, max)) / max).toFixed(2)}%`;
}

const rowHeight = 26;
const middle = rowHeight / 2;

export interface TargetPlot {
  readonly axis: Axis;
  readonly better: "lower" | "higher";
  readonly must: number | undefined;
  readonly aim: number;
  /** What was judged, one value a round. */
  readonly values: readonly number[];
  /** Median of the rival on the same axis: 1 for ratios. */
  readonly rival: number | undefined;
  /** What a screen reader says instead. */
  readonly description: string;
}

/** The zones that a goal sets, our rounds as ticks, their median as a dot, the rival's as a ring. */
export function targetPlot({ axis, better, must, aim, values, rival, description }: TargetPlot): Markup {
  const { median, min, max } = summarize(values);
  const at = (value: number): string => percentAt(axis, value);
  const zone = (from: number, to: number, kind: string): Markup =>
    element("rect", {
      x: at(from),
      width: percentAt(axis, to - from),
      y: 3,
      height: rowHeight - 6,
      class: kind,
    });
  const zones =
    better === "lower"
      ? [zone(0, must ?? axis.max, "zone-must"), zone(0, aim, "zone-aim")]
      : [zone(must ?? 0, axis.max, "zone-must"), zone(aim, axis.max, "zone-aim")];
  const ring =
    rival === undefined ? [] : [element("circle", { cx: at(rival), cy: middle, r: 5, class: "ring" })];
  return element(
    "svg",
    { class: "plot", width: "100%", height: rowHeight, role: "img", "aria-label": description },
    element("rect", { x: 0, y: 3, width: "100%", height: rowHeight - 6, class: "ground" }),
    ...zones,
    ...ring,
    element("line", { x1: at(min), x2: at(max), y1: middle, y2: middle, class: "range" }),
    ...values.map((value) =>
      element("line", { x1: at(value), x2: at(value), y1: middle - 4, y2: middle + 4, class: "range" }),
    ),
    element("circle", { cx: at(median), cy: middle, r: 5, class: "dot" }),
  );
}

/** A bar as long as the median, with a whisker from the smallest to the largest round. */
export function barPlot(axis: Axis, values: readonly number[], kind: "ours" | "rival"): Markup {
  const { median, min, max } = summarize(values);
  const at = (value: number): string => percentAt(axis, value);
  const whisker =
    values.length === 1
      ? []
      : [element("line", { x1: at(min), x2: at(max), y1: 7, y2: 7, class: "whisker" })];
  return element(
    "svg",
    { class: "plot", width: "100%", height: 14, "aria-hidden": "true" },
    element("rect", { x: 0, y: 1, height: 12, rx: 2, width: at(median), class: `bar ${kind}` }),
    ...whisker,
  );
}

/** Every figure of a group on one axis. */
export function commonAxis(measurements: readonly Measurement[]): Axis {
  return axisFor(measurements.flatMap(({ ours, rival }) => [...ours, ...rival]));
}
