/**
 * The one table of options. Flags, environment variables, the configuration file, CONFIG GET/SET/REWRITE,
 * `--help` and docs/configuration.md all read it: an option exists because it stands here, and nowhere else.
 *
 * The key of an entry is its field in `Config`, with the unit last where there is one. An option is declared
 * when a release really uses it, never before: a setting that is accepted and ignored is a lie.
 */
import { accessOptions } from "./access-options.js";
import { bindAddresses } from "./bind-addresses.js";
import { clusterOptions } from "./cluster-options.js";
import { dataOptions } from "./data-options.js";
import { observationOptions } from "./observation-options.js";
import { option } from "./option.js";
import { fileMode, integer, memory, memoryShare, oneOf, text, yesNo } from "./option-types.js";
import { outputBufferLimits } from "./output-buffer-limits.js";
import { replicationOptions } from "./replication-options.js";
import { saveRules } from "./save-rules.js";

const KB = 1024;
const MB = 1024 * KB;
const GB = 1024 * MB;

/** The widest `int` of C, which many of Redis's options are, and so the bound that its error texts name. */
const INT_MAX = 2 ** 31 - 1;
const EXACT_MAX = Number.MAX_SAFE_INTEGER;

const node = {
  nodeName: option(text("name"), {
    name: "node-name",
    default: "",
    mutable: false,
    doc: "The node's name in its log. Empty: the name is left out, which suits a node that runs alone.",
    differs: "Not in Redis.",
  }),
  loglevel: option(oneOf("level", ["debug", "verbose", "notice", "warning"]), {
    name: "loglevel",
    default: "notice",
    mutable: true,
    doc:
      "How much is logged. `debug` tells everything, `verbose` also what clients do, `notice` what an " +
      "operator wants to know of a healthy node, `warning` only what needs someone's attention.",
  }),
  hz: option(integer({ min: 1, max: 500, unit: "times-per-second" }), {
    name: "hz",
    default: 10,
    mutable: true,
    doc:
      "How often a second the background work runs: expiry, eviction ahead of need, time-outs of clients. Higher " +
      "spreads the work in smaller slices and notices sooner, at the price of more CPU on an idle node.",
    differs: "A value outside of 1 to 500 is refused; Redis takes the nearest bound.",
  }),
} as const;

const network = {
  port: option(integer({ min: 0, max: 65535, unit: "port" }), {
    name: "port",
    default: 6379,
    mutable: false,
    doc: "TCP port for clients. 0 lets the system choose a free one; the log and INFO tell which.",
    differs:
      "In Redis 0 means no TCP; here that is `bind` with no address. Redis changes the port at run time, TorusKV does not.",
  }),
  bind: option(bindAddresses(), {
    name: "bind",
    default: [{ host: "127.0.0.1", optional: false }],
    mutable: false,
    doc:
      "Addresses to listen on for TCP clients, parted by spaces. `*` is every IPv4 interface, `-::*` also every IPv6 one where " +
      "there is any; a `-` before an address excuses its absence. Empty: no TCP, only the Unix socket. " +
      "More addresses reach more clients, and more attackers: see `protected-mode` and `requirepass`.",
    differs: "Redis without a configuration file listens on every interface; not changed at run time.",
  }),
  unixsocket: option(text("path"), {
    name: "unixsocket",
    default: "",
    mutable: false,
    doc: "Path of a Unix socket for clients of the same machine, beside TCP. Empty: none.",
  }),
  unixsocketMode: option(fileMode(), {
    name: "unixsocketperm",
    default: 0,
    mutable: false,
    doc: "Permission bits of the Unix socket, octal, as in `700`: who may connect. 0 leaves what the umask gives.",
  }),
  tcpBacklog: option(integer({ min: 0, max: INT_MAX, unit: "connections" }), {
    name: "tcp-backlog",
    default: 511,
    mutable: false,
    doc:
      "Connections that may wait to be accepted. Higher survives larger bursts of new clients; the system's own " +
      "limit (`net.core.somaxconn` on Linux) caps it silently.",
  }),
  tcpKeepaliveSeconds: option(integer({ min: 0, max: INT_MAX, unit: "seconds" }), {
    name: "tcp-keepalive",
    default: 300,
    mutable: true,
    doc:
      "Time between probes of a silent TCP client; 0 sends none. Lower notices a vanished peer sooner and keeps " +
      "firewalls from forgetting the connection, for a few packets more. A change counts for new connections.",
  }),
  protectedMode: option(yesNo(), {
    name: "protected-mode",
    default: true,
    mutable: true,
    doc:
      "Whether a node without a password refuses clients from other machines. `no` serves everyone who can reach it: " +
      "only for networks that are closed by other means.",
  }),
  requirepass: option(text("password"), {
    name: "requirepass",
    default: "",
    mutable: true,
    doc:
      "Password of the user `default`, instead of those that it had. Empty: none is needed. Clients already authenticated stay so when it " +
      "changes; what ACL SETUSER says of that user later holds too, and is not shown here. A flag is visible in the list of processes: " +
      "prefer the file or the environment.",
  }),
  enableDebugCommand: option(oneOf("who", ["no", "local", "yes"]), {
    name: "enable-debug-command",
    default: "local",
    mutable: false,
    doc:
      "Who may use DEBUG: nobody, clients of the same machine, or everyone. What DEBUG can do here harms nobody but its caller, " +
      "except that it can keep expired keys from being cleared away.",
    differs: "The default in Redis is `no`, since its DEBUG can stop or crash the server.",
  }),
} as const;

