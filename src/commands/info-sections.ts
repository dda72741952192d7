/**
 * The sections of INFO in the order in which they are shown. Names, units and forms of the fields are Redis's, for
 * tools read them; a field exists only if its value is true of this node.
 */
import { redisVersion, version } from "../base/version.js";
import { slotCount, slotRanges } from "../cluster/slot-ranges.js";
import type {
  LoadingProgress,
  LogFacts,
  PersistenceView,
  SnapshotPurpose,
} from "../durability/persistence-view.js";
import { averageTtlMs } from "../keyspace/ttl-sample.js";
import type { Status } from "../membership/member.js";
import { replicationFields, replicationMemory, replicationStats } from "./info-replication.js";
import { modeOf } from "./mode.js";
import type { CommandStats, SessionCall } from "./session.js";

export type InfoFields = Readonly<Record<string, number | string>>;

export interface InfoSection {
  readonly title: string;
  /** Whether a plain INFO shows it. */
  readonly isDefault: boolean;
  readonly fields: (call: SessionCall) => InfoFields;
}

export const infoSections: readonly InfoSection[] = [
  { title: "Server", isDefault: true, fields: server },
  { title: "Clients", isDefault: true, fields: clients },
  { title: "Memory", isDefault: true, fields: memoryFields },
  { title: "Persistence", isDefault: true, fields: persistence },
  { title: "Stats", isDefault: true, fields: stats },
  { title: "Replication", isDefault: true, fields: replicationFields },
  { title: "CPU", isDefault: true, fields: cpu },
  { title: "Modules", isDefault: true, fields: () => ({}) },
  { title: "Commandstats", isDefault: false, fields: commandStats },
  { title: "Errorstats", isDefault: true, fields: errorStats },
  { title: "Latencystats", isDefault: false, fields: latencyStats },
  { title: "Cluster", isDefault: true, fields: cluster },
  { title: "Keyspace", isDefault: true, fields: keyspace },
];

const MILLIS_PER_SECOND = 1000;
const SECONDS_PER_DAY = 86_400;
const KIB = 1024;

function server(call: SessionCall): InfoFields {
  const { node, config } = call;
  const wallMs = node.clock.wallMs();
  const uptimeSeconds = Math.max(0, Math.floor((wallMs - node.startedWallMs) / MILLIS_PER_SECOND));
  const { hz } = config.current;
  return {
    redis_version: redisVersion,
    torus_version: version,
    redis_mode: modeOf(call),
    os: node.system.platform,
    arch_bits: 64,
    multiplexing_api: "libuv",
    runtime: node.system.runtime,
    process_id: node.system.pid,
    process_supervised: "no",
    run_id: node.runId,
    tcp_port: node.port,
    server_time_usec: wallMs * MILLIS_PER_SECOND,
    uptime_in_seconds: uptimeSeconds,
    uptime_in_days: Math.floor(uptimeSeconds / SECONDS_PER_DAY),
    hz,
    configured_hz: hz,
    executable: node.system.executable,
    config_file: node.configFile,
    io_threads_active: 0,
  };
}

function clients({ node, config }: SessionCall): InfoFields {
  const sessions = [...node.sessions()];
  const largest = (sizes: number[]) => sizes.reduce((a, b) => Math.max(a, b), 0);
  return {
    connected_clients: node.sessionCount,
    cluster_connections: node.cluster?.links().filter(({ isUp }) => isUp).length ?? 0,
    maxclients: config.current.maxclients,
    client_recent_max_input_buffer: largest(sessions.map(({ queryBytes }) => queryBytes)),
    client_recent_max_output_buffer: largest(sessions.map(({ outputBytes }) => outputBytes)),
    blocked_clients: sessions.filter(({ isParked }) => isParked).length,
    tracking_clients: node.trackingCounts.clients,
    clients_in_timeout_table: node.timedWaits,
  };
}

