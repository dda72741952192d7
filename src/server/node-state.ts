/**
 * What all connections of a node share: its statistics, its logs of slow things, and the reasons for which commands
 * may have to wait or be refused. Implements what admin commands see of the node.
 */

import { DurationHistogram } from "../base/duration-histogram.js";
import type { ClusterView } from "../cluster/cluster-view.js";
import { type Copies, NO_COPIES } from "../cluster/copies.js";
import { NO_REPLICA_READS, type ReplicaReads } from "../cluster/replica-reads.js";
import { AccessControl, type User } from "../commands/acl/access-control.js";
import type { Command } from "../commands/command.js";
import { LatencyMonitor } from "../commands/latency-monitor.js";
import type {
  CommandStats,
  Node,
  NodeStats,
  Session,
  ShutdownOptions,
  SlowCommand,
  Transaction,
} from "../commands/session.js";
import { Slowlog } from "../commands/slowlog.js";
import type { ConfigStore } from "../config/config-store.js";
import type { PersistenceView } from "../durability/persistence-view.js";
import type { Clock } from "../host/clock.js";
import type { Host } from "../host/host.js";
import type { System } from "../host/system.js";
import type { Cancel } from "../host/timers.js";
import { Evictor } from "../keyspace/evictor.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { Sweeper } from "../keyspace/sweeper.js";
import { Broker } from "../pubsub/broker.js";
import type { TrackingCounts } from "../tracking/relay.js";
import type { TrackingMode } from "../tracking/tracker.js";
import type { Client } from "./client.js";
import { type CommandIndex, EXECUTES, MAY_REPLICATE, WRITE } from "./command-index.js";
import { CopyWaits } from "./copy-waits.js";
import { KeyNotifications } from "./key-notifications.js";
import { KeyTracking } from "./key-tracking.js";
import { Monitors } from "./monitors.js";
import { Shutdown } from "./shutdown.js";

/** Bits of `hurdles`. */
const PAUSED = 1;
const OVER_MEMORY = 2;
const LOADING = 4;
const REFUSING_WRITES = 8;
const MONITORED = 16;

const ERROR_CODES_MAX = 128;
const MICROS_PER_MS = 1000;
/** Every command is timed if one so short is to be seen. */
const SHORT_MICROS = 1000;

export interface NodeStateOptions {
  readonly host: Host;
  readonly config: ConfigStore;
  readonly keyspace: Keyspace;
  readonly index: CommandIndex;
  readonly runId: string;
  readonly configFile: string;
  readonly persistence: PersistenceView;
  readonly stop: () => void;
}

export class NodeState implements Node {
  /** Not zero if some guard must look at every command. */
  hurdles = 0;
  /** Shorter commands are neither slow nor spikes, in microseconds. */
  slowMicros = 0;
  /** Whether each command is timed, not only a sample of the fast ones. */
  timesAll = false;
  port = 0;
  readonly runId: string;
  readonly startedWallMs: number;
  readonly stats: NodeStats = emptyStats();
  readonly slowlog: Slowlog;
  readonly latency = new LatencyMonitor();
  readonly durations = new DurationHistogram();
  readonly commands: ReadonlyMap<string, Command>;
  readonly clients = new Map<number, Client>();
  readonly monitors: Monitors;
  readonly broker = new Broker();
  readonly tracking: KeyTracking;
  readonly configFile: string;
  readonly system: System;
  readonly clock: Clock;
  readonly keyspace: Keyspace;
  readonly sweeper: Sweeper;
  readonly evictor: Evictor;
  /** When CLIENT PAUSE ends, in monotonic milliseconds. */
  pausedUntilMs = 0;
  pausesWritesOnly = false;
  isActiveExpiryOn = true;
  readonly persistence: PersistenceView;
  readonly access: AccessControl;
  /** Set once, before clients come. */
  cluster: ClusterView | null = null;
  /** The same. */
  copies: Copies = NO_COPIES;
  replicaReads: ReplicaReads = NO_REPLICA_READS;
  /** Who waits for them: WAIT. */
  readonly copyWaits: CopyWaits;
  readonly #notifications: KeyNotifications;
  readonly #shutdown: Shutdown;
  readonly #host: Host;
  readonly #config: ConfigStore;
  readonly #index: CommandIndex;
  readonly #delays = new Set<Cancel>();
  /** Run by `executeTransaction`; the server sets it. */
  runTransaction: (client: Client, transaction: Transaction) => void = () => {};
  /** The same for `endSessionsOf`. */
  endSessions: (users: readonly User[], caller: Client) => boolean = () => false;
  /** The same for `timedWaits`. */
  countTimedWaits: () => number = () => 0;
  /** The client whose command is being executed; the same. */
  writer: () => Client | null = () => null;
  /** Called when held-back commands may go on. */
  resumed: () => void = () => {};

