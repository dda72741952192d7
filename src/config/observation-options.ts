/** What the node tells of itself and of its keys: a part of the table of options (options.ts). */
import { keyEvents, noKeyEvents } from "./key-events.js";
import { option } from "./option.js";
import { integer } from "./option-types.js";

const EXACT_MAX = Number.MAX_SAFE_INTEGER;

export const observationOptions = {
  slowlogLogSlowerThanMicros: option(integer({ min: -1, max: EXACT_MAX, unit: "microseconds" }), {
    name: "slowlog-log-slower-than",
    default: 10_000,
    mutable: true,
    doc: "Commands that take longer are kept for SLOWLOG. Lower shows more; 0 keeps every command, -1 none.",
  }),
  slowlogMaxLen: option(integer({ min: 0, max: EXACT_MAX, unit: "entries" }), {
    name: "slowlog-max-len",
    default: 128,
    mutable: true,
    doc: "Entries that SLOWLOG keeps; the oldest goes first. Higher remembers longer, for some hundred bytes of memory each.",
  }),
  latencyMonitorThresholdMs: option(integer({ min: 0, max: EXACT_MAX, unit: "milliseconds" }), {
    name: "latency-monitor-threshold",
    default: 0,
    mutable: true,
    doc: "Events that take at least so long are kept for LATENCY; 0 turns this off. Lower shows more, and costs a little for each event.",
  }),
  notifyKeyspaceEvents: option(keyEvents(), {
    name: "notify-keyspace-events",
    default: noKeyEvents,
    mutable: true,
    doc:
      "Of which events in the keyspace subscribers hear: `K` by key (`__keyspace@<db>__:<key>`), `E` by event (`__keyevent@<db>__:<event>`), and " +
      "of which kinds: `g` general commands, `$` strings, `l` lists, `s` sets, `h` hashes, `z` sorted sets, `t` streams, `x` expired, `e` evicted, " +
      "`A` for all of these, `n` new keys, `m` reads of absent keys. Empty: of none. Every event costs as much as a PUBLISH or two.",
    differs:
      "On a cluster the node that executes a key's commands tells what happens to it, to subscribers at any node: set it on all nodes.",
  }),
} as const;