export function memoryFields(call: SessionCall): InfoFields {
  const { node, config } = call;
  const { residentBytes, heapUsedBytes, heapTotalBytes, arrayBufferBytes } = node.system.memory();
  const { totalMemoryBytes } = node.system;
  const { maxmemoryBytes, maxmemoryPolicy } = config.current;
  const usedBytes = call.keyspace.usedBytes;
  const peakBytes = Math.max(usedBytes, node.stats.peakMemoryBytes);
  const { datasetBytes, cellBytes, slabBytes } = dataMemory(call);
  const clientBytes = Array.from(node.sessions(), (session) => session.memoryBytes).reduce(
    (a, b) => a + b,
    0,
  );
  return {
    ...bytesAndHuman("used_memory", usedBytes),
    ...bytesAndHuman("used_memory_rss", residentBytes),
    ...bytesAndHuman("used_memory_peak", peakBytes),
    used_memory_peak_perc: percent(usedBytes, peakBytes),
    used_memory_overhead: usedBytes - datasetBytes,
    used_memory_dataset: datasetBytes,
    used_memory_dataset_perc: percent(datasetBytes, usedBytes),
    allocator_allocated: cellBytes,
    allocator_active: slabBytes,
    runtime_heap_used: heapUsedBytes,
    runtime_heap_total: heapTotalBytes,
    runtime_array_buffers: arrayBufferBytes,
    ...bytesAndHuman("total_system_memory", totalMemoryBytes),
    ...bytesAndHuman("used_memory_lua", 0),
    ...bytesAndHuman("used_memory_scripts", 0),
    number_of_cached_scripts: 0,
    ...bytesAndHuman("maxmemory", maxmemoryBytes),
    maxmemory_policy: maxmemoryPolicy,
    allocator_frag_ratio: ratio(slabBytes, cellBytes),
    allocator_frag_bytes: slabBytes - cellBytes,
    mem_fragmentation_ratio: ratio(residentBytes, usedBytes),
    mem_fragmentation_bytes: residentBytes - usedBytes,
    mem_not_counted_for_evict: 0,
    ...replicationMemory(call),
    mem_clients_slaves: 0,
    mem_clients_normal: clientBytes,
    mem_cluster_links: node.cluster?.links().reduce((bytes, link) => bytes + link.bytesInFlight, 0) ?? 0,
    mem_aof_buffer: node.persistence.log?.bufferedBytes ?? 0,
    mem_allocator: "torus-arena",
    active_defrag_running: 0,
    lazyfree_pending_objects: 0,
  };
}

/** Of all databases: bytes of records and large collections; of the arena's cells in use, and of its slabs. */
function dataMemory({ keyspace }: SessionCall) {
  let datasetBytes = 0;
  let cellBytes = 0;
  let slabBytes = 0;
  for (const { records, fields } of keyspace.databases) {
    datasetBytes += records.arena.usedBytes + records.outsideBytes + fields.usedBytes;
    cellBytes += records.arena.usedBytes;
    slabBytes += records.arena.reservedBytes;
  }
  return { datasetBytes, cellBytes, slabBytes };
}

