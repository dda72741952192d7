/** What the node tells of itself and of its keys: a part of the table of options (options.ts). */
import { keyEvents, noKeyEvents } from "./key-events.js";
import { option } from "./option.js";
import { integer, yesNo } from "./option-types.js";
import { percentiles } from "./percentiles.js";

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
  latencyTracking: option(yesNo(), {
    name: "latency-tracking",
    default: true,
    mutable: true,
    doc:
      "Keeps for each command how long it takes, as a histogram: LATENCY HISTOGRAM and INFO latencystats show it. It costs a few nanoseconds for a command that " +
      "is timed, which fast ones are by sample, and 200 bytes for each command that is used.",
  }),
  latencyTrackingInfoPercentiles: option(percentiles(), {
    name: "latency-tracking-info-percentiles",
    default: [50, 99, 99.9],
    mutable: true,
    doc: "The percentiles that INFO latencystats shows.",
    differs: "Each is the upper bound of a bucket of the histogram, a power of two in microseconds.",
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
