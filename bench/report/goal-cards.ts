/** One card a goal: what must be reached, and where each measurement that serves it lies. */
import type { Goal } from "../goals.js";
import type { Measurement } from "../measurement.js";
import { median, ratios } from "../statistics.js";
import type { GoalVerdict, Outcome } from "../verdict.js";
import { element, type Markup } from "./markup.js";
import { type Axis, axisFor, targetPlot } from "./plot.js";
import { type Report, rivalOf } from "./report.js";
import { circumstancesWords, markWords, outcomeWords, ratioWords, spreadWords } from "./words.js";

const signs: Readonly<Record<Outcome, string>> = {
  aim: "\u2605",
  must: "\u2713",
  miss: "\u2717",
  unjudged: "\u2013",
};

export function goalCards(report: Report): Markup[] {
  const byId = new Map(report.measurements.map((measurement) => [measurement.id, measurement]));
  return [legend(rivalOf(report)?.name), ...report.verdicts.map((verdict) => card(verdict, byId))];
}

function card({ goal, outcome, members }: GoalVerdict, byId: ReadonlyMap<string, Measurement>): Markup {
  const measured = members.map((member) => ({ ...member, measurement: byId.get(member.id)! }));
  const axis = axisOf(
    goal,
    measured.map(({ measurement }) => measurement),
  );
  // What is the same for every row is said by the title already.
  const sameFigure = new Set(measured.map(({ measurement }) => measurement.figure)).size === 1;
  return element(
    "section",
    { class: "card" },
    element(
      "div",
      { class: "goal-head" },
      badge(outcome),
      element("h3", {}, goal.title),
      element("span", { class: "soft small" }, markWords(goal, measured[0]!.measurement.unit)),
    ),
    ...measured.map(({ measurement, outcome: own }) => row(goal, axis, measurement, own, sameFigure)),
  );
}

function row(
  goal: Goal,
  axis: Axis | undefined,
  measurement: Measurement,
  outcome: Outcome,
  sameFigure: boolean,
): Markup {
  const values = judgedValues(goal, measurement);
  const words =
    (goal.judges === "ratio" ? ratioWords(measurement) : undefined) ??
    spreadWords(measurement.ours, measurement.unit);
  const circumstances = circumstancesWords(measurement);
  const label = `${circumstances}: ${measurement.figure}`;
  const description = `${label}: ${words}, ${outcomeWords[outcome]}`;
  const rival = rivalMark(goal, measurement);
  const { better, must, aim } = goal;
  return element(
    "div",
    { class: "row" },
    element("span", { class: "small" }, sameFigure ? circumstances : label),
    axis === undefined || values.length === 0
      ? element("span", {})
      : targetPlot({ axis, better, must, aim, values, rival, description }),
    element("span", { class: "value number small" }, `${words} ${signs[outcome]}`),
  );
}

function badge(outcome: Outcome): Markup {
  return element("span", { class: `badge ${outcome}` }, `${signs[outcome]} ${outcomeWords[outcome]}`);
}

function judgedValues(goal: Goal, { ours, rival }: Measurement): readonly number[] {
  if (goal.judges === "figure") return ours;
  return rival.length === 0 ? [] : ratios(ours, rival).filter(Number.isFinite);
}

function rivalMark(goal: Goal, { rival }: Measurement): number | undefined {
  if (rival.length === 0) return undefined;
  return goal.judges === "ratio" ? 1 : median(rival);
}

/** One axis for all members, so that they can be compared; undefined if all there is to show is zero. */
function axisOf(goal: Goal, measurements: readonly Measurement[]): Axis | undefined {
  const shown = measurements.flatMap((measurement) => [
    ...judgedValues(goal, measurement),
    rivalMark(goal, measurement) ?? 0,
  ]);
  const all = [...shown, goal.must ?? 0, goal.aim];
  return all.every((value) => value === 0) ? undefined : axisFor(all);
}

function legend(rivalName: string | undefined): Markup {
  const item = (drawing: readonly Markup[], words: string): Markup =>
    element("li", {}, element("svg", { width: 22, height: 14, "aria-hidden": "true" }, ...drawing), words);
  const zone = (kind: string): Markup[] => [element("rect", { y: 1, width: 22, height: 12, class: kind })];
  const ours = [
    element("line", { x1: 2, x2: 20, y1: 7, y2: 7, class: "range" }),
    element("circle", { cx: 11, cy: 7, r: 5, class: "dot" }),
  ];
  return element(
    "ul",
    { class: "legend small soft" },
    item(ours, "our median, and the rounds"),
    ...(rivalName === undefined
      ? []
      : [item([element("circle", { cx: 11, cy: 7, r: 5, class: "ring" })], rivalName)]),
    item(zone("zone-must"), "passes"),
    item(zone("zone-aim"), "reaches the aim"),
  );
}
