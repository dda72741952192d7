import { SLOT_COUNT, slotOf } from "#torus/base/key-hash.js";
import { Forwarder } from "#torus/cluster/forwarder.js";
import type { PeerLink } from "#torus/cluster/peer-link.js";
import type { PeerServerOptions, Service } from "#torus/cluster/peer-server.js";
import { ClusterRelay } from "#torus/cluster/pubsub/cluster-relay.js";
import { HERE, SlotRoutes } from "#torus/cluster/slot-routes.js";
import { InvalidationRelay } from "#torus/cluster/tracking/invalidation-relay.js";
import type { ConfigValues } from "#torus/config/config.js";
import type { World } from "#torus/host/sim/world.js";
import { CommandRunner } from "./command-runner.js";
import type { SimCaller } from "./sim-caller.js";
import { type Interpose, nodeIdOf, SimPeers } from "./sim-peers.js";
import { SimServer } from "./sim-server.js";
import { worldOf } from "./world.js";

export interface SimClusterNode {
  readonly name: string;
  readonly server: SimServer;
  readonly routes: SlotRoutes;
  readonly peers: SimPeers;
  /** Null unless messages go from node to node. */
  readonly relay: ClusterRelay | null;
  /** Null unless nodes tell each other of keys that clients cache. */
  readonly invalidations: InvalidationRelay | null;
}

export interface SimClusterOptions {
  readonly seed?: number | string;
  readonly nodes?: number;
  readonly config?: ConfigValues;
  /** Which node executes a slot; by default they take turns, 100 slots each. */
  readonly ownerOf?: (slot: number) => number;
  readonly timeoutMs?: number;
  /** Of the links. */
  readonly secret?: string;
  /** Between the cluster ports and the wire. */
  readonly interpose?: Interpose;
  /** What the second node executes runs with, instead of its server. */
  readonly serveBy?: PeerServerOptions["serve"];
  /** Whether replies wait for the logs, which the test syncs. */
  readonly gates?: boolean;
  /** Whether messages are published from node to node, and how many names a node tells then. */
  readonly publishes?: { readonly namesMax?: number };
  /** Whether nodes tell each other of keys that clients cache. */
  readonly tracks?: boolean;
}

const STRIPE_SLOTS = 100;

/** Servers that execute commands for each other, by routes that the test decides on. */
export class SimCluster {
  private constructor(
    readonly world: World,
    readonly nodes: readonly SimClusterNode[],
  ) {}

