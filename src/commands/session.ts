/**
 * What session and admin commands see beyond the keyspace: the connection they came on and the node. The
 * server implements these interfaces; commands know nothing of sockets.
 */

import type { DurationHistogram } from "../base/duration-histogram.js";
import type { ClusterView } from "../cluster/cluster-view.js";
import type { PersistenceView } from "../durability/persistence-view.js";
import type { Clock } from "../host/clock.js";
import type { System } from "../host/system.js";
import type { Watcher } from "../keyspace/watchers.js";
import type { Broker } from "../pubsub/broker.js";
import type { Subscriber, SubscriptionCounts } from "../pubsub/subscriber.js";
import type { TrackingCounts } from "../tracking/relay.js";
import type { TrackingMode, TrackingState } from "../tracking/tracker.js";
import type { AccessControl, User } from "./acl/access-control.js";
import type { Wait, WaitEnd, WaitKind } from "./blocking.js";
import { Call } from "./call.js";
import type { Command } from "./command.js";
import type { LatencyMonitor } from "./latency-monitor.js";
import type { Slowlog } from "./slowlog.js";

/**
 * When replies leave: when this node has what they tell of, by the rule of its own log; or when a majority of the owners of the slots has
 * it too. See docs/consistency.md.
 */
export type Consistency = "one" | "quorum";

/** One client's connection. */
export interface Session extends Subscriber, Watcher {
  readonly id: number;
  /** `address:port` of the client, and of our own end. */
  readonly remote: string;
  readonly local: string;
  readonly isUnix: boolean;
  /** Comes from this machine. */
  readonly isLoopback: boolean;
  readonly createdMs: number;
  name: string;
  libraryName: string;
  libraryVersion: string;
  database: number;
  resp: 2 | 3;
  /** Whose rules hold for it; null for callers inside the process, and other nodes, for whom there are none. */
  readonly user: User | null;
  readonly authenticated: boolean;
  logIn(user: User): void;
  /** As it was when the connection began: `default`, and authenticated if nobody has to be. */
  logOut(): void;
  /** What it is subscribed to. */
  readonly subscriptions: SubscriptionCounts;
  /** What it has asked to be told of keys that it reads; null if nothing. */
  readonly tracking: TrackingState | null;
  /** It is shown what clients send. */
  isMonitor: boolean;
  /** CLIENT NO-EVICT and NO-TOUCH. */
  noEvict: boolean;
  noTouch: boolean;
  consistency: Consistency;
  /** READONLY: it is content with copies that have all that it has seen. */
  readsReplicas: boolean;
  /** CLIENT REPLY: `skip-next` is SKIP as given, `skip` while the command after it runs. */
  replyMode: "on" | "off" | "skip-next" | "skip";
  /** Non-null between MULTI and EXEC. */
  transaction: Transaction | null;
  /** For CLIENT LIST: milliseconds (monotonic) of the last command; its name (`client|list`). */
  lastCommandMs: number;
  lastCommand: string;
  /** Bytes that wait: unfinished request, replies not yet sent; the buffers that hold them. */
  readonly queryBytes: number;
  readonly outputBytes: number;
  readonly memoryBytes: number;
  /** Writes what it has heard, and was not told yet, into the reply at hand. */
  replyHeard(): void;
  /** Notes the slot of a key that it watches. */
  watched(slot: number): void;
  /** Stops watching all keys. */
  unwatch(): void;
  /** A command of it waits: see blocking.ts. */
  readonly isParked: boolean;
  /** Ends that wait. */
  unpark(end: WaitEnd): void;
  /** Closes after the replies so far were sent (`soft`), or at once. */
  close(soft: boolean): void;
}

/** Commands between MULTI and EXEC. */
export interface Transaction {
  /** The raw bytes of each command, as a request that the scanner reads again. */
  readonly queue: Buffer[];
  queuedBytes: number;
  /** A command was refused while queueing: EXEC answers EXECABORT. */
  aborted: boolean;
  /** Some queued command writes. */
  writes: boolean;
  /** Some queued command is refused while memory is short, and EXEC with it. */
  needsMemory: boolean;
  /** Some queued command is refused while what was kept is being read, and EXEC with it. */
  needsData: boolean;
  /** The slot of all keys; -1 if there is none, -2 if there are several. Kept on a node of a cluster alone. */
  slot: number;
  /** A queued command that no other node can execute for this connection, by name; empty if there is none. */
  bound: string;
}

