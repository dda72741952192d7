/** The report on the terminal: the goals with their verdicts first, since that is what the benchmark is for. */
import { goals } from "../goals.js";
import type { Measurement } from "../measurement.js";
import { ratios, summarize } from "../statistics.js";
import { judge, type Outcome, worst } from "../verdict.js";
import { formatFigure, formatRatio } from "./format.js";

const marks: Readonly<Record<Outcome, string>> = { aim: "aim", must: "pass", miss: "MISS", unjudged: "-" };

export function terminalReport(measurements: readonly Measurement[]): string {
  const lines: string[] = [];
  for (const goal of goals) {
    const members = measurements.filter((measurement) => measurement.goal === goal.id);
    if (members.length === 0) continue;
    const sign = goal.better === "lower" ? "<=" : ">=";
    const outcome = worst(members.map((member) => judge(member)!.outcome));
    const must = goal.must === undefined ? "" : `must ${sign} ${goal.must}, `;
    lines.push(
      `${marks[outcome].padEnd(5)} ${goal.title} (${must}aim ${sign} ${goal.aim}${goal.judges === "ratio" ? " x rival" : ""})`,
    );
    for (const member of members) lines.push(`        ${memberLine(member)}`);
  }
  return lines.join("\n");
}

function memberLine(measurement: Measurement): string {
  const { ours, rival, unit } = measurement;
  const label = `${measurement.label}: ${measurement.figure}`;
  const own = `ours ${spread(ours, unit)}`;
  const mark = marks[judge(measurement)!.outcome];
  if (rival.length === 0) return `${mark.padEnd(5)} ${label.padEnd(50)} ${own}`;
  const compared = comparison(ours, rival);
  return `${mark.padEnd(5)} ${label.padEnd(50)} ${compared.padEnd(20)} ${own.padEnd(40)} rival ${spread(rival, unit)}`;
}

/** Empty where both have nothing, such as no operation lost: then there is no ratio. */
function comparison(ours: readonly number[], rival: readonly number[]): string {
  const { median, min, max } = summarize(ratios(ours, rival));
  return Number.isFinite(median) ? `${formatRatio(median)} (${min.toFixed(2)}..${max.toFixed(2)})` : "";
}

function spread(values: readonly number[], unit: Measurement["unit"]): string {
  const { median, min, max } = summarize(values);
  const middle = formatFigure(median, unit);
  return values.length === 1 ? middle : `${middle} (${formatFigure(min, unit)}..${formatFigure(max, unit)})`;
}
