/** The simulated network: which hosts there are, and how a stream between two of them comes about. */
import { assert } from "../../base/assert.js";
import { HostError } from "../host-error.js";
import type { Connection, Endpoint, Listener, ListenOptions, Network } from "../network.js";
import { SimConnection } from "./connection.js";
import type { Life } from "./life.js";
import type { Lane, Links } from "./links.js";
import { type Accept, isLoopback, Site, type TcpEndpoint } from "./site.js";
import type { Wires } from "./wires.js";

/** A connect that no answer comes to gives up, as Linux does after its sixth repetition. */
const CONNECT_TIMEOUT_MS = 127_000;

/** Between which hosts a stream is to be, and what its ends are called. */
interface Route {
  readonly from: Site;
  readonly to: Site;
  /** What to look for at `to`. */
  readonly endpoint: Endpoint;
  readonly clientName: string;
  readonly serverName: string;
}

/** A process, and the machine that it runs on. */
interface Caller {
  readonly site: Site;
  readonly life: Life;
}

export class SimNetwork {
  private readonly sites: Site[] = [];
  private readonly open = new Set<SimConnection>();

  constructor(
    private readonly wires: Wires,
    private readonly links: Links,
  ) {}

  /** A new machine; answers the address by which others reach it. */
  addSite(name: string): string {
    const number = this.sites.length + 1;
    const site = new Site(name, `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`);
    this.sites.push(site);
    return site.address;
  }

  /** The network as a process on a machine sees it. */
  networkOf(name: string, life: Life): Network {
    const caller = { site: this.siteOf(name), life };
    return {
      listen: (options, accept) => life.ask(() => this.listen(caller, options, this.heardBy(caller, accept))),
      connect: (endpoint, accept) =>
        life.ask(() => this.connect(caller, endpoint, this.heardBy(caller, accept))),
    };
  }

  /** The process on a machine is no more: nobody listens there, and its streams are broken without its hearing of it. */
  crash(name: string): void {
    this.siteOf(name).unbindAll();
    for (const connection of this.open) if (connection.place === name) connection.crash();
  }

  /** Breaks every stream between two hosts; both ends see a reset. */
  resetStreams(one: string, other: string): void {
    for (const connection of this.open) {
      const { place, peerPlace } = connection;
      const isBetween = (place === one && peerPlace === other) || (place === other && peerPlace === one);
      if (!isBetween) continue;
      this.wires.timeline.plan({ atMs: this.wires.timeline.nowMs, kind: "fault", place }, () =>
        connection.resetArrived(),
      );
    }
  }

  private siteOf(name: string): Site {
    const site = this.sites.find((each) => each.name === name);
    assert(site !== undefined, "the machine has a place in the network");
    return site;
  }

  private async listen(
    { site, life }: Caller,
    { endpoint }: ListenOptions,
    accept: Accept,
  ): Promise<Listener> {
    const bound = site.bind(endpoint, accept);
    await this.turn("listen", site.name);
    return {
      endpoint: bound.endpoint,
      close: () =>
        life.ask(() => {
          site.unbind(bound);
          return this.turn("unlisten", site.name);
        }),
    };
  }

