/** MEMORY STATS, DOCTOR and MALLOC-STATS: where memory goes, by the figures of INFO memory. */
import { memoryFields } from "./info-sections.js";
import type { SessionCall } from "./session.js";

const MB = 1024 * 1024;
/** With less there is nothing worth a report. */
const REPORTED_BYTES_MIN = 5 * MB;
/** Beyond these something is told. */
const PEAK_RATIO = 1.5;
const SLAB_RATIO = 1.4;
const SLAB_BYTES_MIN = 10 * MB;
const RESIDENT_RATIO = 3;
const RESIDENT_BYTES_MIN = 256 * MB;
const BYTES_PER_CLIENT_MAX = 200 * 1024;

/** The figures of INFO memory, 0 for one that it does not have. */
function figuresOf(call: SessionCall): (name: string) => number {
  const fields = memoryFields(call);
  return (name) => Number(fields[name] ?? 0);
}

export function replyMemoryStats(call: SessionCall): void {
  const { reply, keyspace } = call;
  const figure = figuresOf(call);
  const used = figure("used_memory");
  const peak = figure("used_memory_peak");
  const dataset = figure("used_memory_dataset");
  const [cells, slabs] = [figure("allocator_allocated"), figure("allocator_active")];
  const resident = figure("used_memory_rss");
  const keys = keyspace.size;
  const databases = keyspace.databases.filter(({ size }) => size > 0);
  const integers = {
    "peak.allocated": peak,
    "total.allocated": used,
    "startup.allocated": 0,
    "replication.backlog": figure("mem_replication_backlog"),
    "clients.slaves": 0,
    "clients.normal": figure("mem_clients_normal"),
    "cluster.links": figure("mem_cluster_links"),
    "aof.buffer": figure("mem_aof_buffer"),
    "lua.caches": 0,
    "functions.caches": 0,
  };
  const sums = {
    "overhead.total": used - dataset,
    "keys.count": keys,
    "keys.bytes-per-key": keys === 0 ? 0 : Math.floor(used / keys),
    "dataset.bytes": dataset,
  };
  const shares = { "dataset.percentage": share(dataset, used), "peak.percentage": share(used, peak) };
  const allocator = { "allocator.allocated": cells, "allocator.active": slabs, "allocator.resident": slabs };
  const ratios = [
    ["allocator-fragmentation", "allocator-fragmentation.ratio", slabs, cells],
    ["allocator-rss", "allocator-rss.ratio", slabs, slabs],
    ["rss-overhead", "rss-overhead.ratio", resident, slabs],
    ["fragmentation", "fragmentation", resident, used],
  ] as const;
  const parts = [integers, sums, shares, allocator].reduce(
    (count, part) => count + Object.keys(part).length,
    0,
  );
  reply.map(parts + databases.length + 2 * ratios.length);
  replyIntegers(call, integers);
  for (const { number, index } of databases) {
    reply.bulkText(`db.${number}`);
    reply.map(3);
    // Deadlines are in the records; slots are tables of the index.
    replyIntegers(call, {
      "overhead.hashtable.main": index.usedBytes,
      "overhead.hashtable.expires": 0,
      "overhead.hashtable.slot-to-keys": 0,
    });
  }
  replyIntegers(call, sums);
  for (const [name, value] of Object.entries(shares)) {
    reply.bulkText(name);
    reply.double(value);
  }
  replyIntegers(call, allocator);
  for (const [bytesName, ratioName, more, less] of ratios) {
    reply.bulkText(ratioName);
    reply.double(less === 0 ? 0 : more / less);
    replyIntegers(call, { [`${bytesName}.bytes`]: more - less });
  }
}

function replyIntegers({ reply }: SessionCall, integers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(integers)) {
    reply.bulkText(name);
    reply.integer(value);
  }
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}

export function memoryReport(call: SessionCall): string {
  const figure = figuresOf(call);
  const used = figure("used_memory");
  if (used < REPORTED_BYTES_MIN)
    return "This node has hardly any data: there is nothing to report about its memory.\n";
  const slabs = figure("allocator_active");
  const resident = figure("used_memory_rss");
  const found = [
    figure("used_memory_peak") > PEAK_RATIO * used &&
      "Peak: the node once held over half as much again as it does now. Slabs that were emptied are given back; the process keeps some of them until the system asks.",
    slabs > SLAB_RATIO * figure("allocator_allocated") &&
      slabs > SLAB_BYTES_MIN &&
      "Sparse slabs: many records of a size were deleted. What is left of them is moved together in the background, slice by slice.",
    resident > RESIDENT_RATIO * used &&
      resident > RESIDENT_BYTES_MIN &&
      "Resident size: the process holds several times what data takes. Look at runtime_heap_used and runtime_array_buffers in INFO memory, and at the replies that clients do not read.",
    figure("mem_clients_normal") > BYTES_PER_CLIENT_MAX * Math.max(1, call.node.sessionCount) &&
      "Clients: their buffers take over 200 KB each. CLIENT LIST shows in tot-mem and omem whose; client-output-buffer-limit and maxmemory-clients bound them.",
  ].filter((line) => line !== false);
  if (found.length === 0) return "No problem with this node's memory was found.\n";
  return `What was found about this node's memory:\n\n${found.map((line) => ` * ${line}\n`).join("\n")}`;
}

/** Of each database what its arena has in use and has reserved. */
export function arenaReport({ keyspace }: SessionCall): string {
  const lines = keyspace.databases.map(({ number, size, records, index }) => {
    const { usedBytes, reservedBytes } = records.arena;
    return (
      `db${number}: keys=${size} cells=${usedBytes} slabs=${reservedBytes} outside=${records.outsideBytes} ` +
      `index=${index.usedBytes}\n`
    );
  });
  return `Bytes of the arena of each database: of cells in use, of slabs reserved, of large values outside, of the index.\n${lines.join("")}`;
}
