/** The part of the table of options (options.ts) that is about several copies of each key. */
import { option } from "./option.js";
import { integer, memory, oneOf } from "./option-types.js";

const KB = 1024;
const MB = 1024 * KB;
const INT_MAX = 2 ** 31 - 1;
const HOUR_MS = 3_600_000;

const REPLICATION_FACTOR_DEFAULT = 3;
/** More copies protect against hardly anything more, and each of them takes part in every write. */
const REPLICATION_FACTOR_MAX = 7;

export const replicationOptions = {
  replicationFactor: option(integer({ min: 1, max: REPLICATION_FACTOR_MAX, unit: "copies" }), {
    name: "replication-factor",
    default: REPLICATION_FACTOR_DEFAULT,
    mutable: false,
    doc:
      "On how many nodes each key lies, as far as there are so many. Decided once for a cluster, by the node that founds it: those that join hold to that, and " +
      "say so in the log if it is not their own. More survive the loss of more nodes, and take more memory, network and time for each write.",
    differs: "Not in Redis, where replicas are nodes of their own.",
  }),
  replBacklogSizeBytes: option(memory({ min: 16 * KB, max: Number.MAX_SAFE_INTEGER }), {
    name: "repl-backlog-size",
    default: 64 * MB,
    mutable: true,
    doc:
      "How much of what it executed a node keeps in memory for the other owners of its slots. An owner that was away for less than that gets just what it missed; after " +
      "more, its slots are compared with those of the others, which takes longer. Higher bridges longer absences, and takes that memory beside `maxmemory`.",
    differs: "64mb, not 1mb, unless it is said. Less than 16kb is refused; Redis takes 16kb then.",
  }),
  consistency: option(oneOf("level", ["one", "quorum"]), {
    name: "consistency",
    default: "one",
    mutable: true,
    doc:
      "What a reply promises to clients that do not choose for themselves by TORUS CONSISTENCY. `one`: the node that executed a write has it, by its own `appendfsync`; the write is lost if that " +
      "node is before another one has it. `quorum`: a majority of the owners of its slot have it, for a round trip between nodes more. A change counts for new connections.",
    differs: "Not in Redis, where WAIT asks afterwards.",
  }),
  quorumTimeoutMs: option(integer({ min: 1, max: INT_MAX, unit: "milliseconds" }), {
    name: "quorum-timeout",
    default: 1000,
    mutable: true,
    doc:
      "How long a reply waits for a majority at `quorum` before it says that there was none in time. Higher rides out slower nodes and longer interruptions, lower " +
      "tells clients sooner.",
    differs: "Not in Redis.",
  }),
  clusterStartWaitMs: option(integer({ min: 0, max: INT_MAX, unit: "milliseconds" }), {
    name: "cluster-start-wait",
    default: 5000,
    mutable: false,
    doc:
      "How long a node that starts waits for the other owners of its slots, which may know of newer writes than it does, before it serves without them. Higher loses less when all " +
      "nodes were down and come back one after the other; lower serves sooner when some do not come back.",
    differs: "Not in Redis.",
  }),
  tombstoneGraceMs: option(integer({ min: 0, max: INT_MAX, unit: "milliseconds" }), {
    name: "tombstone-grace",
    default: HOUR_MS,
    mutable: true,
    doc:
      "For how long what remains of deleted and expired keys is kept for an owner that is away; 0: for as long as it is. One that comes back later takes what the others have: of what it " +
      "alone had executed it keeps only what began a life since. Higher loses less of that, lower takes less memory while a node is away.",
    differs: "Not in Redis, where a replica that was away for long copies everything.",
  }),
  maxClockOffsetMs: option(integer({ min: 1, max: INT_MAX, unit: "milliseconds" }), {
    name: "max-clock-offset",
    default: 500,
    mutable: true,
    doc:
      "How far a node's clock may be ahead of those of most others: the later clock wins where two nodes wrote the same key. Beyond that the node's time goes on with theirs, and it says so. " +
      "Higher forgives worse clocks, lower keeps a wrong one from winning over writes that came after it.",
    differs: "Not in Redis.",
  }),
} as const;
