/** What is kept, and what it takes. */
import type { Keyspace } from "../keyspace/keyspace.js";
import type { MetricGroup, Sample } from "./metric.js";
import type { AdminSources } from "./sources.js";

export const keyspaceMetrics: MetricGroup = {
  title: "Keys and memory",
  metrics: [
    {
      name: "torus_keys",
      kind: "gauge",
      help: "Keys of this node, by database; of database 0 also if there are none.",
      labels: ["db"],
      samples: byDatabase(({ size }) => size),
    },
    {
      name: "torus_keys_expiring",
      kind: "gauge",
      help: "Keys that have a time to live.",
      labels: ["db"],
      samples: byDatabase(({ expiringCount }) => expiringCount),
    },
    {
      name: "torus_keys_expired_total",
      kind: "counter",
      help: "Keys that came to the end of their time.",
      value: ({ keyspace }) => keyspace.stats.expired,
    },
    {
      name: "torus_keys_evicted_total",
      kind: "counter",
      help: "Keys removed for want of memory.",
      value: ({ keyspace }) => keyspace.stats.evicted,
    },
    {
      name: "torus_keyspace_hits_total",
      kind: "counter",
      help: "Look-ups for reading that found their key.",
      value: ({ keyspace }) => keyspace.stats.hits,
    },
    {
      name: "torus_keyspace_misses_total",
      kind: "counter",
      help: "Look-ups for reading that found no key.",
      value: ({ keyspace }) => keyspace.stats.misses,
    },
    {
      name: "torus_memory_used_bytes",
      kind: "gauge",
      help: "Memory of the keyspace, as maxmemory counts it.",
      value: ({ keyspace }) => keyspace.usedBytes,
    },
    {
      name: "torus_memory_peak_bytes",
      kind: "gauge",
      help: "The most that it ever was.",
      value: ({ node, keyspace }) => Math.max(node.stats.peakMemoryBytes, keyspace.usedBytes),
    },
    {
      name: "torus_memory_max_bytes",
      kind: "gauge",
      help: "How much it may be: maxmemory; 0 for no limit.",
      value: ({ config }) => config.current.maxmemoryBytes,
    },
    {
      name: "torus_memory_arena_bytes",
      kind: "gauge",
      help: "Cells of records that are in use, and the slabs reserved for them.",
      labels: ["state"],
      samples: ({ keyspace: { databases } }) => {
        const arenas = databases.map(({ records }) => records.arena);
        return [
          [{ state: "used" }, arenas.reduce((bytes, { usedBytes }) => bytes + usedBytes, 0)],
          [{ state: "reserved" }, arenas.reduce((bytes, { reservedBytes }) => bytes + reservedBytes, 0)],
        ];
      },
    },
  ],
};

function byDatabase(
  value: (database: Keyspace["databases"][number]) => number,
): (sources: AdminSources) => Sample[] {
  return ({ keyspace }) =>
    keyspace.databases
      .filter(({ size, number }) => size > 0 || number === 0)
      .map((database) => [{ db: String(database.number) }, value(database)]);
}
