/**
 * Listens, accepts clients and gives them their turns; does what must be done a few times a second whether or not
 * clients come. One server per node. Long because it is where all that serves clients is put together.
 */

import { type Copies, NO_COPIES } from "../cluster/copies.js";
import type { Forwarder } from "../cluster/forwarder.js";
import type { RunServer } from "../cluster/peer-server.js";
import { NO_REPLICA_READS } from "../cluster/replica-reads.js";
import type { PeerSession } from "../cluster/served-peer.js";
import { HERE } from "../cluster/slot-routes.js";
import { SessionCall } from "../commands/session.js";
import { commands } from "../commands/table.js";
import type { Config } from "../config/config.js";
import type { ConfigStore } from "../config/config-store.js";
import type { PersistenceView } from "../durability/persistence-view.js";
import type { Host } from "../host/host.js";
import type { Log } from "../host/log.js";
import type { Connection } from "../host/network.js";
import type { Cancel } from "../host/timers.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { ReplyWriter } from "../protocol/reply-writer.js";
import { RequestScanner } from "../protocol/request-scanner.js";
import { Batch } from "./batch.js";
import { Client } from "./client.js";
import { ClientEviction } from "./client-eviction.js";
import { CommandIndex } from "./command-index.js";
import { Deliveries } from "./deliveries.js";
import { Elsewhere } from "./elsewhere.js";
import { Executor } from "./executor.js";
import { InnerSessions } from "./inner-sessions.js";
import { Listeners } from "./listeners.js";
import type { Membership } from "./membership.js";
import { NodeState } from "./node-state.js";
import { ParkedClients } from "./parked-clients.js";
import { RateMeter } from "./rate-meter.js";
import { RemoteRuns } from "./remote-runs.js";
import { RemoteWatches } from "./remote-watches.js";
import { ReplicaGuard } from "./replica-guard.js";
import { ReplyCork } from "./reply-cork.js";
import { ReplyGate } from "./reply-gate.js";
import { Router } from "./router.js";
import { followUsers } from "./user-sessions.js";
import { WrittenSlots } from "./written-slots.js";

const PROTECTED_MODE_ERROR =
  "DENIED TorusKV runs in protected mode: no password is set and it takes connections only from this machine. " +
  "Set requirepass, or switch protected-mode off if the network is trusted.";
const MAXCLIENTS_ERROR = "ERR max number of clients reached";
/** Background work goes in slices so short that no client minds, with pauses that leave it a quarter of the time. */
const SWEEP_SLICE_MS = 2;
const SWEEP_PAUSE_MS = 6;
const MILLIS_PER_SECOND = 1000;
/** Who closes the node waits no longer for clients that do not take their last replies. */
const CLOSING_MS_MAX = 2000;

export interface ServerOptions {
  readonly host: Host;
  readonly config: ConfigStore;
  readonly keyspace: Keyspace;
  readonly persistence: PersistenceView;
  readonly runId: string;
  readonly configFile: string;
  /** SHUTDOWN. */
  readonly shutdown: () => void;
  /** Something failed that must not: the node is to stop. */
  readonly fail: (error: unknown) => void;
}

export class Server {
  readonly config: ConfigStore;
  readonly log: Log;
  readonly state: NodeState;
  readonly reply = new ReplyWriter();
  readonly scanner = new RequestScanner();
  readonly executor: Executor;
  readonly batch = new Batch();
  readonly keyspace: Keyspace;
  readonly persistence: PersistenceView;
  readonly eviction: ClientEviction;
  readonly gate: ReplyGate;
  readonly cork: ReplyCork;
  /** Who has heard messages in this turn. */
  readonly deliveries: Deliveries;
  /** Clients that wait for keys. */
  readonly parking: ParkedClients;
  /** What clients of other nodes watch here. */
  readonly watches: RemoteWatches;
  /** Null unless other nodes execute commands too. */
  forwarder: Forwarder | null = null;
  /** Monotonic milliseconds, as of the last period or connection. */
  nowMs: number;
  /** Closed, or closing: nobody is served any more. */
  isClosed = false;
  /** Why the server stopped by itself, if it did. */
  fault: unknown;
  readonly #fail: (error: unknown) => void;
  readonly #host: Host;
  readonly #listeners: Listeners;
  readonly #cancels: Cancel[] = [];
  readonly #heldBack = new Map<Client, () => void>();
  /** All that are not closed yet: served, closing, turned away, or callers inside the process. */
  readonly #open = new Set<Client>();
  readonly #rates: RateMeter;
  #cancelCron: Cancel = () => {};
  #cancelSweep: Cancel = () => {};
  #nextClientId = 1;
  #closing: Promise<void> | undefined;
  /** Called when the last connection is closed. */
  #allReleased = (): void => {};