  private async connect(
    { site: from, life }: Caller,
    endpoint: Endpoint,
    accept: Accept,
  ): Promise<Connection> {
    const route = "path" in endpoint ? unixRoute(from, endpoint) : this.tcpRoute(from, endpoint);
    const { timeline } = this.wires;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const timeout = timeline.plan(
        {
          atMs: timeline.nowMs + CONNECT_TIMEOUT_MS,
          kind: "connect time-out",
          place: from.name,
          isTimer: true,
        },
        () => {
          isOver = true;
          reject(new HostError("ETIMEDOUT", `no answer from ${route.serverName}`));
        },
      );
      this.shakeHands(route, {
        isOver: () => isOver || life.isOver,
        failed: (error) => {
          timeline.cancel(timeout);
          timeline.whenAwake(from.name, () => reject(error));
        },
        opened: (client) => {
          timeline.cancel(timeout);
          timeline.whenAwake(from.name, () => {
            client.attach(accept(client));
            resolve(client);
          });
        },
      });
    });
  }

  /** SYN there, and SYN-ACK or RST back: the server's end opens before the client's. */
  private shakeHands(
    route: Route,
    caller: {
      isOver(): boolean;
      failed(error: HostError): void;
      opened(client: SimConnection): void;
    },
  ): void {
    const { from, to, endpoint, serverName } = route;
    const out = this.links.lane(from.name, to.name);
    const back = this.links.lane(to.name, from.name);
    out.send(() => {
      if (caller.isOver()) return;
      const accept = to.listenerAt(endpoint);
      if (accept === undefined) {
        const code = "path" in endpoint ? "ENOENT" : "ECONNREFUSED";
        back.send(() => caller.failed(new HostError(code, `nobody listens on ${serverName}`)));
        return;
      }
      const [client, server] = this.newStream(route, { out, back });
      back.send(() => {
        if (caller.isOver()) client.destroy();
        else if (client.isGone) caller.failed(new HostError("ECONNRESET", "the stream was reset"));
        else caller.opened(client);
      });
      // The system takes streams for a process that stands still.
      this.wires.timeline.whenAwake(to.name, () => server.attach(accept(server)));
    });
  }

  private newStream(
    { from, to, endpoint, clientName, serverName }: Route,
    { out, back }: { out: Lane; back: Lane },
  ): [client: SimConnection, server: SimConnection] {
    const { wires } = this;
    const isUnix = "path" in endpoint;
    const shared = { isUnix, isLoopback: isUnix || isLoopback(endpoint.host) };
    const onGone = (gone: SimConnection) => this.open.delete(gone);
    const client = new SimConnection(
      { ...shared, place: from.name, local: clientName, remote: serverName },
      { wires, lane: out, onGone },
    );
    const server = new SimConnection(
      { ...shared, place: to.name, local: serverName, remote: clientName },
      { wires, lane: back, onGone },
    );
    SimConnection.join(client, server);
    this.open.add(client).add(server);
    return [client, server];
  }

  private tcpRoute(from: Site, { host, port }: TcpEndpoint): Route {
    const own = from.ownAddress(host);
    const to = own !== undefined ? from : this.sites.find((site) => [site.name, site.address].includes(host));
    if (to === undefined) throw new HostError("ENOTFOUND", `no host is called ${host}`);
    const address = own ?? to.address;
    const clientAddress = own ?? from.address;
    return {
      from,
      to,
      endpoint: { host: address, port },
      clientName: nameOf({ host: clientAddress, port: from.freePort() }),
      serverName: nameOf({ host: address, port }),
    };
  }

  /** Nothing is heard of a stream by a process that is no more, nor by one that stands still until it goes on. */
  private heardBy({ site, life }: Caller, accept: Accept): Accept {
    return (connection) => {
      const events = accept(connection);
      return {
        received(bytes, length) {
          if (!life.isOver) events.received(bytes, length);
        },
        drained: () =>
          this.wires.timeline.whenAwake(site.name, () => {
            if (!life.isOver) events.drained();
          }),
        closed(error) {
          if (!life.isOver) events.closed(error);
        },
      };
    };
  }

  /** Resolves in an event of its own, as the system's answers do. */
  private turn(kind: string, place: string): Promise<void> {
    const { timeline } = this.wires;
    return new Promise((resolve) => timeline.plan({ atMs: timeline.nowMs, kind, place }, resolve));
  }
}

function unixRoute(from: Site, { path }: { readonly path: string }): Route {
  const name = `${path}:0`;
  return { from, to: from, endpoint: { path }, clientName: name, serverName: name };
}

function nameOf({ host, port }: TcpEndpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
