/**
 * The cluster port: datagrams and streams on one number. A stream's first four bytes say what it is for: links between nodes
 * (peer-hello.ts), or an exchange of membership (membership/exchange-streams.ts), which also those may ask for who do not belong to
 * the cluster yet. What is neither is counted and closed.
 */
import { HostError } from "../host/host-error.js";
import type { Connection, ConnectionEvents, Listener, Network } from "../host/network.js";
import type { Timers } from "../host/timers.js";
import { EXCHANGE_MAGIC } from "../membership/exchange-streams.js";
import { PEER_MAGIC } from "./peer-hello.js";

const BACKLOG = 511;
const MAGIC_BYTES = 4;
/** From connect to the first four bytes. */
const SILENCE_MS_MAX = 3000;
/** Streams that have not said what they are for. */
const SILENT_MAX = 256;
/** Where any port will do, the one that is free for streams may be taken for datagrams. */
const ATTEMPTS_MAX = 20;

export type Accept = (connection: Connection) => ConnectionEvents;

export interface ClusterPortOptions {
  readonly network: Network;
  readonly timers: Timers;
  readonly links: Accept;
  readonly exchanges: Accept;
}

export class ClusterPort {
  /** Streams that said nothing sensible. */
  strangers = 0;
  readonly #options: ClusterPortOptions;
  #listener: Listener | undefined;
  #local: Listener | undefined;
  #silent = 0;
  /** Streams that no link has taken. */
  readonly #unlinked = new Set<Connection>();

  private constructor(options: ClusterPortOptions) {
    this.#options = options;
  }

  /**
   * Binds streams, then what `bindDatagrams` binds on the same port; answers both. Rejects with a `HostError` if the port cannot be
   * had; with port 0 it is one that is free for both.
   */
  static async bind<Socket>(
    options: ClusterPortOptions,
    { host, port }: { readonly host: string; readonly port: number },
    bindDatagrams: (port: number) => Promise<Socket>,
  ): Promise<{ readonly streams: ClusterPort; readonly datagrams: Socket }> {
    for (let attempt = 1; ; attempt++) {
      const streams = new ClusterPort(options);
      try {
        await streams.#listen({ host, port });
        return { streams, datagrams: await bindDatagrams(streams.port) };
      } catch (error) {
        await streams.close();
        if (!(error instanceof HostError)) throw error;
        if (error.code !== "EADDRINUSE" || port !== 0 || attempt === ATTEMPTS_MAX)
          throw new HostError(error.code, `cluster-port: ${error.message}`);
      }
    }
  }

  /** Takes streams at a Unix socket too. Rejects with a `HostError` if it cannot be had. */
  async bindLocal(path: string, unixMode: number): Promise<void> {
    const options = { endpoint: { path }, backlog: BACKLOG, keepAliveSeconds: 0, unixMode };
    this.#local = await this.#options.network.listen(options, (connection) => this.#accept(connection));
  }

  async #listen(endpoint: { readonly host: string; readonly port: number }): Promise<void> {
    this.#listener = await this.#options.network.listen(
      { endpoint, backlog: BACKLOG, keepAliveSeconds: 0 },
      (connection) => this.#accept(connection),
    );
  }

  get port(): number {
    const endpoint = this.#listener?.endpoint;
    return endpoint !== undefined && "port" in endpoint ? endpoint.port : 0;
  }

  /** Resolves when the port is free again. Links live on. */
  async close(): Promise<void> {
    await Promise.all([this.#listener?.close(), this.#local?.close()]);
    for (const connection of this.#unlinked) connection.destroy();
  }

  #accept(connection: Connection): ConnectionEvents {
    const { timers, links, exchanges } = this.#options;
    const refuse = () => {
      this.strangers++;
      connection.destroy();
    };
    let taken: ConnectionEvents | undefined;
    let isClosed = false;
    let early = Buffer.alloc(0);
    const cancel = timers.after(SILENCE_MS_MAX, refuse);
    const speak = () => {
      cancel();
      this.#silent--;
    };
    if (++this.#silent > SILENT_MAX) refuse();
    const unlinked = this.#unlinked.add(connection);
    return {
      received(bytes, length) {
        if (taken !== undefined) {
          taken.received(bytes, length);
          return;
        }
        if (isClosed) return;
        early = Buffer.concat([early, bytes.subarray(0, length)]);
        if (early.length < MAGIC_BYTES) return;
        const magic = early.readUInt32LE(0);
        const accept = magic === PEER_MAGIC ? links : magic === EXCHANGE_MAGIC ? exchanges : undefined;
        if (accept === undefined) {
          isClosed = true;
          refuse();
          return;
        }
        speak();
        if (accept === links) unlinked.delete(connection);
        taken = accept(connection);
        taken.received(early, early.length);
        early = Buffer.alloc(0);
      },
      drained() {
        taken?.drained();
      },
      closed(error) {
        unlinked.delete(connection);
        if (taken === undefined) speak();
        else taken.closed(error);
      },
    };
  }
}