/** What every node counts, for INFO. */
export interface NodeStats {
  totalConnections: number;
  rejectedConnections: number;
  totalCommands: number;
  inputBytes: number;
  outputBytes: number;
  totalErrors: number;
  /** Commands a second, and bytes a second in and out, over the last seconds. */
  commandRate: number;
  inputRate: number;
  outputRate: number;
  evictedClients: number;
  peakMemoryBytes: number;
  /** Counts by error code, such as WRONGTYPE. */
  readonly errorsByCode: Map<string, number>;
}

/** Figures of one command since the last CONFIG RESETSTAT. */
export interface CommandStats {
  readonly name: string;
  calls: number;
  microseconds: number;
  rejected: number;
  failed: number;
  /** Null if no call was timed while `latency-tracking` is on. */
  readonly durations: DurationHistogram | null;
}

/** A command that took its time. */
export interface SlowCommand {
  readonly command: Command;
  readonly args: readonly Buffer[];
  readonly session: Session;
  readonly microseconds: number;
}

export interface ShutdownOptions {
  readonly saves: boolean;
  /** Goes on though the snapshot failed. */
  readonly isForced: boolean;
}

export interface Node {
  readonly runId: string;
  readonly startedWallMs: number;
  readonly stats: NodeStats;
  readonly slowlog: Slowlog;
  readonly latency: LatencyMonitor;
  readonly commands: ReadonlyMap<string, Command>;
  readonly commandStats: Iterable<CommandStats>;
  /** How long commands ran, as far as they were timed; those that were not are stood for by those that were. */
  readonly durations: DurationHistogram;
  sessions(): Iterable<Session>;
  readonly sessionCount: number;
  session(id: number): Session | undefined;
  /** How many clients wait, and have said for how long. */
  readonly timedWaits: number;
  /** CLIENT TRACKING: from now on a session is told of changed keys. Resolves when other nodes know of it as they must; null if they do. */
  track(session: Session, mode: TrackingMode): Promise<void> | null;
  untrack(session: Session): void;
  readonly trackingCounts: TrackingCounts;
  /** Facts of process and machine. */
  readonly system: System;
  readonly clock: Clock;
  readonly persistence: PersistenceView;
  readonly access: AccessControl;
  /** Where messages are published. */
  readonly broker: Broker;
  /** Null unless `cluster-enabled`. */
  readonly cluster: ClusterView | null;
  readonly port: number;
  readonly configFile: string;
  /** Writes the configuration file anew; calls back with an error line or undefined. */
  rewriteConfig(): Promise<string | undefined>;
  resetStats(): void;
  /**
   * CLIENT PAUSE: holds back all commands, or only writes, until a time in monotonic milliseconds. A pause under way is
   * neither shortened nor loosened.
   */
  pause(untilMs: number, writesOnly: boolean): void;
  unpause(): void;
  setActiveExpiry(on: boolean): void;
  /** Tells the slow log and the latency monitor; each keeps what its threshold says. */
  noteSlow(slow: SlowCommand): void;
  delay(ms: number): Promise<void>;
  /** Closes the sessions of users that are no more, but the caller's: answers whether that is one of them, which it is to close after its reply. */
  endSessionsOf(users: readonly User[], caller: Session): boolean;
  /** Executes the queued commands of a session as one, replies included. */
  executeTransaction(session: Session): void;
  /** Ends the node, after a snapshot if `saves`. Resolves with the reason if it goes on: the snapshot failed, or ABORT. */
  shutdown(options: ShutdownOptions): Promise<string | undefined>;
  /** SHUTDOWN ABORT: false if no shutdown is under way that could still be called off. */
  abortShutdown(): boolean;
}

export class SessionCall extends Call {
  session!: Session;
  node!: Node;
  /**
   * Makes this command's reply, and so all later ones of the connection, wait. The reply is what `later` writes once
   * it resolves; commands of other connections go on meanwhile.
   */
  postpone!: (later: Promise<() => void>) => void;
  /** Lets the command wait as a kind of wait says: see blocking.ts. */
  park!: (kind: WaitKind, wait: Wait) => void;
}
