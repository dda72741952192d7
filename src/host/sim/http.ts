import type { Address } from "../datagrams.js";
import { HostError } from "../host-error.js";
import type { Http, HttpHandler, HttpListener } from "../http.js";
import type { Network } from "../network.js";
import type { Life } from "./life.js";

/**
 * HTTP without bytes: a test gives a request to whoever listens on a port of the host. The ports are those of the simulated
 * network, so that they conflict with others.
 */
export class SimHttp implements Http {
  readonly #network: Network;
  readonly #life: Life;
  readonly #handlerByPort = new Map<number, HttpHandler>();

  constructor(network: Network, life: Life) {
    this.#network = network;
    this.#life = life;
  }

  async listen({ host, port }: Address, handler: HttpHandler): Promise<HttpListener> {
    const options = { endpoint: { host, port }, backlog: 1, keepAliveSeconds: 0 };
    const listener = await this.#network.listen(options, (connection) => ({
      received: () => connection.destroy(),
      drained() {},
      closed() {},
    }));
    const address = listener.endpoint as Address;
    this.#handlerByPort.set(address.port, handler);
    return {
      address,
      close: () => {
        this.#handlerByPort.delete(address.port);
        return listener.close();
      },
    };
  }

  /** Asks for a path of whoever listens on a port. Rejects with a `HostError` if nobody does. */
  async request(port: number, path: string, init?: RequestInit): Promise<Response> {
    const handler = this.#life.isOver ? undefined : this.#handlerByPort.get(port);
    if (handler === undefined) throw new HostError("ECONNREFUSED", `nobody listens on port ${port}`);
    try {
      return await handler(new Request(`http://simulated:${port}${path}`, init));
    } catch {
      return new Response(null, { status: 500 });
    }
  }
}
