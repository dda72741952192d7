/** The report as one page that needs nothing else: no script, no font, no picture from anywhere. */
import type { Measurement } from "../measurement.js";
import type { Outcome } from "../verdict.js";
import { figureCharts } from "./figure-charts.js";
import { figureTable } from "./figure-table.js";
import { formatDuration } from "./format.js";
import { goalCards } from "./goal-cards.js";
import { element, type Markup } from "./markup.js";
import { type Report, rivalOf } from "./report.js";
import { style } from "./style.js";
import { isVerdict, outcomeWords, scaleWords } from "./words.js";

export function page(report: Report): string {
  const rival = rivalOf(report);
  const title = rival === undefined ? "TorusKV, measured alone" : `TorusKV beside ${rival.name}`;
  const document = element(
    "html",
    { lang: "en" },
    element(
      "head",
      {},
      element("meta", { charset: "utf-8" }),
      element("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
      element("title", {}, `${title}, ${report.startedAt.slice(0, 10)}`),
      element("style", {}, { markup: style }),
    ),
    element("body", {}, element("main", {}, ...sections(report, title))),
  );
  return `<!doctype html>\n${document.markup}\n`;
}

function sections(report: Report, title: string): Markup[] {
  const { contenders, machine, startedAt, seconds } = report;
  const versions = contenders.map(({ name, version }) => `${name} ${version}`).join(" \u00b7 ");
  const when = `${startedAt.slice(0, 16).replace("T", " ")} UTC, ${formatDuration(seconds)}`;
  return [
    element(
      "header",
      {},
      element("h1", {}, title),
      element(
        "p",
        { class: "soft" },
        `${when} \u00b7 ${machine.processor}, ${machine.cores} cores \u00b7 ${machine.system}`,
      ),
      element("p", { class: "soft small" }, versions),
      ...warnings(report),
      counts(report),
    ),
    element("h2", {}, "Goals"),
    ...goalCards(report),
    element("h2", {}, "Figures"),
    ...figureCharts(report),
    element("h2", {}, "All figures"),
    figureTable(report),
    element("h2", {}, "How it was measured"),
    ...circumstances(report),
  ];
}

/** What a reader must know before believing anything below. */
function warnings(report: Report): Markup[] {
  const warning = (text: string): Markup => element("p", { class: "warning" }, text);
  const disturbed = report.measurements.filter(isDisturbedMeasurement).length;
  return [
    ...(isVerdict(report.scale) ? [] : [warning(scaleWords(report.scale))]),
    ...report.failures.map(({ row, reason }) => warning(`${row} could not be measured: ${reason}`)),
    ...(rivalOf(report) === undefined
      ? [warning("Nobody to compare with: goals that are ratios to a rival are not judged.")]
      : []),
    ...(disturbed === 0
      ? []
      : [
          warning(
            `Others used the machine meanwhile: see \u201cforeign load\u201d for ${disturbed} of the measurements.`,
          ),
        ]),
  ];
}

/** The load of others in the median round, above which a measurement counts as disturbed. */
const foreignShareMax = 0.1;

function isDisturbedMeasurement({ figure, ours, rival }: Measurement): boolean {
  return figure === "foreign load" && [...ours, ...rival].some((share) => share > foreignShareMax);
}

function counts({ verdicts }: Report): Markup {
  const count = (outcome: Outcome): Markup[] => {
    const number = verdicts.filter((verdict) => verdict.outcome === outcome).length;
    const words = outcomeWords[outcome].toLowerCase();
    return number === 0 ? [] : [element("li", {}, element("b", {}, String(number)), words)];
  };
  const items = (["aim", "must", "miss", "unjudged"] as const).flatMap(count);
  return element("ul", { class: "counts", "aria-label": "Outcomes of the goals" }, ...items);
}

function circumstances({ machine, contenders, commandLine, scale, startedAt, rows }: Report): Markup[] {
  const fact = (name: string, value: string | Markup): Markup[] => [
    element("dt", {}, name),
    element("dd", {}, value),
  ];
  return [
    element(
      "p",
      {},
      "Both servers run on this machine, driven in turn through the loopback interface by the same load, first one then the other, the order reversed every other round. A ratio is taken within each round; what is judged is the median of the ratios. CPU time is user plus system time of the server process, all threads, from /proc. Ratios travel between machines; absolute rates do not.",
    ),
    element(
      "div",
      { class: "card" },
      element(
        "dl",
        {},
        ...fact("Started", startedAt),
        ...fact("Command", element("code", {}, commandLine)),
        ...fact(
          "Scale",
          `${scale.name}: ${scale.rounds} rounds of ${scale.cellSeconds} s at ${scale.keyspace.toLocaleString("en-US")} keys`,
        ),
        ...fact("Rows", rows.join(", ")),
        ...fact("Processor", `${machine.processor}, ${machine.cores} cores, ${machine.memoryGigabytes} GiB`),
        ...fact("System", machine.system),
        ...fact("Node", machine.node),
        ...fact("Load", machine.loadGenerator),
        ...fact("Pinning", machine.pinning),
        ...contenders.flatMap(({ name, version, command }) => [
          ...fact(name, version),
          ...fact(`${name}, started by`, element("code", {}, command)),
        ]),
      ),
    ),
  ];
}
