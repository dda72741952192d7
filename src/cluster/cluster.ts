/**
 * A node among others: composes membership, links, forwarding and the ownership of slots, and tells each what it has to know of
 * the others. What commands, pages and metrics see of all that is `ClusterView`. Long because it is where all of these meet.
 */
import type { Config } from "../config/config.js";
import type { DataDirectory } from "../durability/data-directory.js";
import type { NodeFacts } from "../durability/node-file.js";
import type { PersistenceView } from "../durability/persistence-view.js";
import type { Address } from "../host/datagrams.js";
import type { Host } from "../host/host.js";
import type { Cancel } from "../host/timers.js";
import type { HashLimits } from "../keyspace/hash-writer.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { ExchangeStreams } from "../membership/exchange-streams.js";
import { Gossiper, type GossiperEvents } from "../membership/gossiper.js";
import {
  type ClusterId,
  isDeparted,
  isPresent,
  type Lifecycle,
  type Member,
  type MemberRecord,
  type NodeId,
} from "../membership/member.js";
import { presets } from "../membership/presets.js";
import { readClusterFile, writeClusterFile } from "./cluster-file.js";
import { ClusterPort } from "./cluster-port.js";
import type { ChangeView, ClusterView, LinkView } from "./cluster-view.js";
import { Forwarder } from "./forwarder.js";
import { announcedHost, clusterPortOf } from "./own-addresses.js";
import { Ownership } from "./ownership.js";
import { PEER_VERSION, type PeerIdentity } from "./peer-hello.js";
import { PeerServer, type PeerServerOptions } from "./peer-server.js";
import { Peers } from "./peers.js";
import { isMember, type PlacedMember, type Placement } from "./placement.js";
import { gossipKeyOf, secrecyOf } from "./secrets.js";
import { HELD, HERE, type Route, SlotRoutes } from "./slot-routes.js";

/** What is written down of the members may lag so far behind what is known. */
const MEMORY_DELAY_MS = 500;
const NO_CLUSTER: ClusterId = "0".repeat(32);

export interface ClusterOptions {
  readonly host: Host;
  readonly config: Config;
  readonly keyspace: Keyspace;
  /** Of hashes, as they are at present. */
  readonly limits: () => HashLimits;
  readonly persistence: PersistenceView;
  readonly facts: NodeFacts;
  /** Undefined for a node that keeps nothing: each of its lives is another node's. */
  readonly directory: DataDirectory | undefined;
  /** Executes what other nodes send. */
  readonly serve: PeerServerOptions["serve"];
  /** The node must not go on: another process lives its life, or it has left. */
  readonly ended: (error?: Error) => void;
}

export class Cluster implements ClusterView {
  readonly routes = new SlotRoutes();
  readonly forwarder: Forwarder;
  readonly selfId: NodeId;
  readonly #options: ClusterOptions;
  readonly #peers: Peers;
  readonly #peerServer: PeerServer;
  readonly #ownership: Ownership;
  readonly #cancels: Cancel[] = [];
  #gossiper!: Gossiper;
  #port: ClusterPort | undefined;
  #cancelWrite: Cancel | undefined;
  #coveredAt = -1;
  #isCovered = false;

