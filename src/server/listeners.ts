/** The endpoints at which clients come: one TCP port on each of some addresses, and a Unix socket, as the options say. */
import type { ConfigStore } from "../config/config-store.js";
import type { Host } from "../host/host.js";
import { HostError } from "../host/host-error.js";
import type { Connection, ConnectionEvents, Endpoint, Listener } from "../host/network.js";

export interface ListenersOptions {
  readonly host: Host;
  readonly config: ConfigStore;
  readonly accept: (connection: Connection) => ConnectionEvents;
}

export class Listeners {
  readonly #options: ListenersOptions;
  readonly #open: Listener[] = [];

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  /**
   * Binds all endpoints. Resolves with the TCP port in fact bound, 0 if there is none; rejects with a `HostError` if one cannot be had:
   * `close` gives back those that were.
   */
  async open(): Promise<number> {
    const port = await this.#openTcp();
    const { unixsocket } = this.#options.config.current;
    if (unixsocket !== "") await this.#openAt({ path: unixsocket });
    return port;
  }

  /** Takes nobody any more. Resolves when the ports are free again. */
  async close(): Promise<void> {
    await Promise.all(this.#open.map((listener) => listener.close()));
  }

  async #openTcp(): Promise<number> {
    const { host, config } = this.#options;
    const { bind, port } = config.current;
    let tcpPort = port;
    let failure: unknown;
    let boundCount = 0;
    for (const { host: address, optional } of bind) {
      try {
        const bound = await this.#openAt({ host: address, port: tcpPort });
        // Port 0 means any, but the same on every address.
        if ("port" in bound) tcpPort = bound.port;
        boundCount++;
      } catch (error) {
        // Another server at the same port of another address is no missing address: half the clients would reach it.
        const isTaken = error instanceof HostError && error.code === "EADDRINUSE" && port !== 0;
        if (!optional || isTaken) throw error;
        failure = error;
        host.log.warn("leaving out an address that cannot be bound", { host: address, error: String(error) });
      }
    }
    if (failure !== undefined && boundCount === 0) throw failure;
    return boundCount > 0 ? tcpPort : 0;
  }

  async #openAt(endpoint: Endpoint): Promise<Endpoint> {
    const { host, config, accept } = this.#options;
    const { tcpBacklog, unixsocketMode } = config.current;
    const options = {
      endpoint,
      backlog: tcpBacklog,
      // Each connection is told when it comes, for the option may have changed by then.
      keepAliveSeconds: 0,
      ...(unixsocketMode > 0 ? { unixMode: unixsocketMode } : {}),
    };
    const listener = await host.network.listen(options, accept);
    this.#open.push(listener);
    return listener.endpoint;
  }
}