function persistence({ keyspace, node }: SessionCall): InfoFields {
  const { loading, log, snapshots } = node.persistence;
  const { underWay, save, rewrite } = snapshots;
  const wallMs = node.clock.wallMs();
  const secondsSince = (startedWallMs: number) =>
    Math.max(0, Math.floor((wallMs - startedWallMs) / MILLIS_PER_SECOND));
  const currentSeconds = (purpose: SnapshotPurpose) =>
    underWay?.purpose === purpose ? secondsSince(underWay.startedWallMs) : -1;
  return {
    loading: loading === null ? 0 : 1,
    async_loading: 0,
    current_save_keys_processed: underWay?.keysWritten ?? 0,
    current_save_keys_total: underWay?.keysTotal ?? 0,
    rdb_changes_since_last_save: keyspace.dirty,
    rdb_bgsave_in_progress: underWay?.purpose === "save" ? 1 : 0,
    rdb_last_save_time: snapshots.lastSaveWallSeconds,
    rdb_last_bgsave_status: okOrErr(save.isLastOk),
    rdb_last_bgsave_time_sec: save.lastSeconds,
    rdb_current_bgsave_time_sec: currentSeconds("save"),
    rdb_saves: save.count,
    aof_enabled: log === null ? 0 : 1,
    aof_rewrite_in_progress: underWay?.purpose === "rewrite" ? 1 : 0,
    aof_rewrite_scheduled: rewrite.isScheduled ? 1 : 0,
    aof_last_rewrite_time_sec: rewrite.lastSeconds,
    aof_current_rewrite_time_sec: currentSeconds("rewrite"),
    aof_last_bgrewrite_status: okOrErr(rewrite.isLastOk),
    aof_rewrites: rewrite.count,
    aof_last_write_status: okOrErr(log === null || log.isLastWriteOk),
    module_fork_in_progress: 0,
    ...(log === null ? {} : logFields(log, node.persistence)),
    ...(loading === null ? {} : loadingFields(loading, secondsSince(loading.startedWallMs))),
  };
}

function logFields(log: LogFacts, { position, durablePosition }: PersistenceView): InfoFields {
  return {
    aof_current_size: log.currentBytes,
    aof_base_size: log.baseBytes,
    aof_buffer_length: log.bufferedBytes,
    aof_pending_bio_fsync: log.isSyncing ? 1 : 0,
    aof_delayed_fsync: log.delayedSyncs,
    torus_log_position: position,
    torus_log_durable_position: durablePosition,
  };
}

function loadingFields(
  { startedWallMs, totalBytes, loadedBytes }: LoadingProgress,
  elapsedSeconds: number,
): InfoFields {
  const share = totalBytes === 0 ? 1 : Math.min(1, loadedBytes / totalBytes);
  return {
    loading_start_time: Math.floor(startedWallMs / MILLIS_PER_SECOND),
    loading_total_bytes: totalBytes,
    loading_loaded_bytes: loadedBytes,
    loading_loaded_perc: percent(share, 1),
    // As Redis while nothing is known: a guess that is not zero.
    loading_eta_seconds: share === 0 ? 1 : Math.round((elapsedSeconds * (1 - share)) / share),
  };
}

function okOrErr(isOk: boolean): string {
  return isOk ? "ok" : "err";
}

function stats(call: SessionCall): InfoFields {
  const { node, keyspace } = call;
  const { stats, broker, trackingCounts: tracking } = node;
  const { traffic, syncs } = replicationStats(call);
  return {
    total_connections_received: stats.totalConnections,
    total_commands_processed: stats.totalCommands,
    instantaneous_ops_per_sec: Math.round(stats.commandRate),
    total_net_input_bytes: stats.inputBytes,
    total_net_output_bytes: stats.outputBytes,
    ...traffic,
    instantaneous_input_kbps: (stats.inputRate / KIB).toFixed(2),
    instantaneous_output_kbps: (stats.outputRate / KIB).toFixed(2),
    rejected_connections: stats.rejectedConnections,
    ...syncs,
    expired_keys: keyspace.stats.expired,
    evicted_keys: keyspace.stats.evicted,
    evicted_clients: stats.evictedClients,
    keyspace_hits: keyspace.stats.hits,
    keyspace_misses: keyspace.stats.misses,
    pubsub_channels: broker.local.count("channel"),
    pubsub_patterns: broker.local.count("pattern"),
    pubsubshard_channels: broker.local.count("shard"),
    latest_fork_usec: 0,
    total_forks: 0,
    migrate_cached_sockets: 0,
    slave_expires_tracked_keys: 0,
    active_defrag_hits: 0,
    active_defrag_misses: 0,
    active_defrag_key_hits: 0,
    active_defrag_key_misses: 0,
    tracking_total_keys: tracking.keys,
    tracking_total_items: tracking.items,
    tracking_total_prefixes: tracking.prefixes,
    total_error_replies: stats.totalErrors,
  };
}

