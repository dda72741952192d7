/** Every kind of figure as bars, ours above the rival's, on one axis a kind. */
import type { Measurement } from "../measurement.js";
import { element, type Markup } from "./markup.js";
import { type Axis, barPlot, commonAxis } from "./plot.js";
import { type Report, rivalOf } from "./report.js";
import { circumstancesWords, ratioWords, spreadWords } from "./words.js";

export function figureCharts(report: Report): Markup[] {
  const rivalName = rivalOf(report)?.name;
  // Shares of a processor say how far to trust the other figures: the table has them.
  const shown = report.measurements.filter(({ unit }) => unit !== "share" && unit !== "count");
  const kinds = [...new Set(shown.map(({ figure }) => figure))];
  const charts = kinds.map((kind) => {
    const members = shown.filter(({ figure }) => figure === kind);
    const axis = commonAxis(members);
    return element(
      "section",
      { class: "card" },
      element("div", { class: "goal-head" }, element("h3", {}, capitalized(kind)), betterWords(kind)),
      ...members.map((member) => row(member, axis)),
    );
  });
  return [legend(rivalName), ...charts];
}

function row(measurement: Measurement, axis: Axis): Markup {
  const { sample, unit, ours, rival } = measurement;
  const ratio = ratioWords(measurement);
  const bars = [barPlot(axis, ours, "ours"), ...(rival.length === 0 ? [] : [barPlot(axis, rival, "rival")])];
  const words = [spreadWords(ours, unit), ...(rival.length === 0 ? [] : [spreadWords(rival, unit)])];
  return element(
    "div",
    { class: "row bars" },
    element(
      "span",
      { class: "small", title: sample },
      circumstancesWords(measurement),
      ...(ratio === undefined ? [] : [" ", element("span", { class: "soft" }, ratio)]),
    ),
    element("span", { class: "pair" }, ...bars),
    element("span", { class: "value number small pair" }, ...words.map((word) => element("span", {}, word))),
  );
}

function betterWords(kind: string): Markup {
  const words = /^(rate|connections)/.test(kind) ? "more is better" : "less is better";
  return element("span", { class: "soft small" }, words);
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function legend(rivalName: string | undefined): Markup {
  const item = (kind: "ours" | "rival", words: string): Markup =>
    element(
      "li",
      {},
      element(
        "svg",
        { width: 22, height: 12, "aria-hidden": "true" },
        element("rect", { width: 22, height: 12, rx: 2, class: `bar ${kind}` }),
      ),
      words,
    );
  return element(
    "ul",
    { class: "legend small soft" },
    item("ours", "ours: median, whisker from the smallest to the largest round"),
    ...(rivalName === undefined ? [] : [item("rival", rivalName)]),
  );
}
