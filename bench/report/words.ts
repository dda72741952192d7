/** Goals and outcomes in words, the same on the terminal and on the page. */
import type { Goal } from "../goals.js";
import type { Measurement, Unit } from "../measurement.js";
import type { Scale } from "../scale.js";
import { medianInterval, ratios, summarize } from "../statistics.js";
import type { Outcome } from "../verdict.js";
import { formatFigure, formatRatio, formatSpread } from "./format.js";

export const outcomeWords: Readonly<Record<Outcome, string>> = {
  aim: "aim reached",
  must: "passed",
  miss: "MISSED",
  unjudged: "not judged",
};

/** `must <= 25 ms, aim <= 10 ms`, or `must >= ×1.20, aim >= ×1.40`. */
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

/**
 * With as many rounds the range only says how odd the oddest was, and small differences can be told: an interval for the median
 * then, and a digit more.
 */
const intervalRounds = 12;

/** Median of the ratios with their range, or with where it lies for certain (95 %); undefined if there is no rival, or both have nothing. */
export function ratioWords({ ours, rival, unit }: Measurement): string | undefined {
  // Shares describe the circumstances: there is nothing to gain by having more or less of them.
  if (rival.length === 0 || unit === "share") return undefined;
  const { median, min, max } = summarize(ratios(ours, rival));
  if (!Number.isFinite(median)) return undefined;
  const interval = ours.length < intervalRounds ? undefined : medianInterval(ratios(ours, rival));
  if (interval !== undefined) {
    const [low, high] = interval.map((bound) => bound.toFixed(3));
    return `${formatRatio(median, 3)} (95 %: ${low}\u2013${high})`;
  }
  return ours.length === 1
    ? formatRatio(median)
    : `${formatRatio(median)} (${min.toFixed(2)}\u2013${max.toFixed(2)})`;
}

/** Under what circumstances, and beside what if that is not the rival. */
export function circumstancesWords({ label, beside }: Measurement): string {
  return beside === undefined ? label : `${label}, beside ${beside}`;
}

/** Median with its range, or a dash if nothing was measured. */
export function spreadWords(values: readonly number[], unit: Unit): string {
  return values.length === 0 ? "\u2013" : formatSpread(summarize(values), unit);
}

/** Fewer rounds have no middle to speak of. */
const verdictRounds = 3;

/** What the scale of a run lets its figures say. */
export function scaleWords({ name, rounds }: Pick<Scale, "name" | "rounds">): string {
  switch (name) {
    case "full":
      return isVerdict({ name, rounds })
        ? `Full run, ${rounds} rounds.`
        : "Full run, but with too few rounds for a verdict.";
    case "quick":
      return "Quick run: hints, no verdict. Fewer keys, shorter and fewer rounds than the goals are set for.";
    case "smoke":
      return "Smoke test: shows that all parts run. Its figures mean nothing.";
  }
}

export function isVerdict({ name, rounds }: Pick<Scale, "name" | "rounds">): boolean {
  return name === "full" && rounds >= verdictRounds;
}
