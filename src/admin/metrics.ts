/** All metrics there are, in the order of docs/metrics.md. */
import { commandMetrics, connectionMetrics } from "./client-metrics.js";
import { gossipMetrics, linkMetrics, memberMetrics, slotMetrics } from "./cluster-metrics.js";
import { logMetrics, snapshotMetrics } from "./durability-metrics.js";
import { keyspaceMetrics } from "./keyspace-metrics.js";
import type { Metric, MetricGroup } from "./metric.js";
import { processMetrics } from "./process-metrics.js";
import { pubsubMetrics } from "./pubsub-metrics.js";
import { copyMetrics, repairMetrics, replicationMetrics } from "./replication-metrics.js";
import { trackingMetrics } from "./tracking-metrics.js";

export const metricGroups: readonly MetricGroup[] = [
  processMetrics,
  connectionMetrics,
  commandMetrics,
  keyspaceMetrics,
  pubsubMetrics,
  trackingMetrics,
  logMetrics,
  snapshotMetrics,
  memberMetrics,
  gossipMetrics,
  slotMetrics,
  linkMetrics,
  copyMetrics,
  replicationMetrics,
  repairMetrics,
];

export const allMetrics: readonly Metric[] = metricGroups.flatMap(({ metrics }) => metrics);