  constructor(options: NodeStateOptions) {
    const { host, config, keyspace, index } = options;
    this.#host = host;
    this.#config = config;
    this.#index = index;
    this.runId = options.runId;
    this.configFile = options.configFile;
    this.persistence = options.persistence;
    this.#shutdown = new Shutdown({ ...options, log: host.log });
    this.copyWaits = new CopyWaits({ timers: host.timers, copies: () => this.copies });
    this.system = host.system;
    this.clock = host.clock;
    this.keyspace = keyspace;
    this.startedWallMs = host.clock.wallMs();
    this.slowlog = new Slowlog(() => config.current.slowlogMaxLen);
    this.commands = new Map(index.entries.map(({ name, command }) => [name, command]));
    this.access = new AccessControl({ commands: this.commands.values(), config, host });
    this.monitors = new Monitors(host);
    this.sweeper = new Sweeper(keyspace, host.clock);
    this.evictor = new Evictor(keyspace, host.random, host.clock);
    this.tracking = new KeyTracking({
      keyspace,
      timers: host.timers,
      keysMax: () => config.current.trackingTableMaxKeys,
      find: (id) => this.clients.get(id),
      writer: () => this.writer(),
    });
    this.#notifications = new KeyNotifications({ keyspace, broker: this.broker });
    this.observePersistence();
    this.configure();
    config.subscribe(() => this.configure());
  }

  /** Takes over what the options say. */
  configure(): void {
    const { slowlogLogSlowerThanMicros, latencyMonitorThresholdMs, maxmemoryPolicy, ...config } =
      this.#config.current;
    const slow = slowlogLogSlowerThanMicros < 0 ? Number.POSITIVE_INFINITY : slowlogLogSlowerThanMicros;
    const spike =
      latencyMonitorThresholdMs === 0 ? Number.POSITIVE_INFINITY : latencyMonitorThresholdMs * MICROS_PER_MS;
    this.slowMicros = Math.min(slow, spike);
    this.timesAll = this.slowMicros < SHORT_MICROS;
    const { access } = this.keyspace;
    access.isLfu = maxmemoryPolicy.endsWith("-lfu");
    access.lfuLogFactor = config.lfuLogFactor;
    access.lfuDecayMinutes = config.lfuDecayTimeMinutes;
    this.evictor.configure(config.maxmemoryBytes, maxmemoryPolicy, config.maxmemorySamples);
    this.#notifications.configure(this.#config.current);
    this.checkMemory();
  }

  /** Looks what log and snapshots forbid; asked whenever that changes. */
  observePersistence(): void {
    const { loading, refusal } = this.persistence;
    this.hurdles &= ~(LOADING | REFUSING_WRITES);
    if (loading !== null) this.hurdles |= LOADING;
    if (refusal !== null) this.hurdles |= REFUSING_WRITES;
  }

  /** Whether a client is shown what all of them send; then each command is looked at. */
  setMonitor(client: Client, on: boolean): void {
    if (on) this.monitors.add(client);
    else this.monitors.delete(client);
    if (this.monitors.isEmpty) this.hurdles &= ~MONITORED;
    else this.hurdles |= MONITORED;
  }

  get isLoading(): boolean {
    return (this.hurdles & LOADING) !== 0;
  }

  /** Why writes are refused; null if they are not. */
  get refusal(): string | null {
    return (this.hurdles & REFUSING_WRITES) === 0 ? null : this.persistence.refusal;
  }

  /** Looks whether the memory limit is reached; asked once per turn of the loop. */
  checkMemory(): void {
    if (!this.isLoading && this.evictor.isOverLimit()) this.hurdles |= OVER_MEMORY;
    else this.hurdles &= ~OVER_MEMORY;
  }

  get isOverMemory(): boolean {
    return (this.hurdles & OVER_MEMORY) !== 0;
  }

  /** Whether there is too little memory and something may be done about it: eviction is a write, and the log must take it. */
  get mustMakeRoom(): boolean {
    return this.isOverMemory && this.persistence.hasRoomFor(0);
  }

  /** Evicts until there is room. False if there is still none. */
  makeRoom(): boolean {
    const hasRoom = this.evictor.makeRoom();
    // Not a part of the command that needed the room.
    this.keyspace.journal?.ended();
    this.checkMemory();
    return hasRoom;
  }

  /** Whether a command must wait for the end of CLIENT PAUSE. */
  holdsBack(bits: number, transaction: Transaction | null): boolean {
    if ((this.hurdles & PAUSED) === 0) return false;
    if (this.clock.monotonicMs() >= this.pausedUntilMs) {
      this.unpause();
      return false;
    }
    if (!this.pausesWritesOnly) return true;
    if ((bits & (WRITE | MAY_REPLICATE)) !== 0) return true;
    return (bits & EXECUTES) !== 0 && transaction?.writes === true;
  }