const clients = {
  maxclients: option(integer({ min: 1, max: 2 ** 32 - 1, unit: "clients" }), {
    name: "maxclients",
    default: 10_000,
    mutable: true,
    doc:
      "Clients connected at the same time; the next one is told so and closed. Higher serves more, and each costs a " +
      "file descriptor (see `ulimit -n`) and some KB of memory.",
    differs: "The limit on file descriptors is not raised nor checked at start.",
  }),
  trackingTableMaxKeys: option(integer({ min: 0, max: EXACT_MAX, unit: "keys" }), {
    name: "tracking-table-max-keys",
    default: 1_000_000,
    mutable: true,
    doc:
      "Keys of which the node remembers which clients, and other nodes, have read them (CLIENT TRACKING); with more, some are forgotten and their " +
      "readers told so. Higher lets clients keep more, and takes memory: about 60 bytes for each with a short key and one reader. 0 is no limit but that of 256 MiB of all that.",
  }),
  timeoutSeconds: option(integer({ min: 0, max: INT_MAX, unit: "seconds" }), {
    name: "timeout",
    default: 0,
    mutable: true,
    doc:
      "Closes a client that has been idle for so long; 0 never does. Lower frees what forgotten clients hold, and " +
      "surprises connection pools that rest.",
  }),
  clientOutputBufferLimits: option(outputBufferLimits(), {
    name: "client-output-buffer-limit",
    default: {
      normal: { hardBytes: GB, softBytes: 0, softSeconds: 0 },
      replica: { hardBytes: 256 * MB, softBytes: 64 * MB, softSeconds: 60 },
      pubsub: { hardBytes: 32 * MB, softBytes: 8 * MB, softSeconds: 60 },
    },
    mutable: true,
    doc:
      "Replies that may wait for one client, for each class of client: `class hard soft seconds`. A client " +
      "with more than `hard` bytes waiting is closed, and so is one with more than `soft` bytes for `seconds` on end; 0 is no " +
      "limit. Higher forgives slower readers, lower protects the node's memory from them. Clients that are subscribed or monitor are `pubsub`, " +
      "all others `normal`.",
    differs:
      "Redis leaves normal clients without a limit: one that pipelines and never reads then takes all memory. 1gb is more than any " +
      "reply that a sane client waits for.",
  }),
  clientQueryBufferLimitBytes: option(memory({ min: MB, max: EXACT_MAX }), {
    name: "client-query-buffer-limit",
    default: GB,
    mutable: true,
    doc:
      "Bytes of one unfinished command or transaction that a client may make the node hold; beyond it the client is closed. Higher permits " +
      "larger commands, lower bounds what a hostile client can take.",
  }),
  maxmemoryClients: option(memoryShare(), {
    name: "maxmemory-clients",
    default: { bytes: 0, percent: 0 },
    mutable: true,
    doc:
      "Memory that the buffers of all clients together may take, in bytes or as a percentage of `maxmemory`; 0 is no limit. " +
      "Beyond it the clients that hold most are closed first. Lower protects the data from clients, and closes busy clients sooner.",
  }),
  protoMaxBulkLenBytes: option(memory({ min: MB, max: 512 * MB }), {
    name: "proto-max-bulk-len",
    default: 512 * MB,
    mutable: true,
    doc: "Longest single argument of a command, and longest value of a key. Lower refuses oversized values at the door.",
    differs: "Redis allows more than 512mb.",
  }),
} as const;

const memoryAndEviction = {
  maxmemoryBytes: option(memory({ min: 0, max: EXACT_MAX }), {
    name: "maxmemory",
    default: 0,
    mutable: true,
    doc:
      "Memory for data; beyond it `maxmemory-policy` decides. 0 is no limit, and then the machine is the limit. Leave room " +
      "for clients' buffers and the runtime: their memory comes on top.",
    differs:
      "Text that is no number, or an overflow, is refused; Redis reads some of it as 0 or as the largest number.",
  }),
  maxmemoryPolicy: option(
    oneOf("policy", [
      "volatile-lru",
      "volatile-lfu",
      "volatile-random",
      "volatile-ttl",
      "allkeys-lru",
      "allkeys-lfu",
      "allkeys-random",
      "noeviction",
    ]),
    {
      name: "maxmemory-policy",
      default: "noeviction",
      mutable: true,
      doc:
        "What gives way at `maxmemory`. `noeviction` answers writes with an error and loses nothing; the others evict keys: " +
        "the least recently used (`lru`), the least often used (`lfu`), any (`random`), or the next to expire (`ttl`), among all keys " +
        "(`allkeys-`) or only those with an expiry (`volatile-`).",
    },
  ),
  maxmemorySamples: option(integer({ min: 1, max: INT_MAX, unit: "keys" }), {
    name: "maxmemory-samples",
    default: 5,
    mutable: true,
    doc: "Keys compared to choose one to evict. Higher comes closer to true LRU, LFU or TTL order, and costs more CPU per eviction.",
  }),
  lfuLogFactor: option(integer({ min: 0, max: INT_MAX, unit: "factor" }), {
    name: "lfu-log-factor",
    default: 10,
    mutable: true,
    doc:
      "How slowly the 8-bit access counter of LFU grows. Higher tells very hot keys from hot ones; lower tells keys of few accesses apart " +
      "(at 10 a counter is full after about a million accesses, at 0 after 255).",
  }),
  lfuDecayTimeMinutes: option(integer({ min: 0, max: INT_MAX, unit: "minutes" }), {
    name: "lfu-decay-time",
    default: 1,
    mutable: true,
    doc:
      "Minutes without access after which a key's LFU counter drops by one; 0 never. Higher remembers past popularity for longer, lower " +
      "follows the present.",
  }),
  activeExpireEffort: option(integer({ min: 1, max: 10, unit: "effort" }), {
    name: "active-expire-effort",
    default: 1,
    mutable: true,
    doc:
      "How hard the background looks for keys that have expired and that nobody reads. Higher frees their memory sooner, " +
      "and takes more CPU from clients.",
  }),
} as const;

