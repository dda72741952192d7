/**
 * Reads the text format of Prometheus, and refuses what a scraper would, or what misleads one:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const HELP_LINE = new RegExp(`^# HELP (${NAME}) (.+)$`);
const TYPE_LINE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const SAMPLE_LINE = new RegExp(
  `^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? ([-+]?[0-9.e+-]+|NaN|[+-]Inf)$`,
);
const HISTOGRAM_SUFFIX = /_(bucket|sum|count)$/;

/** Families by name. Throws an `Error` that names the line. */
export function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family & { samples: Sample[] }>();
  let current: { name: string; help: string; type?: string } | undefined;
  const seen = new Set<string>();
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const help = HELP_LINE.exec(line);
    const type = TYPE_LINE.exec(line);
    const sample = SAMPLE_LINE.exec(line);
    if (help !== null) {
      current = { name: help[1]!, help: help[2]! };
      if (families.has(current.name)) fail("told twice");
    } else if (type !== null) {
      if (current?.name !== type[1]) fail("a type without help");
      families.set(type[1]!, { ...current!, type: type[2]!, samples: [] });
    } else if (sample !== null) {
      const [, name = "", labelText = "", valueText = ""] = sample;
      const family = families.get(current?.name ?? "") ?? fail("a sample of no family");
      const base = family.type === "histogram" ? name.replace(HISTOGRAM_SUFFIX, "") : name;
      if (base !== family.name) fail("a sample among those of another family");
      if (seen.has(`${name}{${labelText}}`)) fail("a sample told twice");
      seen.add(`${name}{${labelText}}`);
      const value = numberOf(valueText);
      if (Number.isNaN(value)) fail("no number");
      if (family.type !== "gauge" && value < 0) fail("a count below zero");
      family.samples.push({ name, labels: labelsOf(labelText), value });
    } else {
      fail("neither a comment nor a sample");
    }
  }
  for (const family of families.values()) if (family.type === "histogram") checkHistogram(family);
  return families;
}

function numberOf(text: string): number {
  return text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text);
}

function labelsOf(text: string): Record<string, string> {
  const pairs = text.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g);
  return Object.fromEntries(
    [...pairs].map(([, name, value]) => [name!, value!.replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c))]),
  );
}

/** Buckets rise to the count, bounds to infinity; or there is nothing at all. */
function checkHistogram({ name, samples }: Family): void {
  if (samples.length === 0) return;
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const count = samples.find((sample) => sample.name === `${name}_count`)?.value;
  const sum = samples.find((sample) => sample.name === `${name}_sum`)?.value;
  if (count === undefined || sum === undefined) throw new Error(`${name} lacks its sum or count`);
  let before = { bound: Number.NEGATIVE_INFINITY, value: 0 };
  for (const { labels, value } of buckets) {
    const bound = numberOf(labels["le"] ?? "");
    if (!(bound > before.bound) || value < before.value) throw new Error(`${name}: buckets that do not rise`);
    before = { bound, value };
  }
  const isWhole = before.bound === Number.POSITIVE_INFINITY && before.value === count;
  if (!isWhole) throw new Error(`${name}: the last bucket does not hold all`);
}