  pause(untilMs: number, writesOnly: boolean): void {
    this.pausesWritesOnly = this.isPaused ? this.pausesWritesOnly && writesOnly : writesOnly;
    this.pausedUntilMs = this.isPaused ? Math.max(this.pausedUntilMs, untilMs) : untilMs;
    this.hurdles |= PAUSED;
  }

  unpause(): void {
    this.hurdles &= ~PAUSED;
    this.resumed();
  }

  get isPaused(): boolean {
    return (this.hurdles & PAUSED) !== 0;
  }

  sessions(): Iterable<Session> {
    return this.clients.values();
  }

  session(id: number): Session | undefined {
    return this.clients.get(id);
  }

  get sessionCount(): number {
    return this.clients.size;
  }

  get timedWaits(): number {
    return this.countTimedWaits();
  }

  track(session: Session, mode: TrackingMode): Promise<void> | null {
    return this.tracking.begin(session as Client, mode);
  }

  untrack(session: Session): void {
    this.tracking.end(session as Client);
  }

  get trackingCounts(): TrackingCounts {
    return this.tracking.counts;
  }

  get commandStats(): Iterable<CommandStats> {
    return this.#index.all();
  }

  countError(line: string): void {
    const { stats } = this;
    stats.totalErrors++;
    const space = line.indexOf(" ");
    const code = space < 0 ? line : line.slice(0, space);
    const { errorsByCode } = stats;
    // Bounded, should a code ever come from outside.
    if (errorsByCode.size < ERROR_CODES_MAX || errorsByCode.has(code)) {
      errorsByCode.set(code, (errorsByCode.get(code) ?? 0) + 1);
    }
  }

  resetStats(): void {
    const { errorsByCode, peakMemoryBytes } = this.stats;
    errorsByCode.clear();
    Object.assign(this.stats, emptyStats(), { errorsByCode, peakMemoryBytes });
    Object.assign(this.keyspace.stats, { hits: 0, misses: 0, expired: 0, evicted: 0 });
    for (const entry of this.#index.all()) entry.resetStats();
    this.durations.clear();
  }

  setActiveExpiry(on: boolean): void {
    this.isActiveExpiryOn = on;
  }

  noteSlow({ command, args, session, microseconds }: SlowCommand): void {
    const { latencyMonitorThresholdMs, slowlogLogSlowerThanMicros } = this.#config.current;
    const { flags } = command;
    const wallSeconds = Math.floor(this.clock.wallMs() / 1000);
    const milliseconds = Math.floor(microseconds / MICROS_PER_MS);
    if (latencyMonitorThresholdMs > 0 && milliseconds >= latencyMonitorThresholdMs) {
      this.latency.add(flags.includes("fast") ? "fast-command" : "command", milliseconds, wallSeconds);
    }
    const isSlow = slowlogLogSlowerThanMicros >= 0 && microseconds >= slowlogLogSlowerThanMicros;
    if (!isSlow || flags.includes("skip_slowlog")) return;
    this.slowlog.add({
      wallSeconds,
      microseconds: Math.round(microseconds),
      args,
      remote: session.remote,
      clientName: session.name,
    });
  }

  delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#host.timers.after(ms, () => {
        this.#delays.delete(cancel);
        resolve();
      });
      this.#delays.add(cancel);
    });
  }

  /** Whoever waits for a `delay` waits for ever: the node is closed. */
  cancelDelays(): void {
    for (const cancel of this.#delays) cancel();
    this.#delays.clear();
  }

  async rewriteConfig(): Promise<string | undefined> {
    if (this.configFile === "") return "ERR The server is running without a config file";
    const users = this.access.declarations;
    if (typeof users === "string") return `ERR Rewriting config file: ${users}`;
    try {
      const text = await this.#host.files.readText(this.configFile);
      await this.#host.files.replaceText(this.configFile, this.#config.rewrite(text, { users }));
      return undefined;
    } catch (error) {
      return `ERR Rewriting config file: ${(error as Error).message}`;
    }
  }

  shutdown(options: ShutdownOptions): Promise<string | undefined> {
    return this.#shutdown.begin(options);
  }

  abortShutdown(): boolean {
    return this.#shutdown.abort();
  }

  endSessionsOf(users: readonly User[], caller: Session): boolean {
    return this.endSessions(users, caller as Client);
  }

  executeTransaction(session: Session): void {
    const client = session as Client;
    const { transaction } = client;
    if (transaction !== null) this.runTransaction(client, transaction);
  }
}

function emptyStats(): NodeStats {
  return {
    totalConnections: 0,
    rejectedConnections: 0,
    totalCommands: 0,
    inputBytes: 0,
    outputBytes: 0,
    totalErrors: 0,
    commandRate: 0,
    inputRate: 0,
    outputRate: 0,
    evictedClients: 0,
    peakMemoryBytes: 0,
    errorsByCode: new Map(),
  };
}
