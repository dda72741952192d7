/**
 * The declaration of a metric. All that is known of one stands in one place; the page that Prometheus reads (exposition.ts) and
 * docs/metrics.md are made from it. Names and units follow https://prometheus.io/docs/practices/naming/.
 */
import type { DurationHistogram } from "../base/duration-histogram.js";
import type { AdminSources } from "./sources.js";

export type Labels = Readonly<Record<string, string>>;

/** The value of a metric for one set of labels. */
export type Sample = readonly [labels: Labels, value: number];

interface Named {
  /** `torus_`, what is counted, its unit, and `_total` for counters. */
  readonly name: string;
  readonly help: string;
}

/** Without labels. Undefined: there is none at present, as of a log that is off. */
export interface Scalar extends Named {
  readonly kind: "counter" | "gauge";
  readonly labels?: undefined;
  readonly value: (sources: AdminSources) => number | undefined;
}

/** One value for each set of labels that there is. */
export interface Vector extends Named {
  readonly kind: "counter" | "gauge";
  readonly labels: readonly string[];
  readonly samples: (sources: AdminSources) => Iterable<Sample>;
}

export interface Durations extends Named {
  readonly kind: "histogram";
  readonly labels?: undefined;
  readonly durations: (sources: AdminSources) => Readonly<DurationHistogram> | undefined;
}

export type Metric = Scalar | Vector | Durations;

export interface MetricGroup {
  readonly title: string;
  readonly metrics: readonly Metric[];
}

/** A sample for each key of a record: `{ damaged: 3 }` by the label `reason`. */
export function samplesBy(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([key, value]) => [{ [label]: key }, value]);
}
