/**
 * Listens, accepts clients and gives them their turns; does what must be done a few times a second whether or not
 * clients come. One server per node.
 */
import { SessionCall } from "../commands/session.js";
import { commands } from "../commands/table.js";
import { type Config, pathOf } from "../config/config.js";
import type { ConfigStore } from "../config/config-store.js";
import type { Host } from "../host/host.js";
import type { Log } from "../host/log.js";
import type { Connection, Endpoint, Listener } from "../host/network.js";
import type { Cancel } from "../host/timers.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { ReplyWriter } from "../protocol/reply-writer.js";
import { RequestScanner } from "../protocol/request-scanner.js";
import { Batch } from "./batch.js";
import { Client } from "./client.js";
import { CommandIndex } from "./command-index.js";
import { Executor } from "./executor.js";
import { NodeState } from "./node-state.js";
import { RateMeter } from "./rate-meter.js";

const PROTECTED_MODE_ERROR =
  "DENIED TorusKV runs in protected mode: no password is set and it takes connections only from this machine. " +
  "Set requirepass, or switch protected-mode off if the network is trusted.";
const MAXCLIENTS_ERROR = "ERR max number of clients reached";
/** Background work goes in slices so short that no client minds, with pauses that leave it a quarter of the time. */
const SWEEP_SLICE_MS = 4;
const SWEEP_PAUSE_MS = 12;
const MILLIS_PER_SECOND = 1000;

export interface ServerOptions {
  readonly host: Host;
  readonly config: ConfigStore;
  readonly keyspace: Keyspace;
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
  /** Monotonic milliseconds, as of the last turn. */
  nowMs: number;
  readonly fail: (error: unknown) => void;
  readonly #host: Host;
  readonly #listeners: Listener[] = [];
  readonly #cancels: Cancel[] = [];
  readonly #pausedClients = new Map<Client, () => void>();
  /** Callers inside the process: no connections to a client's eye, and exempt from the limits of such. */
  readonly #insiders = new Set<Client>();
  readonly #rates: RateMeter;
  #cancelCron: Cancel = () => {};
  #cancelSweep: Cancel = () => {};
  #nextClientId = 1;
  #isClosed = false;

  constructor(options: ServerOptions) {
    const { host, config, keyspace } = options;
    this.#host = host;
    this.config = config;
    this.log = host.log;
    this.fail = options.fail;
    this.keyspace = keyspace;
    this.nowMs = host.clock.monotonicMs();
    const index = new CommandIndex(commands);
    this.state = new NodeState({ ...options, index });
    const call = new SessionCall({ keyspace, config, reply: this.reply, random: () => host.random.uint32() });
    call.node = this.state;
    call.postpone = (later) => (call.session as Client).postpone(later);
    this.executor = new Executor(index, this.state, call);
    this.state.runTransaction = (client, transaction) =>
      this.executor.executeTransaction(client, transaction);
    // Later, since the command that ends a pause is itself being executed.
    this.state.resumed = () => void host.timers.after(0, () => this.#resumePaused());
    this.#rates = new RateMeter(this.state.stats);
    this.#cancels.push(config.subscribe((now, before) => this.#reconfigure(now, before)));
    this.beginTurn();
  }

  /** Binds all endpoints of the options. Rejects with a `HostError` if one cannot be had; then none is kept. */
  async listen(): Promise<void> {
    const { bind, port, unixsocket } = this.config.current;
    try {
      let tcpPort = port;
      for (const { host, optional } of bind) {
        try {
          const bound = await this.#listenAt({ host, port: tcpPort });
          // Port 0 means any, but the same on every address.
          if ("port" in bound) tcpPort = bound.port;
        } catch (error) {
          if (!optional) throw error;
          this.log.warn("leaving out an address that cannot be bound", { host, error: String(error) });
        }
      }
      this.state.port = bind.length > 0 ? tcpPort : 0;
      if (unixsocket !== "") await this.#listenAt({ path: pathOf(this.config.current, unixsocket) });
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#schedule();
  }

  /** Closes listeners and clients; resolves when all is released. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelCron();
    this.#cancelSweep();
    for (const cancel of this.#cancels) cancel();
    for (const client of [...this.state.clients.values(), ...this.#insiders]) client.close(true);
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  /** Sets the clocks for what is done in this turn of the loop. */
  beginTurn(): void {
    const { clock } = this.#host;
    this.keyspace.tick(clock.wallMs());
    this.state.checkMemory();
  }

  waitForPause(client: Client, resume: () => void): void {
    this.#pausedClients.set(client, resume);
  }

  removeClient(client: Client): void {
    this.keyspace.watchers.unwatch(client);
    this.state.clients.delete(client.id);
    this.#insiders.delete(client);
    this.#pausedClients.delete(client);
  }

  async #listenAt(endpoint: Endpoint): Promise<Endpoint> {
    const { tcpBacklog, tcpKeepaliveSeconds, unixsocketMode } = this.config.current;
    const options = {
      endpoint,
      backlog: tcpBacklog,
      keepAliveSeconds: tcpKeepaliveSeconds,
      ...(unixsocketMode > 0 ? { unixMode: unixsocketMode } : {}),
    };
    const listener = await this.#host.network.listen(options, (connection) => this.accept(connection));
    this.#listeners.push(listener);
    return listener.endpoint;
  }

  /** Takes a caller inside the process as a client: it needs no password. */
  admit(connection: Connection): Client {
    const client = new Client(this.#nextClientId++, connection, this);
    client.authenticated = true;
    this.#insiders.add(client);
    return client;
  }

  /** Takes a new connection as a client, or turns it away. */
  accept(connection: Connection): Client {
    const { state } = this;
    const { maxclients, requirepass, protectedMode } = this.config.current;
    this.nowMs = this.#host.clock.monotonicMs();
    const client = new Client(this.#nextClientId++, connection, this);
    client.authenticated = requirepass === "";
    state.stats.totalConnections++;
    const isExposed = protectedMode && requirepass === "" && !connection.isLoopback;
    if (state.clients.size >= maxclients || isExposed) {
      state.stats.rejectedConnections++;
      this.reply.error(isExposed ? PROTECTED_MODE_ERROR : MAXCLIENTS_ERROR);
      client.close(true);
    } else {
      state.clients.set(client.id, client);
    }
    return client;
  }

  #schedule(): void {
    const periodMs = MILLIS_PER_SECOND / this.config.current.hz;
    this.#cancelCron();
    this.#cancelCron = this.#host.timers.every(periodMs, () => this.#cron());
  }

  #cron(): void {
    const { clock } = this.#host;
    this.nowMs = clock.monotonicMs();
    this.keyspace.access.tick(this.nowMs);
    this.beginTurn();
    const { state } = this;
    if (state.isPaused && this.nowMs >= state.pausedUntilMs) state.unpause();
    this.#sweep();
    for (const client of state.clients.values()) client.check(this.nowMs);
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
    const hasRoom = !state.isOverMemory || !state.makeRoom() || !state.isOverMemory;
    if (isExpiryDone && isTidy && hasRoom) return;
    this.#cancelSweep = this.#host.timers.after(SWEEP_PAUSE_MS, () => this.#sweep());
  }

  #reconfigure(now: Config, before: Config): void {
    if (now.hz !== before.hz) this.#schedule();
    if (now.requirepass !== "" || before.requirepass === "") return;
    for (const client of this.state.clients.values()) client.authenticated = true;
  }

  #resumePaused(): void {
    const resumes = [...this.#pausedClients.values()];
    this.#pausedClients.clear();
    for (const resume of resumes) resume();
  }
}
