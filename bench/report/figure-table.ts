/** The same figures as a table: for whoever reads with ears, copies, or wants the exact range. */
import type { Measurement } from "../measurement.js";
import { element, type Markup } from "./markup.js";
import { type Report, rivalOf } from "./report.js";
import { ratioWords, spreadWords } from "./words.js";

export function figureTable(report: Report): Markup {
  const rivalName = rivalOf(report)?.name;
  const head = (text: string, kind?: string): Markup => element("th", { scope: "col", class: kind }, text);
  const columns = [
    ...[
      head("Measurement"),
      head("Figure"),
      head("Sample"),
      head("Rounds", "number"),
      head("Ours", "number"),
    ],
    ...(rivalName === undefined ? [] : [head(rivalName, "number"), head("Ratio", "number")]),
  ];
  return element(
    "div",
    { class: "card scroll" },
    element(
      "table",
      {},
      element("caption", {}, "Medians, with the smallest and the largest round in parentheses."),
      element("thead", {}, element("tr", {}, ...columns)),
      element(
        "tbody",
        {},
        ...report.measurements.map((measurement) => row(measurement, rivalName !== undefined)),
      ),
    ),
  );
}

function row(measurement: Measurement, compared: boolean): Markup {
  const { label, figure, sample, unit, ours, rival } = measurement;
  const number = (text: string): Markup => element("td", { class: "number" }, text);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, label),
    element("td", {}, figure),
    element("td", {}, sample),
    number(String(ours.length)),
    number(spreadWords(ours, unit)),
    ...(compared ? [number(spreadWords(rival, unit)), number(ratioWords(measurement) ?? "\u2013")] : []),
  );
}