  static async start(options: SimClusterOptions = {}): Promise<SimCluster> {
    const {
      seed = 1,
      nodes: count = 3,
      config = {},
      timeoutMs,
      secret,
      interpose,
      serveBy,
      gates = false,
      publishes,
      tracks = false,
    } = options;
    const world = worldOf(seed);
    const nodes: SimClusterNode[] = [];
    for (let i = 0; i < count; i++) {
      const name = "abcdefgh"[i]!;
      const server = await SimServer.start(config, { world, name });
      if (!gates) server.replyAtOnce();
      const serve = i === 1 && serveBy !== undefined ? serveBy : server.server.serveRuns.bind(server.server);
      const services = new Map<string, Service>();
      const peers = await SimPeers.start(world, name, {
        serve,
        services,
        ...(secret === undefined ? {} : { secret }),
        ...(interpose === undefined ? {} : { interpose }),
      });
      const { broker, tracking } = server.server.state;
      const relay =
        publishes === undefined
          ? null
          : new ClusterRelay({ host: server.host, peers: peers.peers, broker, ...publishes });
      for (const [service, serve] of relay?.services ?? []) services.set(service, serve);
      const { timers } = server.host;
      const invalidations = tracks
        ? new InvalidationRelay({ timers, peers: peers.peers, node: tracking })
        : null;
      for (const [service, serve] of invalidations?.services ?? []) services.set(service, serve);
      nodes.push({ name, server, routes: new SlotRoutes(), peers, relay, invalidations });
    }
    for (const [i, { server, routes, peers }] of nodes.entries()) {
      for (const other of nodes)
        if (other.peers !== peers) peers.meet(numberOf(peers, other.name), other.peers);
      const { clock, timers } = server.host;
      const forwarder = new Forwarder({
        routes,
        peers: peers.peers,
        clock,
        timers,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      server.server.forwardBy(forwarder);
      const ownerOf = options.ownerOf ?? ((slot) => Math.floor(slot / STRIPE_SLOTS) % count);
      for (const [owner, { name }] of nodes.entries()) {
        const slots = [...routes.bySlot.keys()].filter((slot) => ownerOf(slot) === owner);
        routes.setEach(slots, owner === i ? HERE : numberOf(peers, name));
      }
    }
    await world.advance(100);
    return new SimCluster(world, nodes);
  }

  connect(node: number): Promise<SimCaller> {
    return this.nodes[node]!.server.connect();
  }

  /** Who executes a slot, as it knows itself. */
  ownerOf(slot: number): number {
    return this.nodes.findIndex(({ routes }) => routes.of(slot) === HERE);
  }

  /** What node `at` sends to `node` for some slots from now on, or executes. */
  route(at: number, slots: readonly number[], node: number): void {
    const { routes, peers } = this.nodes[at]!;
    routes.setEach(slots, at === node ? HERE : numberOf(peers, this.nodes[node]!.name));
  }

  /**
   * Hands slots, whose keys are all strings of the first database, over to another node, in an instant. Only `hearing` nodes hear
   * of it, and those concerned.
   */
  move(
    slots: readonly number[],
    to: number,
    { keepsCopies = false, hearing = this.nodes.map((_, i) => i) } = {},
  ): void {
    const target = new CommandRunner(this.nodes[to]!.server.keyspace);
    for (const [i, { server, routes }] of this.nodes.entries()) {
      const owned = new Set(i === to ? [] : slots.filter((slot) => routes.of(slot) === HERE));
      if (owned.size === 0) continue;
      const source = new CommandRunner(server.keyspace);
      for (const key of this.keysOf(i)) {
        const bytes = Buffer.from(key, "latin1");
        if (!owned.has(slotOf(bytes, 0, bytes.length))) continue;
        const value = source.ask("GET", key);
        if (value.kind === "bulk") target.run("SET", key, value.bytes.toString("latin1"));
        if (!keepsCopies) source.run("DEL", key);
      }
      this.route(i, [...owned], to);
    }
    this.route(to, slots, to);
    for (const at of hearing) this.route(at, slots, to);
  }

  /** Every node learns where all slots are executed. */
  tellAll(): void {
    for (const at of this.nodes.keys()) {
      for (const owner of this.nodes.keys()) {
        const slots = [...this.nodes[owner]!.routes.bySlot.keys()].filter(
          (slot) => this.ownerOf(slot) === owner,
        );
        this.route(at, slots, owner);
      }
    }
  }

  /** All keys in the first database that a node has, whoever executes their slots. */
  private keysOf(node: number): string[] {
    const reply = new CommandRunner(this.nodes[node]!.server.keyspace).ask("KEYS", "*");
    if (reply.kind !== "array") throw new Error("KEYS answers an array");
    return reply.items.map((item) => (item.kind === "bulk" ? item.bytes.toString("latin1") : ""));
  }
}

export function numberOf({ peers }: SimPeers, name: string): number {
  return peers.numberOf(nodeIdOf(name));
}

/** The link by which one node asks another. */
export function linkBetween({ nodes }: SimCluster, from: number, to: number): PeerLink {
  const { peers } = nodes[from]!;
  return peers.peers.link(numberOf(peers, nodes[to]!.name))!;
}

/** A key of some slot that a node executes. */
export function keyAt(cluster: SimCluster, node: number, prefix = "key"): string {
  for (let i = 0; i < SLOT_COUNT; i++) {
    const key = `${prefix}:${i}`;
    if (cluster.ownerOf(slotOfKey(key)) === node) return key;
  }
  throw new Error("some key lies there");
}

export function slotOfKey(key: string): number {
  const bytes = Buffer.from(key, "latin1");
  return slotOf(bytes, 0, bytes.length);
}