  constructor(options: ClusterOptions) {
    const { host, config, keyspace, persistence, facts, directory } = options;
    this.#options = options;
    this.selfId = facts.nodeId;
    const secrecy = secrecyOf(config.clusterSecret, host.cipher);
    const clusterOf = () => this.clusterId ?? NO_CLUSTER;
    const self: PeerIdentity = {
      get cluster() {
        return clusterOf();
      },
      nodeId: facts.nodeId,
      boot: facts.boot,
    };
    this.#peers = new Peers({ host, self, secrecy });
    const { clock, timers } = host;
    const isLost = (route: Route) => this.#isDead(this.#peers.idOf(route));
    this.forwarder = new Forwarder({ routes: this.routes, peers: this.#peers, clock, timers, isLost });
    this.#ownership = new Ownership({
      host,
      keyspace,
      limits: options.limits,
      persistence,
      directory: directory?.path,
      boot: facts.boot,
      self: placedMember(config, host, facts.nodeId),
      peers: this.#peers,
      routes: this.routes,
      isAlive: (id) => this.#isAlive(id),
    });
    this.#peerServer = new PeerServer({
      host,
      self,
      secrecy,
      services: this.#ownership.services,
      serve: options.serve,
    });
    this.#cancels.push(
      this.#peers.subscribe({
        up() {},
        down: ({ nodeId }) => this.#gossiper.doubt(nodeId, "lost"),
        unreachable: ({ nodeId }) => this.#gossiper.doubt(nodeId, "refused"),
      }),
      this.#ownership.subscribe(() => this.#placementChanged()),
    );
  }

  /**
   * Binds the cluster port and begins to look for the others; resolves at once if this node is alone. Rejects with a `HostError` if the
   * port cannot be had.
   */
  async start(clientPort: number): Promise<void> {
    const { host, config, directory } = this.#options;
    const memory = directory && (await readClusterFile(host.files, directory.path));
    await this.#ownership.load();
    const timings = presets[config.membershipPreset];
    const { network, timers } = host;
    const channel = new ExchangeStreams({ network, timers, timeoutMs: timings.exchangeTimeoutMs });
    const bindHost = config.bind[0]?.host ?? "127.0.0.1";
    const { streams, datagrams } = await ClusterPort.bind(
      {
        network,
        timers,
        links: (connection) => this.#peerServer.accept(connection),
        exchanges: (connection) => channel.serve(connection, (packet) => this.#gossiper.answer(packet)),
      },
      { host: bindHost, port: clusterPortOf(config) },
      (port) =>
        Gossiper.start({
          host,
          bind: { host: bindHost, port },
          self: this.#record(clientPort, port),
          clusterId: memory?.clusterId,
          seeds: config.join,
          members: memory?.members.filter(({ id }) => id !== this.selfId) ?? [],
          timings,
          key: gossipKeyOf(config.clusterSecret, host.cipher),
          channel,
          state: this.#ownership.state,
          events: this.#events(),
        }),
    );
    this.#port = streams;
    this.#gossiper = datagrams;
    for (const member of this.members()) this.#memberChanged(member);
    this.#ownership.start();
    if (memory !== undefined) {
      if (memory.members.length <= 1) this.#ownership.found();
      this.#joined(memory.clusterId);
    }
  }

  /** Resolves when ports are free again. The others are told nothing: to them it is a death. */
  async close(): Promise<void> {
    for (const cancel of this.#cancels) cancel();
    this.#cancelWrite?.();
    this.forwarder.close();
    this.#ownership.close();
    this.#peerServer.close();
    this.#peers.close();
    await this.#port?.close();
    await this.#gossiper?.close();
  }

  get port(): number {
    return this.#port?.port ?? 0;
  }

  /** Tells the others where metrics are to be had. */
  announceHttpPort(httpPort: number): void {
    this.#gossiper.update({ httpPort });
  }

  // ---- As commands, pages and metrics see it ----

  get clusterId(): ClusterId | undefined {
    return this.#gossiper?.clusterId;
  }

  members(): Iterable<Member> {
    return this.#gossiper.table.members;
  }

  member(id: NodeId): Member | undefined {
    return this.#gossiper.table.get(id);
  }

  get placement(): Placement | undefined {
    return this.#ownership.placement;
  }

  get change(): ChangeView | undefined {
    return this.#ownership.change;
  }

  executorOf(slot: number): NodeId | undefined {
    const route = this.routes.of(slot);
    if (route === HELD) return undefined;
    return route === HERE ? this.selfId : this.#peers.idOf(route);
  }

  get routesVersion(): number {
    return this.routes.version;
  }

  get isCovered(): boolean {
    if (this.#coveredAt !== this.routes.version) {
      this.#coveredAt = this.routes.version;
      this.#isCovered = !this.routes.bySlot.includes(HELD);
    }
    return this.#isCovered;
  }

  links(): readonly LinkView[] {
    return this.#peers.links.map((link) => {
      const { nodeId, host, port } = link.peer;
      const { isUp, inFlight, bytesInFlight, counters } = link;
      return { nodeId, host, port, isUp, inFlight, bytesInFlight, counters };
    });
  }

  get gossipCounters() {
    return this.#gossiper.counters;
  }

  get swimCounters() {
    return this.#gossiper.protocolCounters;
  }

  get peerServerCounters() {
    return this.#peerServer.counters;
  }

  get slowness(): number {
    return this.#gossiper.slowness;
  }

  missing(): readonly string[] {
    const { clusterId, placement } = this;
    if (clusterId === undefined) return ["no seed has answered yet: see `join`"];
    if (placement === undefined) return ["nobody has told yet who owns which slots"];
    const missing: string[] = [];
    if (!isMember(placement, this.selfId)) missing.push("this node has not taken over its slots yet");
    if (!this.isCovered)
      missing.push("some slots are being handed over, and nobody executes them at present");
    const { members } = placement;
    const dead = members.filter(({ id }) => id !== this.selfId && !this.#isAlive(id));
    for (const { id } of dead) missing.push(`node ${id}, which owns slots, is not alive`);
    return missing;
  }

  async meet(_address: Address): Promise<string | undefined> {
    return this.#ownership.refusalToMeet();
  }

  forget(id: NodeId): Promise<string | undefined> {
    return this.#ownership.forget(id);
  }

  async leave(): Promise<string | undefined> {
    const refusal = await this.#ownership.leave();
    if (refusal !== undefined) return refusal;
    void this.#depart();
    return undefined;
  }

  // ---- What happens ----

  #events(): GossiperEvents {
    const { keyspace, directory, ended } = this.#options;
    return {
      changed: ({ member }) => this.#memberChanged(member),
      dropped: ({ record }) => this.#peers.remove(this.#peers.numberOf(record.id)),
      joined: ({ clusterId, isFounder }) => {
        if (isFounder) this.#ownership.found();
        this.#joined(clusterId);
      },
      originTaken: ({ free }) => {
        keyspace.origin = free;
        void directory?.update({ origin: free });
        this.#gossiper.update({ origin: free });
      },
      superseded: (reason) => ended(new Error(`this node goes on elsewhere: ${reason}`)),
      forgotten: () => this.#ownership.forgotten(),
      refused: ({ host, port }, reason) =>
        this.#options.host.log.warn("a seed refuses this node", { host, port, reason }),
    };
  }

  #joined(_clusterId: ClusterId): void {
    for (const member of this.members()) this.#memberChanged(member);
    this.#rememberSoon();
  }

  #memberChanged(member: Member): void {
    const { id, host, clusterPort } = member.record;
    if (id !== this.selfId && this.clusterId !== undefined) {
      const number = this.#peers.numberOf(id);
      if (isDeparted(member)) this.#peers.remove(number);
      else this.#peers.add({ number, nodeId: id, host, port: clusterPort });
    }
    this.#ownership.membersChanged();
    this.#rememberSoon();
  }

  #placementChanged(): void {
    const { placement } = this;
    if (placement === undefined || this.#gossiper === undefined) return;
    const lifecycle: Lifecycle = !isMember(placement, this.selfId)
      ? "joining"
      : placement.change?.kind === "leave" && placement.change.node.id === this.selfId
        ? "leaving"
        : "active";
    const stateVersion = this.#ownership.state.version;
    const { self } = this.#gossiper;
    if (self.lifecycle === "left") return;
    if (self.lifecycle !== lifecycle || self.stateVersion !== stateVersion) {
      this.#gossiper.update({ lifecycle, stateVersion });
    }
  }

  #isAlive(id: NodeId): boolean {
    if (id === this.selfId) return true;
    const member = this.#gossiper?.table.get(id);
    return member !== undefined && isPresent(member);
  }

  /** Taken for dead. Of who is only suspect, or not heard of yet, an answer may still come. */
  #isDead(id: NodeId | undefined): boolean {
    const member = id === undefined ? undefined : this.#gossiper?.table.get(id);
    return member !== undefined && !isPresent(member);
  }

  /** All slots are handed over: says farewell, forgets the cluster and ends. */
  async #depart(): Promise<void> {
    const { host, directory, ended } = this.#options;
    await this.#gossiper.leave();
    this.#cancelWrite?.();
    this.#cancelWrite = () => {};
    if (directory !== undefined) {
      await writeClusterFile(host.files, directory.path, { clusterId: NO_CLUSTER, members: [] });
    }
    host.log.info("left the cluster", {});
    ended();
  }

  #rememberSoon(): void {
    const { host, directory } = this.#options;
    if (directory === undefined || this.#cancelWrite !== undefined) return;
    this.#cancelWrite = host.timers.after(MEMORY_DELAY_MS, () => {
      this.#cancelWrite = undefined;
      void this.#remember(directory);
    });
  }

  async #remember({ path }: DataDirectory): Promise<void> {
    const { files, log } = this.#options.host;
    const { clusterId } = this;
    if (clusterId === undefined) return;
    const members = [...this.members()].filter((member) => !isDeparted(member)).map(({ record }) => record);
    try {
      await writeClusterFile(files, path, { clusterId, members });
    } catch (error) {
      log.warn("could not write down who is in the cluster", { error: String(error) });
      this.#rememberSoon();
    }
  }

  #record(clientPort: number, clusterPort: number): MemberRecord {
    const { config, facts, host } = this.#options;
    const { placement } = this.#ownership;
    return {
      id: facts.nodeId,
      boot: facts.boot,
      incarnation: 0,
      origin: facts.origin,
      lifecycle: placement !== undefined && isMember(placement, facts.nodeId) ? "active" : "joining",
      name: config.nodeName,
      zone: config.zone,
      host: announcedHost(config, host),
      clientPort,
      clusterPort,
      httpPort: 0,
      weight: config.nodeWeight,
      stateVersion: this.#ownership.state.version,
      protocolMin: PEER_VERSION,
      protocolMax: PEER_VERSION,
      digests: [],
    };
  }
}

function placedMember(config: Config, host: Host, id: NodeId): PlacedMember {
  return { id, weight: config.nodeWeight, zone: config.zone, host: announcedHost(config, host) };
}