const durability = {
  dir: option(text("directory"), {
    name: "dir",
    default: "torus-data",
    mutable: false,
    doc:
      "Directory of what the node keeps: log, snapshots, identity. It is made when there is something to keep; one node at a time uses " +
      "it. A relative path begins where the process was started.",
    differs: "It is not where relative paths in other options begin.",
  }),
  appendonly: option(yesNo(), {
    name: "appendonly",
    default: false,
    serverDefault: true,
    mutable: true,
    doc:
      "Whether every write goes into a log, from which a node that was killed or lost power comes back. `appendfsync` says how soon. Switched on " +
      "at run time it begins with a snapshot of what is there. `no` with an empty `save` is a pure cache, which writes nothing to disk.",
    differs: "The log is TorusKV's own, not an AOF of Redis.",
  }),
  appendfsync: option(oneOf("when", ["everysec", "always", "no"]), {
    name: "appendfsync",
    default: "everysec",
    mutable: true,
    doc:
      "When the log is synced to the disk. `always`: before the reply leaves, so that no acknowledged write is ever lost, at the price of " +
      "waiting for the disk; many clients share one sync. `everysec`: about once a second, which a loss of power may cost; a crash of the " +
      "process alone costs a few milliseconds at most. `no`: when the system likes.",
    differs:
      "The disk is never waited for by other clients, and with `always` no read shows what a loss of power could take back.",
  }),
  save: option(saveRules(), {
    name: "save",
    default: [],
    serverDefault: [
      { seconds: 3600, changes: 1 },
      { seconds: 300, changes: 100 },
      { seconds: 60, changes: 10_000 },
    ],
    mutable: true,
    doc:
      "When a snapshot is written by itself: `seconds changes`, repeated, means after so many seconds if there were so many changes. Empty: never. " +
      "More often means less log to replay at start, or less to lose where there is no log, and more writing.",
  }),
  autoAofRewritePercentage: option(integer({ min: 0, max: INT_MAX, unit: "percent" }), {
    name: "auto-aof-rewrite-percentage",
    default: 100,
    mutable: true,
    doc:
      "A snapshot shortens the log when the log has grown by this much beyond its size after the last one; 0 never does. Lower keeps the " +
      "start short and the disk free, and writes more.",
  }),
  autoAofRewriteMinSizeBytes: option(memory({ min: 0, max: EXACT_MAX }), {
    name: "auto-aof-rewrite-min-size",
    default: 64 * MB,
    mutable: true,
    doc: "A log below this size is not shortened by itself. Higher spares a small node frequent snapshots.",
  }),
  stopWritesOnBgsaveError: option(yesNo(), {
    name: "stop-writes-on-bgsave-error",
    default: true,
    mutable: true,
    doc:
      "Whether writes are refused after a snapshot by the rules of `save` has failed, until one succeeds. It counts only without a log: with " +
      "`appendonly yes` nothing is lost by a snapshot that fails. `no` goes on serving, and a crash then costs more than the rules say.",
    differs: "Redis refuses writes beside a working AOF too.",
  }),
} as const;

/** A heading for readers, and the options under it. */
export const sections = [
  { title: "Network", options: network },
  { title: "Clients", options: clients },
  { title: "Users", options: accessOptions },
  { title: "Memory and eviction", options: memoryAndEviction },
  { title: "Data", options: dataOptions },
  { title: "Durability", options: durability },
  { title: "Cluster", options: clusterOptions },
  { title: "Replication", options: replicationOptions },
  { title: "Slow log, latency and events", options: observationOptions },
  { title: "The node", options: node },
] as const;

export const options = {
  ...network,
  ...clients,
  ...accessOptions,
  ...memoryAndEviction,
  ...dataOptions,
  ...durability,
  ...clusterOptions,
  ...replicationOptions,
  ...observationOptions,
  ...node,
} as const;
