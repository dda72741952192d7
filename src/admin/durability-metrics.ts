/** What outlives the node: the log and the snapshots. A node without a log has none of the log's metrics. */
import type { LogFacts, SnapshotPurpose, SnapshotTally } from "../durability/persistence-view.js";
import type { MetricGroup, Sample } from "./metric.js";
import type { AdminSources } from "./sources.js";

export const logMetrics: MetricGroup = {
  title: "Log",
  metrics: [
    {
      name: "torus_loading",
      kind: "gauge",
      help: "1 while what was kept is being read.",
      value: ({ node }) => Number(node.persistence.loading !== null),
    },
    {
      name: "torus_loading_read_bytes",
      kind: "gauge",
      help: "How much of it is read; only while it is.",
      value: ({ node }) => node.persistence.loading?.loadedBytes,
    },
    {
      name: "torus_loading_all_bytes",
      kind: "gauge",
      help: "How much there is to read; only while it is.",
      value: ({ node }) => node.persistence.loading?.totalBytes,
    },
    {
      name: "torus_writes_refused",
      kind: "gauge",
      help: "1 while writes are answered with MISCONF.",
      value: ({ node }) => Number(node.persistence.refusal !== null),
    },
    {
      name: "torus_log_position_bytes",
      kind: "gauge",
      help: "The position behind the last change: bytes of all changes since the node's log began.",
      value: ifLogged((_, { node }) => node.persistence.position),
    },
    {
      name: "torus_log_durable_position_bytes",
      kind: "gauge",
      help: "The position below which all survives a loss of power.",
      value: ifLogged((_, { node }) => node.persistence.durablePosition),
    },
    {
      name: "torus_log_size_bytes",
      kind: "gauge",
      help: "Bytes on the disk: the last snapshot, and the log since.",
      value: ifLogged(({ currentBytes }) => currentBytes),
    },
    {
      name: "torus_log_buffered_bytes",
      kind: "gauge",
      help: "Bytes of changes that the log has not given to the system yet.",
      value: ifLogged(({ bufferedBytes }) => bufferedBytes),
    },
    {
      name: "torus_log_segments",
      kind: "gauge",
      help: "Files of the log, the one being written included.",
      value: ifLogged(({ segments }) => segments),
    },
    {
      name: "torus_log_sync_duration_seconds",
      kind: "histogram",
      help: "How long the disk took to make what was written last: syncs, and with appendfsync always the writes that last at once.",
      durations: ({ node }) => node.persistence.log?.syncTimes,
    },
    {
      name: "torus_log_delayed_syncs_total",
      kind: "counter",
      help: "Syncs that were due while the one before was still under way.",
      value: ifLogged(({ delayedSyncs }) => delayedSyncs),
    },
    {
      name: "torus_log_failures_total",
      kind: "counter",
      help: "Writes and syncs of the log that failed for good. A full disk is none.",
      value: ifLogged(({ failures }) => failures),
    },
    {
      name: "torus_log_healthy",
      kind: "gauge",
      help: "1 if the log takes what it is told; 0 if the disk is full or failed.",
      value: ifLogged(({ isLastWriteOk }) => Number(isLastWriteOk)),
    },
  ],
};

export const snapshotMetrics: MetricGroup = {
  title: "Snapshots",
  metrics: [
    {
      name: "torus_snapshots_total",
      kind: "counter",
      help: "Snapshots that succeeded, by what for: to be one, or to make a part of the log superfluous.",
      labels: ["purpose"],
      samples: byPurpose(({ count }) => count),
    },
    {
      name: "torus_snapshot_last_succeeded",
      kind: "gauge",
      help: "0 if the last one failed.",
      labels: ["purpose"],
      samples: byPurpose(({ isLastOk }) => Number(isLastOk)),
    },
    {
      name: "torus_snapshot_last_duration_seconds",
      kind: "gauge",
      help: "How long the last one took; none as long as there was none.",
      labels: ["purpose"],
      samples: (sources) =>
        byPurpose(({ lastSeconds }) => lastSeconds)(sources).filter(([, seconds]) => seconds >= 0),
    },
    {
      name: "torus_snapshot_last_timestamp_seconds",
      kind: "gauge",
      help: "When the last one succeeded, or else the node was started, in seconds since the Unix epoch.",
      value: ({ node }) => node.persistence.snapshots.lastSaveWallSeconds,
    },
    {
      name: "torus_snapshot_under_way",
      kind: "gauge",
      help: "1 while one is written.",
      labels: ["purpose"],
      samples: ({ node }) =>
        purposes.map((purpose) => [
          { purpose },
          Number(node.persistence.snapshots.underWay?.purpose === purpose),
        ]),
    },
    {
      name: "torus_snapshot_written_keys",
      kind: "gauge",
      help: "Keys that it holds so far; only while one is written.",
      value: ({ node }) => node.persistence.snapshots.underWay?.keysWritten,
    },
    {
      name: "torus_changes_since_snapshot",
      kind: "gauge",
      help: "Changes of keys since the last snapshot.",
      value: ({ keyspace }) => keyspace.dirty,
    },
  ],
};

const purposes: readonly SnapshotPurpose[] = ["save", "rewrite"];

function ifLogged(value: (log: LogFacts, sources: AdminSources) => number) {
  return (sources: AdminSources) => {
    const { log } = sources.node.persistence;
    return log === null ? undefined : value(log, sources);
  };
}

function byPurpose(value: (tally: SnapshotTally) => number): (sources: AdminSources) => Sample[] {
  return ({ node }) => purposes.map((purpose) => [{ purpose }, value(node.persistence.snapshots[purpose])]);
}
