/** Goals and outcomes in words, the same on the terminal and on the page. */
import type { Goal } from "../goals.js";
import type { Measurement, Unit } from "../measurement.js";
import { ratios, summarize } from "../statistics.js";
import type { Outcome } from "../verdict.js";
import { formatFigure, formatRatio } from "./format.js";

export const outcomeWords: Readonly<Record<Outcome, string>> = {
  aim: "aim reached",
  must: "passed",
  miss: "MISSED",
  unjudged: "not judged",
};

/** `must <= 25 ms, aim <= 10 ms`, or `must >= x1.20, aim >= x1.40`. */
export function markWords(goal: Goal, unit: Unit): string {
  const sign = goal.better === "lower" ? "\u2264" : "\u2265";
  const must = goal.must === undefined ? [] : [`must ${sign} ${formatMark(goal, goal.must, unit)}`];
  return [...must, `aim ${sign} ${formatMark(goal, goal.aim, unit)}`].join(", ");
}

/** A figure on the scale that the goal is judged on. */
export function formatMark(goal: Goal, value: number, unit: Unit): string {
  if (goal.judges === "ratio") return formatRatio(value);
  // Marks are round numbers: 85 B, not 85.0 B.
  return formatFigure(value, unit).replace(/\.0+(?= |$)/, "");
}

/** Median of the ratios with their range; undefined if there is no rival, or both have nothing. */
export function ratioWords({ ours, rival }: Measurement): string | undefined {
  if (rival.length === 0) return undefined;
  const { median, min, max } = summarize(ratios(ours, rival));
  if (!Number.isFinite(median)) return undefined;
  return ours.length === 1
    ? formatRatio(median)
    : `${formatRatio(median)} (${min.toFixed(2)}\u2013${max.toFixed(2)})`;
}

/** Median with its range: `8.1 us (8.0-8.3)`. */
export function spreadWords(values: readonly number[], unit: Unit): string {
  if (values.length === 0) return "\u2013";
  const { median, min, max } = summarize(values);
  const range = `${formatFigure(min, unit)}\u2013${formatFigure(max, unit)}`;
  return min === max ? formatFigure(median, unit) : `${formatFigure(median, unit)} (${range})`;
}

export function scaleWords(name: "full" | "quick" | "smoke"): string {
  switch (name) {
    case "full":
      return "Full run.";
    case "quick":
      return "Quick run: hints, no verdict. Fewer keys, shorter and fewer rounds than the goals are set for.";
    case "smoke":
      return "Smoke test: shows that all parts run. Its figures mean nothing.";
  }
}
