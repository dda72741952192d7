import type { Secrecy } from "#torus/cluster/peer-channel.js";
import type { PeerIdentity } from "#torus/cluster/peer-hello.js";
import { LINK_KEY_PURPOSE } from "#torus/cluster/peer-seal.js";
import { PeerServer, type PeerServerOptions, type Service } from "#torus/cluster/peer-server.js";
import { Peers } from "#torus/cluster/peers.js";
import type { Connection, ConnectionEvents } from "#torus/host/network.js";
import { nodeCipher } from "#torus/host/node/cipher.js";
import type { SimHost } from "#torus/host/sim/sim-host.js";
import type { World } from "#torus/host/sim/world.js";

export const CLUSTER_PORT = 16379;
export const CLUSTER = "c".repeat(32);

export interface SimPeersOptions {
  readonly secret?: string;
  readonly cluster?: string;
  readonly boot?: number;
  readonly services?: ReadonlyMap<string, Service>;
  readonly serve?: PeerServerOptions["serve"];
  /** What stands between the cluster port and the wire. */
  readonly interpose?: Interpose;
}

/** Makes of a connection, and of who hears it, others that may change what passes. */
export type Interpose = (
  connection: Connection,
  accept: (connection: Connection) => ConnectionEvents,
) => ConnectionEvents;

const keys = new Map<string, Uint8Array>();

/** Slow to derive, so each is derived once for all tests. */
function keyOf(secret: string): Uint8Array {
  const key = keys.get(secret) ?? nodeCipher.deriveKey(secret, LINK_KEY_PURPOSE);
  keys.set(secret, key);
  return key;
}

/** One letter a node: host `a`, and an id of that letter alone where it may be one. */
export function nodeIdOf(name: string): string {
  return Buffer.from(name.repeat(16).slice(0, 16)).toString("hex");
}

/** What of a node has to do with links: it calls others and answers them. */
export class SimPeers {
  private constructor(
    readonly host: SimHost,
    readonly peers: Peers,
    readonly server: PeerServer,
    /** Streams that come. */
    readonly remotes: string[],
  ) {}

  static start(world: World, name: string, options: SimPeersOptions = {}): Promise<SimPeers> {
    return world.complete(SimPeers.listen(world, name, options));
  }

  /** The same while others make the world go on. */
  static async listen(world: World, name: string, options: SimPeersOptions = {}): Promise<SimPeers> {
    const { secret, cluster = CLUSTER, boot = 1, services = new Map() } = options;
    const host = world.host(name);
    const self: PeerIdentity = { cluster, nodeId: nodeIdOf(name), boot };
    const secrecy: Secrecy | null = secret === undefined ? null : { cipher: nodeCipher, key: keyOf(secret) };
    const serve: PeerServerOptions["serve"] =
      options.serve ??
      (() => ({ isServing: false, run: () => true, goOn() {}, unpark() {}, drained() {}, closed() {} }));
    const server = new PeerServer({ host, self, secrecy, services, serve });
    const remotes: string[] = [];
    const endpoint = { host: "0.0.0.0", port: CLUSTER_PORT };
    await host.network.listen({ endpoint, backlog: 511, keepAliveSeconds: 0 }, (connection) => {
      remotes.push(connection.remote);
      const accept = (through: Connection) => server.accept(through);
      return options.interpose?.(connection, accept) ?? accept(connection);
    });
    return new SimPeers(host, new Peers({ host, self, secrecy }), server, remotes);
  }

  /** Begins to link with another, under a number. */
  meet(number: number, other: SimPeers, nodeId = nodeIdOf(other.host.name)): void {
    this.meetAt(number, other.host.name, nodeId);
  }

  /** The same by the name of its host. */
  meetAt(number: number, name: string, nodeId = nodeIdOf(name)): void {
    this.peers.add({ number, nodeId, host: name, port: CLUSTER_PORT });
  }
}
