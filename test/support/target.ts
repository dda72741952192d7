import { type Address, WireClient } from "./wire-client.js";

/** Options by their redis.conf names, such as `{ "requirepass": "secret", "maxclients": 10 }`. */
export type ServerOptions = Readonly<Record<string, string | number>>;

/** A running server that tests talk to over its socket alone, whoever's server it is. */
export interface Target {
  readonly name: "redis-server" | "torus";
  readonly address: Address & { readonly port: number };
  /** The process that serves; the test's own when the server runs inside it. */
  readonly pid: number;
  /** Resolves when the server is gone and its port is free. */
  close(): Promise<void>;
}

/** Starts one kind of server; transcripts and comparisons take these instead of knowing any server. */
export type TargetStarter = (options?: ServerOptions) => Promise<Target>;

export function connectTo(target: Target): Promise<WireClient> {
  return WireClient.connect(target.address);
}

/** The Redis version whose behaviour `redis-server` shows; what is newer cannot be compared with it. */
export const REFERENCE_VERSION = "7.0.15";