  constructor(options: ServerOptions) {
    const { host, config, keyspace, persistence } = options;
    this.#host = host;
    this.config = config;
    this.#listeners = new Listeners({ host, config, accept: (connection) => this.accept(connection) });
    this.log = host.log;
    this.#fail = options.fail;
    this.keyspace = keyspace;
    this.persistence = persistence;
    this.watches = new RemoteWatches(keyspace.watchers);
    this.nowMs = host.clock.monotonicMs();
    this.cork = new ReplyCork(host.timers);
    this.deliveries = new Deliveries(host.timers);
    const index = new CommandIndex(commands);
    this.state = new NodeState({ ...options, index, stop: options.shutdown });
    const countError = (line: string) => this.state.countError(line);
    this.gate = new ReplyGate({
      keyspace,
      persistence,
      clock: host.clock,
      timers: host.timers,
      copies: () => this.state.copies,
      quorumTimeoutMs: () => config.current.quorumTimeoutMs,
      reply: this.reply,
      countError,
      guard: (work) => this.#guard(work),
    });
    this.parking = new ParkedClients({
      keyspace,
      clock: host.clock,
      timers: host.timers,
      guard: (work) => this.#guard(work),
      beginTurn: () => this.beginTurn(),
    });
    this.state.countTimedWaits = () => this.parking.deadlines.size;
    const call = new SessionCall({ keyspace, config, reply: this.reply, random: () => host.random.uint32() });
    call.node = this.state;
    call.postpone = (later) => (call.session as Client).input.postpone(later);
    call.park = (kind, wait) => this.parking.park(call, kind, wait);
    this.executor = new Executor({ index, node: this.state, call, gate: this.gate });
    this.state.runTransaction = (client, transaction) =>
      this.executor.executeTransaction(client, transaction);
    this.state.writer = () => {
      const session = call.session as Client | undefined;
      return session?.isExecuting ? session : null;
    };
    followUsers(this.state, this.#open);
    // Later, since the command that ends a pause is itself being executed.
    this.state.resumed = () => {
      host.timers.after(0, () => this.#resumeHeldBack());
      this.parking.retry();
    };
    this.#rates = new RateMeter(this.state.stats);
    const { clients, stats } = this.state;
    this.eviction = new ClientEviction({ clients, stats, log: host.log });
    this.eviction.configure(config.current);
    this.#cancels.push(config.subscribe((now, before) => this.#reconfigure(now, before)));
    // Heard until the last reply has left, which is later than the server is told to close.
    persistence.subscribe(() => this.#guard(() => this.#persistenceChanged()));
    this.beginTurn();
  }

  /** Binds all endpoints of the options. Rejects with a `HostError` if one cannot be had; then none is kept. */
  async listen(): Promise<void> {
    try {
      this.state.port = await this.#listeners.open();
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#schedule();
  }

  /** Closes listeners, and clients after their replies so far; resolves when all is released. */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.isClosed = true;
      this.#closing = this.#release();
    }
    return this.#closing;
  }

  /** A promise of ours is broken: what would be served from here on may be wrong, so nothing is. */
  stop(error: unknown): void {
    if (this.fault !== undefined) return;
    this.fault = error;
    this.isClosed = true;
    this.reply.reset();
    this.gate.drop();
    this.log.error("stopping on a fault of our own", {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    for (const client of this.#open) client.close(false);
    void this.close();
    this.#fail(error);
  }

  async #release(): Promise<void> {
    this.#cancelCron();
    this.#cancelSweep();
    for (const cancel of this.#cancels) cancel();
    this.state.cancelDelays();
    const listenersClosed = this.#listeners.close();
    for (const client of this.#open) client.close(true);
    if (this.#open.size > 0) {
      const released = new Promise<void>((resolve) => {
        this.#allReleased = resolve;
      });
      const cancel = this.#host.timers.after(CLOSING_MS_MAX, () => {
        for (const client of this.#open) client.close(false);
      });
      await released;
      cancel();
    }
    this.cork.close();
    this.gate.close();
    this.parking.close();
    await listenersClosed;
  }

  /** Belongs to a cluster from now on. */
  join({ view, forwarder, copies = NO_COPIES, replicaReads = NO_REPLICA_READS }: Membership): void {
    this.state.cluster = view;
    this.forwardBy(forwarder);
    this.replicateBy(copies);
    this.state.replicaReads = replicaReads;
  }

  /** From now on only commands for slots whose route says so are executed here; the others are sent where they are. */
  forwardBy(forwarder: Forwarder): void {
    this.forwarder = forwarder;
    const { executor, watches } = this;
    const { call } = executor;
    const { routes } = forwarder;
    call.routes = routes;
    const router = new Router(call, routes);
    const { lookup } = executor;
    const inner = new InnerSessions(this);
    executor.router = router;
    executor.replicas = new ReplicaGuard({ call, node: this.state, router });
    executor.elsewhere = new Elsewhere({
      executor,
      lookup,
      node: this.state,
      router,
      forwarder,
      inner,
      watches,
    });
    this.#cancels.push(
      routes.subscribe(() => {
        const isGone = (slot: number) => routes.of(slot) !== HERE;
        this.keyspace.watchers.lose(isGone);
        this.parking.lose(isGone);
      }),
      this.state.tracking.followRoutes(routes),
    );
  }

  /** From now on clients at `quorum` wait for these copies. */
  replicateBy(copies: Copies): void {
    this.state.copies = copies;
    // Heard until the last reply has left, as the log is.
    copies.subscribe(() => {
      this.#guard(() => {
        this.gate.release();
        this.state.copyWaits.progressed();
      });
    });
  }

  /** Serves a link from another node: executes the runs of commands that come. */
  serveRuns(session: PeerSession): RunServer {
    return new RemoteRuns({ server: this, session, clock: this.#host.clock, timers: this.#host.timers });
  }

  /** Sets the clocks for what is done in this turn of the loop. */
  beginTurn(): void {
    // While what was kept is being read, time stands still: nothing of it expires before all of it is there.
    if (this.state.isLoading) return;
    this.keyspace.tick(this.#host.clock.wallMs());
    this.state.checkMemory();
  }

  holdBack(client: Client, resume: () => void): void {
    this.#heldBack.set(client, resume);
  }

  holdBackNoLonger(client: Client): void {
    this.#heldBack.delete(client);
  }

  /** A client is no longer served, though its connection may still be closing. */
  removeClient(client: Client): void {
    client.unwatch();
    client.parking.leave();
    client.isMonitor = false;
    this.state.broker.local.forget(client);
    this.state.tracking.forget(client);
    this.state.copyWaits.forget(client);
    this.state.clients.delete(client.id);
    this.eviction.forget(client);
    this.#heldBack.delete(client);
  }

  /** The connection of a client is closed. */
  released(client: Client): void {
    this.gate.forget(client.output);
    this.#open.delete(client);
    if (this.#open.size === 0) this.#allReleased();
  }

  /** For WAIT of a new client; null where no other node has copies. */
  newWrittenSlots(): WrittenSlots | null {
    return this.forwarder === null ? null : new WrittenSlots(this.forwarder);
  }

  /** Takes a caller inside the process, or for another node: no connection to a client's eye, and exempt from the limits of such. */
  admit(connection: Connection): Client {
    const client = new Client(this.#nextClientId++, connection, this, true);
    client.logOut();
    this.#open.add(client);
    return client;
  }

  /** Takes a new connection as a client, or turns it away. */
  accept(connection: Connection): Client {
    const { state } = this;
    const { maxclients, protectedMode, tcpKeepaliveSeconds, consistency } = this.config.current;
    this.nowMs = this.#host.clock.monotonicMs();
    const client = new Client(this.#nextClientId++, connection, this);
    this.#open.add(client);
    client.logOut();
    client.consistency = consistency;
    client.written = this.newWrittenSlots();
    const isExposed =
      protectedMode && state.access.defaultUser.rules.needsNoPassword && !connection.isLoopback;
    if (this.isClosed) {
      client.close(false);
    } else if (state.clients.size >= maxclients || isExposed) {
      state.stats.rejectedConnections++;
      client.turnAway(state.clients.size >= maxclients ? MAXCLIENTS_ERROR : PROTECTED_MODE_ERROR);
    } else {
      state.stats.totalConnections++;
      state.clients.set(client.id, client);
      if (tcpKeepaliveSeconds > 0) client.setKeepAlive(tcpKeepaliveSeconds);
    }
    return client;
  }

  #schedule(): void {
    const periodMs = MILLIS_PER_SECOND / this.config.current.hz;
    this.#cancelCron();
    this.#cancelCron = this.#host.timers.every(periodMs, () => this.#guard(() => this.#cron()));
  }

  /** Stops the server if `work` that no client asked for breaks a promise. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.stop(error);
    }
  }

  #cron(): void {
    const { clock } = this.#host;
    this.nowMs = clock.monotonicMs();
    this.keyspace.access.tick(this.nowMs);
    this.beginTurn();
    const { state } = this;
    if (state.isPaused && this.nowMs >= state.pausedUntilMs) state.unpause();
    if (!state.isLoading) this.#sweep();
    for (const client of state.clients.values()) client.check(this.nowMs);
    this.eviction.enforce();
    state.tracking.tidy();
    this.#rates.sample(this.nowMs);
    state.stats.peakMemoryBytes = Math.max(state.stats.peakMemoryBytes, this.keyspace.usedBytes);
  }

  /** One slice of background work; if it was not enough, the next follows before the next period. */
  #sweep(): void {
    const { state } = this;
    this.#cancelSweep();
    this.beginTurn();
    const isExpiryDone = !state.isActiveExpiryOn || state.sweeper.expire(SWEEP_SLICE_MS);
    const isTidy = state.sweeper.tidy(SWEEP_SLICE_MS);
    const hasRoom = !state.mustMakeRoom || !state.makeRoom() || !state.isOverMemory;
    if (isExpiryDone && isTidy && hasRoom) return;
    this.#cancelSweep = this.#host.timers.after(SWEEP_PAUSE_MS, () => this.#guard(() => this.#sweep()));
  }

  #persistenceChanged(): void {
    const { state } = this;
    state.observePersistence();
    this.gate.configure();
    this.gate.release();
    this.parking.retry();
    if (this.#heldBack.size === 0 || state.isPaused) return;
    // Those who wait for room in the log find some, or learn that there will be none.
    if (state.refusal !== null || state.persistence.hasRoomFor(0)) this.#resumeHeldBack();
  }

  #reconfigure(now: Config, before: Config): void {
    const { clients } = this.state;
    this.eviction.configure(now);
    if (now.hz !== before.hz) this.#schedule();
    if (now.tcpKeepaliveSeconds !== before.tcpKeepaliveSeconds) {
      for (const client of clients.values()) client.setKeepAlive(now.tcpKeepaliveSeconds);
    }
    this.state.access.reconfigure(now, before);
  }

  #resumeHeldBack(): void {
    const resumes = [...this.#heldBack.values()];
    this.#heldBack.clear();
    for (const resume of resumes) resume();
  }
}
