/** Makes a registry of prom-client from declared metrics. Nothing is kept: each scrape asks the sources. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { durationBounds } from "../base/duration-histogram.js";
import type { Durations, Metric, Sample, Scalar, Vector } from "./metric.js";
import type { AdminSources } from "./sources.js";

const MICROS_PER_SECOND = 1e6;

export function registryOf(metrics: readonly Metric[], sources: AdminSources): Registry {
  const registry = new Registry();
  for (const metric of metrics) {
    if (metric.kind === "histogram") registerDurations(registry, metric, sources);
    else if (metric.kind === "counter") registerCounter(registry, metric, sources);
    else registerGauge(registry, metric, sources);
  }
  return registry;
}

function registerCounter(registry: Registry, metric: Scalar | Vector, sources: AdminSources): void {
  const { name, help, labels = [] } = metric;
  new Counter({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      this.reset();
      // What has no value at present is no zero.
      if (labels.length === 0) this.remove();
      for (const [values, value] of samplesOf(metric, sources)) this.inc(values, value);
    },
  });
}

function registerGauge(registry: Registry, metric: Scalar | Vector, sources: AdminSources): void {
  const { name, help, labels = [] } = metric;
  new Gauge({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      this.reset();
      if (labels.length === 0) this.remove();
      for (const [values, value] of samplesOf(metric, sources)) this.set(values, value);
    },
  });
}

function samplesOf(metric: Scalar | Vector, sources: AdminSources): Iterable<Sample> {
  if (metric.labels !== undefined) return metric.samples(sources);
  const value = metric.value(sources);
  return value === undefined ? [] : [[{}, value]];
}

/** A histogram of prom-client takes one observation at a time: one whose buckets are filled already answers what it would. */
function registerDurations(registry: Registry, { name, help, durations }: Durations, sources: AdminSources) {
  const getForPromString = async () => ({
    name,
    help,
    type: "histogram",
    values: [...bucketsOf(name, durations(sources))],
  });
  const histogram = new Histogram({ name, help, registers: [] });
  registry.registerMetric(Object.assign(histogram, { getForPromString }));
}

function* bucketsOf(name: string, durations: ReturnType<Durations["durations"]>) {
  if (durations === undefined) return;
  const { counts, count, microseconds } = durations;
  let upTo = 0;
  for (const [bucket, bound] of durationBounds.entries()) {
    upTo += counts[bucket]!;
    yield { metricName: `${name}_bucket`, labels: { le: String(bound / MICROS_PER_SECOND) }, value: upTo };
  }
  yield { metricName: `${name}_bucket`, labels: { le: "+Inf" }, value: count };
  yield { metricName: `${name}_sum`, labels: {}, value: microseconds / MICROS_PER_SECOND };
  yield { metricName: `${name}_count`, labels: {}, value: count };
}
