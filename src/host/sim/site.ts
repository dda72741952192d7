/** A host as the network sees it: its addresses, its ports, and who listens on them. */

import { HostError } from "../host-error.js";
import type { Connection, ConnectionEvents, Endpoint } from "../network.js";

export type Accept = (connection: Connection) => ConnectionEvents;
export type TcpEndpoint = Extract<Endpoint, { readonly port: number }>;

/** Ports that the system chooses, as on Linux. */
const EPHEMERAL_FIRST = 32_768;
const EPHEMERAL_LAST = 60_999;

const LOOPBACK_V4 = "127.0.0.1";

export interface Bound {
  readonly endpoint: Endpoint;
  readonly accept: Accept;
}

export class Site {
  /** Never more than a few: one for each port that a server opens. */
  private readonly bounds: Bound[] = [];
  private nextPort = EPHEMERAL_FIRST;

  /** `address` is the IPv4 address by which other hosts reach this one. */
  constructor(
    readonly name: string,
    readonly address: string,
  ) {}

  /** Throws a `HostError` (EADDRINUSE, EADDRNOTAVAIL) as the system would. */
  bind(wanted: Endpoint, accept: Accept): Bound {
    const endpoint = "path" in wanted ? wanted : this.resolve(wanted);
    if (this.bounds.some((bound) => conflict(bound.endpoint, endpoint))) {
      throw new HostError("EADDRINUSE", `${JSON.stringify(endpoint)} is in use`);
    }
    const bound = { endpoint, accept };
    this.bounds.push(bound);
    return bound;
  }

  unbind(bound: Bound): void {
    const at = this.bounds.indexOf(bound);
    if (at >= 0) this.bounds.splice(at, 1);
  }

  unbindAll(): void {
    this.bounds.length = 0;
  }

  /** Who listens there, if anyone does. */
  listenerAt(endpoint: Endpoint): Accept | undefined {
    return this.bounds.find((bound) => conflict(bound.endpoint, endpoint))?.accept;
  }

  /** An address of ours, whatever it is called by; undefined if it is none. */
  ownAddress(host: string): string | undefined {
    if (host === "localhost") return LOOPBACK_V4;
    if (host === this.name) return this.address;
    return host === this.address || isLoopback(host) ? host : undefined;
  }

  freePort(): number {
    for (;;) {
      const port = this.nextPort;
      this.nextPort = port === EPHEMERAL_LAST ? EPHEMERAL_FIRST : port + 1;
      if (!this.bounds.some(({ endpoint }) => "port" in endpoint && endpoint.port === port)) return port;
    }
  }

  private resolve({ host, port }: TcpEndpoint): TcpEndpoint {
    const address = isWildcard(host) ? host : this.ownAddress(host);
    if (address === undefined) throw new HostError("EADDRNOTAVAIL", `${host} is no address of ${this.name}`);
    return { host: address, port: port === 0 ? this.freePort() : port };
  }
}

export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

/** Whether two endpoints of one host cannot both be bound; or whether a listener at one takes connects to the other. */
function conflict(one: Endpoint, other: Endpoint): boolean {
  if ("path" in one || "path" in other) return "path" in one && "path" in other && one.path === other.path;
  if (one.port !== other.port || isV6(one.host) !== isV6(other.host)) return false;
  return one.host === other.host || isWildcard(one.host) || isWildcard(other.host);
}

function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

function isV6(address: string): boolean {
  return address.includes(":");
}
