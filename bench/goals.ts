/**
 * What the server must reach, and what it aims at: one declaration a goal. Rows measure and name the
 * goal they serve; verdicts and reports read this table.
 */
export interface Goal {
  readonly id: GoalId;
  readonly title: string;
  /** `ratio`: ours divided by the rival's (or by what the measurement says), median of the rounds. `figure`: our own median, in the row's unit. */
  readonly judges: "ratio" | "figure";
  readonly better: "lower" | "higher";
  /** Undefined where only an aim is set. */
  readonly must: number | undefined;
  readonly aim: number;
}

export type GoalId =
  | "cpu-p1"
  | "rate-p16-d3"
  | "rate-p64-d3"
  | "rate-p16-d100"
  | "rate-p64-d100"
  | "p99-p64"
  | "bytes-d3"
  | "bytes-d100"
  | "stall"
  | "rate-default-tests"
  | "bytes-collections"
  | "collection-end"
  | "first-pong"
  | "crowd-served"
  | "crowd-p99"
  | "churn-served"
  | "queue-jobs"
  | "queue-rate"
  | "log-always-p1"
  | "log-always-p16"
  | "log-everysec-p16"
  | "load-snapshot"
  | "load-log"
  | "snapshot-stall"
  | "snapshot-bytes"
  | "cpu-remote-p1"
  | "cpu-remote-p16"
  | "cpu-remote-p64"
  | "rate-one-entry"
  | "cpu-cluster-mode"
  | "cpu-replicated"
  | "quorum-latency"
  | "takeover-kill"
  | "takeover-freeze"
  | "resync"
  | "cpu-replication-alone";

export const goals: readonly Goal[] = [
  ratio("cpu-p1", "CPU per operation, one command at a time", "lower", 1.15, 1.05),
  ratio("rate-p16-d3", "Rate, pipelines of 16, 3-byte values", "higher", 1.0, 1.2),
  ratio("rate-p64-d3", "Rate, pipelines of 64, 3-byte values", "higher", 1.2, 1.4),
  ratio("rate-p16-d100", "Rate, pipelines of 16, 100-byte values", "higher", 0.95, 1.1),
  ratio("rate-p64-d100", "Rate, pipelines of 64, 100-byte values", "higher", 1.2, 1.5),
  ratio("p99-p64", "99th percentile of latency, pipelines of 64", "lower", 1.5, 1.0),
  figure("bytes-d3", "Resident bytes per key, 3-byte values", "lower", 85, 72),
  figure("bytes-d100", "Resident bytes per key, 100-byte values", "lower", 190, 184),
  figure("stall", "Longest stall of a second client while keys load and are overwritten", "lower", 25, 10),
  ratio(
    "rate-default-tests",
    "Rate of redis-benchmark's default tests on data types, pipelines of 16",
    "higher",
    0.7,
    1.0,
  ),
  ratio("bytes-collections", "Resident bytes per element of collections, small and large", "lower", 1.5, 1.0),
  figure("collection-end", "Longest stall of a second client when a large collection goes", "lower", 10, 2),
  figure("first-pong", "First PONG after process start, empty", "lower", 250, 120),
  figure("crowd-served", "Concurrent clients: operations lost or wrong", "lower", 0, 0),
  ratio("crowd-p99", "Concurrent clients: 99th percentile of latency", "lower", undefined, 1.0),
  figure("churn-served", "Connects and closes: lost, or descriptors leaked", "lower", 0, 0),
  figure("queue-jobs", "Job queue through ioredis: jobs lost or wrong", "lower", 0, 0),
  ratio("queue-rate", "Job queue through ioredis: rate", "higher", 0.9, 1.0),
  ratio("log-always-p1", "SET rate, every reply synced, one command at a time", "higher", 0.75, 1.0),
  ratio("log-always-p16", "SET rate, every reply synced, pipelines of 16", "higher", 1.1, 1.4),
  ratio("log-everysec-p16", "SET rate, synced every second, pipelines of 16", "higher", 1.0, 1.2),
  ratio("load-snapshot", "Start from a snapshot, 100-byte values", "lower", 1.5, 0.8),
  ratio("load-log", "Start from a log of SETs, 100-byte values", "lower", 1.5, 0.8),
  figure("snapshot-stall", "Longest stall of a second client during a snapshot", "lower", 15, 5),
  figure("snapshot-bytes", "Snapshot bytes per key beyond key and value", "lower", 24, 16),
  ratio("cpu-remote-p1", "CPU per operation on another node, one command at a time", "lower", 2.2, 1.8),
  ratio("cpu-remote-p16", "CPU per operation on another node, pipelines of 16", "lower", 1.6, 1.3),
  ratio("cpu-remote-p64", "CPU per operation on another node, pipelines of 64", "lower", 1.6, 1.3),
  ratio("rate-one-entry", "Rate through one of three nodes, pipelines of 16", "higher", 0.6, 0.9),
  ratio("cpu-cluster-mode", "CPU per operation in cluster mode, pipelines of 16", "lower", 1.03, 1.01),
  ratio("cpu-replicated", "CPU per SET on three nodes together, pipelines of 16", "lower", 1.5, 1.1),
  figure("quorum-latency", "What a quorum adds to the median latency of SET, one at a time", "lower", 1, 0.4),
  figure("takeover-kill", "A node is killed: longest gap of any of its keys", "lower", 1500, 500),
  figure("takeover-freeze", "A node is frozen: longest gap of any of its keys", "lower", 4000, 2000),
  figure("resync", "Back after 10 s away under writes: in sync again", "lower", 10_000, 3000),
  ratio("cpu-replication-alone", "CPU per SET of a node that has nobody to copy to", "lower", 1.02, 1.0),
];

function ratio(
  id: GoalId,
  title: string,
  better: "lower" | "higher",
  must: number | undefined,
  aim: number,
): Goal {
  return { id, title, judges: "ratio", better, must, aim };
}

function figure(id: GoalId, title: string, better: "lower" | "higher", must: number, aim: number): Goal {
  return { id, title, judges: "figure", better, must, aim };
}
