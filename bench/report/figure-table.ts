/** The same figures as a table: for whoever reads with ears, copies, or wants the exact range. */
import type { Measurement } from "../measurement.js";
import { element, type Markup } from "./markup.js";
import { type Report, rivalOf } from "./report.js";
import { circumstancesWords, ratioWords, spreadWords } from "./words.js";

export function figureTable(report: Report): Markup {
  // Some figures have their own counterpart, whoever the rival is.
  const compared = report.measurements.some(({ rival }) => rival.length > 0);
  const head = (text: string, kind?: string): Markup => element("th", { scope: "col", class: kind }, text);
  const columns = [
    ...[
      head("Measurement"),
      head("Sample"),
      head("Figure"),
      head("Rounds", "number"),
      head("Ours", "number"),
    ],
    ...(compared ? [head(rivalOf(report)?.name ?? "Beside", "number"), head("Ratio", "number")] : []),
  ];
  return element(
    "div",
    { class: "card scroll" },
    element(
      "table",
      {},
      element("caption", {}, "Medians, with the smallest and the largest round in parentheses."),
      element("thead", {}, element("tr", {}, ...columns)),
      ...groups(report.measurements).map((group) => rowGroup(group, compared)),
    ),
  );
}

/** Neighbours that were measured under the same circumstances. */
function groups(measurements: readonly Measurement[]): Measurement[][] {
  const result: Measurement[][] = [];
  for (const measurement of measurements) {
    const last = result.at(-1);
    const { label, sample, beside } = last?.[0] ?? {};
    if (label === measurement.label && sample === measurement.sample && beside === measurement.beside)
      last!.push(measurement);
    else result.push([measurement]);
  }
  return result;
}

/** Circumstances are told once, in cells that span the rows of their figures. */
function rowGroup(group: readonly Measurement[], compared: boolean): Markup {
  const number = (text: string): Markup => element("td", { class: "number" }, text);
  const { sample } = group[0]!;
  const circumstances = [
    element("th", { scope: "rowgroup", rowspan: group.length }, circumstancesWords(group[0]!)),
    element("td", { rowspan: group.length }, sample),
  ];
  const rows = group.map((measurement, place) => {
    const { figure, unit, ours, rival } = measurement;
    return element(
      "tr",
      {},
      ...(place === 0 ? circumstances : []),
      element("td", {}, figure),
      number(String(ours.length)),
      number(spreadWords(ours, unit)),
      ...(compared ? [number(spreadWords(rival, unit)), number(ratioWords(measurement) ?? "\u2013")] : []),
    );
  });
  return element("tbody", {}, ...rows);
}