function cpu({ node }: SessionCall): InfoFields {
  const { systemSeconds, userSeconds } = node.system.cpu();
  return {
    used_cpu_sys: systemSeconds.toFixed(6),
    used_cpu_user: userSeconds.toFixed(6),
    used_cpu_sys_children: "0.000000",
    used_cpu_user_children: "0.000000",
  };
}

function latencyStats({ node, config }: SessionCall): InfoFields {
  const percents = config.current.latencyTrackingInfoPercentiles;
  const tracked = Array.from(node.commandStats).filter(({ durations }) => durations !== null);
  return Object.fromEntries(
    tracked.map(({ name, durations }) => [
      `latency_percentiles_usec_${name}`,
      percents.map((percent) => `p${percent}=${durations!.percentile(percent).toFixed(3)}`).join(","),
    ]),
  );
}

function commandStats({ node }: SessionCall): InfoFields {
  const seen = Array.from(node.commandStats).filter(
    ({ calls, rejected, failed }) => calls + rejected + failed > 0,
  );
  return Object.fromEntries(seen.map((command) => [`cmdstat_${command.name}`, commandLine(command)]));
}

function commandLine({ calls, microseconds, rejected, failed }: CommandStats): string {
  const perCall = (calls === 0 ? 0 : microseconds / calls).toFixed(2);
  return `calls=${calls},usec=${Math.round(microseconds)},usec_per_call=${perCall},rejected_calls=${rejected},failed_calls=${failed}`;
}

function errorStats({ node }: SessionCall): InfoFields {
  const codes = [...node.stats.errorsByCode].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(codes.map(([code, count]) => [`errorstat_${code}`, `count=${count}`]));
}

function cluster({ node }: SessionCall): InfoFields {
  const { cluster } = node;
  if (cluster === null) return { cluster_enabled: 0 };
  const members = [...cluster.members()];
  const count = (status: Status) => members.filter((member) => member.status === status).length;
  return {
    cluster_enabled: 1,
    torus_node_id: cluster.selfId,
    torus_cluster_id: cluster.clusterId ?? "",
    torus_members_alive: count("alive"),
    torus_members_suspect: count("suspect"),
    torus_members_dead: count("dead"),
    torus_placement_epoch: cluster.placement?.epoch ?? 0,
    torus_slots: slotCount(slotRanges(cluster).byNode.get(cluster.selfId)),
    torus_covered: cluster.isCovered ? 1 : 0,
    torus_clock_ahead_ms: cluster.clock.aheadMs,
    torus_clock_times_ahead: cluster.clock.timesAhead,
  };
}

function keyspace({ keyspace, random }: SessionCall): InfoFields {
  const filled = keyspace.databases.filter(({ size }) => size > 0);
  return Object.fromEntries(
    filled.map((database) => {
      const ttlMs = averageTtlMs(database, keyspace.nowMs, random());
      const line = `keys=${database.size},expires=${database.expiringCount},avg_ttl=${ttlMs}`;
      return [`db${database.number}`, line];
    }),
  );
}

// ---- Forms of numbers ----

function bytesAndHuman(name: string, bytes: number): InfoFields {
  return { [name]: bytes, [`${name}_human`]: humanBytes(bytes) };
}

/** `1536` is `1.50K`. */
function humanBytes(bytes: number): string {
  if (bytes < KIB) return `${bytes}B`;
  let amount = bytes / KIB;
  let unit = 0;
  for (; amount >= KIB && unit < "KMGTP".length - 1; unit++) amount /= KIB;
  return `${amount.toFixed(2)}${"KMGTP"[unit]}`;
}

function percent(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (part / whole) * 100).toFixed(2)}%`;
}

function ratio(part: number, whole: number): string {
  return (whole === 0 ? 0 : part / whole).toFixed(2);
}
