/**
 * A node among others: composes membership, links, forwarding and the ownership of slots, and tells each what it has to know of
 * the others. What commands, pages and metrics see of all that is `ClusterView`. Long because it is where all of these meet.
 */
import type { Config } from "../config/config.js";
import type { DataDirectory } from "../durability/data-directory.js";
import { type NodeFacts, UnusableDirectory } from "../durability/node-file.js";
import type { Address } from "../host/datagrams.js";
import type { Files } from "../host/files.js";
import type { Host } from "../host/host.js";
import { type Cancel, pause } from "../host/timers.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { PackingLimits } from "../keyspace/packing-limits.js";
import { addressName } from "../membership/complaints.js";
import { type RefusalReason, refusalTexts } from "../membership/exchange-message.js";
import { ExchangeStreams } from "../membership/exchange-streams.js";
import { Gossiper, type GossiperEvents } from "../membership/gossiper.js";
import {
  type ClusterId,
  type Digest,
  isDeparted,
  isPresent,
  type Lifecycle,
  type Member,
  type NodeId,
} from "../membership/member.js";
import { presets } from "../membership/presets.js";
import type { Broker } from "../pubsub/broker.js";
import type { TrackingNode } from "../tracking/relay.js";
import { ClockWatch } from "./clock-watch.js";
import { ClusterFace } from "./cluster-face.js";
import type { ClusterFacts } from "./cluster-file.js";
import { ClusterMemory } from "./cluster-memory.js";
import { ClusterPort } from "./cluster-port.js";
import type { ClusterView } from "./cluster-view.js";
import type { Copies } from "./copies.js";
import { CLUSTER_FILE, PLACEMENT_FILE } from "./earlier-cluster.js";
import { Forwarder } from "./forwarder.js";
import { LOCAL_SOCKET_MODE, localSocketDigest, localSocketOf, localSocketPath } from "./local-socket.js";
import { refuseWhereCopiesAre } from "./lone-start.js";
import { OwnHashSeed } from "./own-hash-seed.js";
import { clusterPortOf, ownPlacedMember, ownRecord } from "./own-member.js";
import { Ownership } from "./ownership.js";
import type { PeerIdentity } from "./peer-hello.js";
import { PeerServer, type PeerServerOptions } from "./peer-server.js";
import { Peers } from "./peers.js";
import { isMember, isReplicated, type Placement } from "./placement.js";
import { readinessDigests, readinessOf } from "./primaries/readiness.js";
import { ClusterRelay } from "./pubsub/cluster-relay.js";
import type { ReplicaReads } from "./replica-reads.js";
import { Replication, type ReplicationOptions } from "./replication/replication.js";
import { gossipKeyOf, secrecyOf } from "./secrets.js";
import { type Route, SlotRoutes } from "./slot-routes.js";
import { InvalidationRelay } from "./tracking/invalidation-relay.js";

/** Who leaves waits so long for what it still executes, or waits for, on behalf of other nodes; longer than for any of their deadlines. */
const LAST_RUNS_MS_MAX = 10_000;
const LAST_RUNS_PERIOD_MS = 10;
/** As long as others take at least to declare a node dead that is silent. */
const ABSENCE_MS_MAX = 1000;
const NO_CLUSTER: ClusterId = "0".repeat(32);

export interface ClusterOptions {
  readonly host: Host;
  readonly config: Config;
  /** The same as it is at present. */
  readonly current: () => Config;
  readonly keyspace: Keyspace;
  /** Of hashes, as they are at present. */
  readonly limits: () => PackingLimits;
  readonly persistence: ReplicationOptions["persistence"];
  /** Option `max-clock-offset`, as it is at present. */
  readonly maxClockOffsetMs: () => number;
  readonly facts: NodeFacts;
  /** Undefined for a node that keeps nothing: each of its lives is another node's. */
  readonly directory: DataDirectory | undefined;
  /** Where messages are published. */
  readonly broker: Broker;
  /** Who is told of keys that have changed. */
  readonly tracking: TrackingNode;
  /** Executes what other nodes send. */
  readonly serve: PeerServerOptions["serve"];
  /** The node must not go on: another process lives its life, or it has left. */
  readonly ended: (error?: Error) => void;
}

/** Where to listen, and whom to look for. */
interface Opening {
  readonly clientPort: number;
  readonly clusterPort: number;
  readonly seeds: readonly Address[];
  /** Undefined if it belongs to no cluster. */
  readonly facts: ClusterFacts | undefined;
}

export class Cluster {
  readonly forwarder: Forwarder;
  /** As commands, pages and metrics see it. */
  readonly view: ClusterView;
  readonly #routes = new SlotRoutes();
  readonly #selfId: NodeId;
  readonly #options: ClusterOptions;
  readonly #peers: Peers;
  readonly #peerServer: PeerServer;
  readonly #memory: ClusterMemory;
  readonly #ownership: Ownership;
  readonly #replication: Replication;
  readonly #clockWatch: ClockWatch;
  readonly #relay: ClusterRelay;
  readonly #invalidations: InvalidationRelay;
  readonly #cancels: Cancel[] = [];
  #recalled: ClusterFacts | undefined;
  #gossiper!: Gossiper;
  /** The path of the Unix socket for nodes of this host; undefined if there is none. */
  #localSocket: string | undefined;
  #port: ClusterPort | undefined;
  /** Ports that are being bound. */
  #opening: Promise<void> = Promise.resolve();
  #isMeeting = false;
  /** The one whose members count as owners; null if nobody was told yet. */
  #seenPlacement: Placement | undefined | null = null;
  #isClosed = false;
  /** What the last seed that answered said, if it was no. */
  #refusal: string | undefined;

  constructor(options: ClusterOptions) {
    const { host, config, keyspace, persistence, facts, directory } = options;
    this.#options = options;
    this.#selfId = facts.nodeId;
    this.#memory = new ClusterMemory({ host, directory: directory?.path, facts: () => this.#facts() });
    const secrecy = secrecyOf(config.clusterSecret, host.cipher);
    const clusterOf = () => this.view.clusterId ?? NO_CLUSTER;
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
    this.forwarder = new Forwarder({ routes: this.#routes, peers: this.#peers, clock, timers, isLost });
    this.#replication = new Replication({
      host,
      selfId: facts.nodeId,
      boot: facts.boot,
      keyspace,
      limits: options.limits,
      persistence,
      peers: this.#peers,
      routes: this.#routes,
      isAlive: (id) => this.#isAlive(id),
      readinessOf: (id) => readinessOf(this.#gossiper?.table.get(id)?.record),
      bootOf: (id) => this.#gossiper?.table.get(id)?.record.boot,
      backlogBytesMax: () => options.current().replBacklogSizeBytes,
      startWaitMs: () => config.clusterStartWaitMs,
      directory: directory?.path,
      tombstoneGraceMs: () => options.current().tombstoneGraceMs,
      absenceMsMax: ABSENCE_MS_MAX,
      routed: (slots) => this.#ownership.reroute(slots),
      readied: () => this.#updateDigests(),
    });
    this.#ownership = new Ownership({
      host,
      keyspace,
      limits: options.limits,
      persistence,
      directory: directory?.path,
      copies: config.replicationFactor,
      hashSeed: new OwnHashSeed({ keyspace, facts, directory }),
      boot: facts.boot,
      self: ownPlacedMember(config, host, facts.nodeId),
      clusterId: () => this.view.clusterId!,
      peers: this.#peers,
      routes: this.#routes,
      replication: this.#replication,
      isAlive: (id) => this.#isAlive(id),
    });
    this.#clockWatch = new ClockWatch({
      host,
      peers: this.#peers,
      time: keyspace.clock.steady,
      offsetMsMax: options.maxClockOffsetMs,
    });
    this.#relay = new ClusterRelay({ host, peers: this.#peers, broker: options.broker });
    this.#invalidations = new InvalidationRelay({
      timers: host.timers,
      peers: this.#peers,
      node: options.tracking,
    });
    this.#peerServer = new PeerServer({
      host,
      self,
      secrecy,
      services: new Map([
        ...this.#ownership.services,
        ...this.#replication.services,
        this.#clockWatch.service,
        ...this.#relay.services,
        ...this.#invalidations.services,
      ]),
      serve: options.serve,
    });
    this.view = new ClusterFace({
      selfId: this.#selfId,
      routes: this.#routes,
      peers: this.#peers,
      peerServer: this.#peerServer,
      ownership: this.#ownership,
      replication: () => this.#replication.view,
      clock: () => this.#clockWatch.view,
      gossiper: () => this.#gossiper,
      isAlive: (id) => this.#isAlive(id),
      refusal: () => this.#refusal,
      meet: (address) => this.meet(address),
      leave: () => this.leave(),
    });
    this.#cancels.push(
      this.#peers.subscribe({
        up: () => this.#replication.linked(),
        down: ({ nodeId }) => this.#gossiper.doubt(nodeId, "lost"),
        unreachable: ({ nodeId }) => this.#gossiper.doubt(nodeId, "refused"),
      }),
      this.#ownership.subscribe(() => this.#placementChanged()),
    );
  }

  /** What is asked of a directory that is to be served outside of its cluster (lone-start.ts). */
  static refuseAlone(files: Files, directory: string): Promise<void> {
    return refuseWhereCopiesAre(files, directory);
  }

  /** Reads what the directory keeps of the cluster: before what it keeps of keys. Rejects with `UnusableDirectory` if it makes no sense. */
  async recall(): Promise<void> {
    this.#recalled = this.#factsOf(await this.#memory.recall(), await this.#ownership.recall());
    await this.#replication.recall();
    this.#clockWatch.hold(this.#comesToOthers ? this.#options.config.clusterStartWaitMs : 0);
  }

  /**
   * Binds the cluster port and begins to look for the others; resolves at once if this node is alone. The keyspace is loaded. Rejects
   * with a `HostError` if the port cannot be had.
   */
  async start(clientPort: number): Promise<void> {
    const { config } = this.#options;
    const facts = this.#recalled;
    this.#ownership.loaded();
    this.#refuseRemains(facts);
    await this.#open({ clientPort, clusterPort: clusterPortOf(config), seeds: config.join, facts });
    this.#ownership.start();
    this.#clockWatch.start();
    if (facts === undefined) return;
    if (facts.members.length <= 1) this.#ownership.found();
    this.#joined();
  }

  /** Whether it executes nothing before it has heard of others, or has waited for them for as long as it has to. */
  get #comesToOthers(): boolean {
    const { placement } = this.#ownership;
    if (placement === undefined) return this.#options.config.join.length > 0;
    return isReplicated(placement) && placement.members.some(({ id }) => id !== this.#selfId);
  }

  /** Which cluster it is the placement tells, too: a node that owns slots of one neither founds another nor joins one. */
  #factsOf(
    facts: ClusterFacts | undefined,
    placementsCluster: ClusterId | undefined,
  ): ClusterFacts | undefined {
    if (placementsCluster === undefined || placementsCluster === facts?.clusterId) return facts;
    const { host, config } = this.#options;
    if (facts !== undefined) {
      throw new UnusableDirectory(
        `${config.dir} mixes two clusters: ${CLUSTER_FILE} is of ${facts.clusterId}, ${PLACEMENT_FILE} of ${placementsCluster}`,
      );
    }
    host.log.warn(
      `no ${CLUSTER_FILE} tells where the others are: this node waits for them, and asks those that it is told to join`,
    );
    return { clusterId: placementsCluster, members: [] };
  }

  /** Throws where keys are whose slots may be somebody else's by now: they are neither to be served nor to be dropped unasked. */
  #refuseRemains(facts: ClusterFacts | undefined): void {
    const { keyspace, config } = this.#options;
    if (keyspace.size === 0 || this.#ownership.placement !== undefined) return;
    if (facts !== undefined && facts.members.length > 1) {
      throw new UnusableDirectory(
        `${config.dir} has keys, and no ${PLACEMENT_FILE} that tells which slots are this node's: restore that file, or empty the directory and let the node join anew`,
      );
    }
    if (facts === undefined && config.join.length > 0) {
      throw new UnusableDirectory(
        `${config.dir} has keys from before this node was told to join a cluster, which would drop them: start it without join, or with an empty directory`,
      );
    }
  }

  #open(opening: Opening): Promise<void> {
    const opened = this.#bind(opening);
    this.#opening = opened.catch(() => {});
    return opened;
  }

  async #bind({ clientPort, clusterPort, seeds, facts }: Opening): Promise<void> {
    const { host, config } = this.#options;
    const { network, timers } = host;
    const timings = presets[config.membershipPreset];
    const channel = new ExchangeStreams({ network, timers, timeoutMs: timings.exchangeTimeoutMs });
    const bindHost = config.bind[0]?.host ?? "127.0.0.1";
    let gossiper: Gossiper | undefined;
    const { streams, datagrams } = await ClusterPort.bind(
      {
        network,
        timers,
        links: (connection) => this.#peerServer.accept(connection),
        exchanges: (connection) => {
          // Whoever comes before we are ready comes again.
          if (gossiper === undefined) connection.destroy();
          return channel.serve(connection, (packet, from) => gossiper!.answer(packet, from));
        },
      },
      { host: bindHost, port: clusterPort },
      (port) =>
        Gossiper.start({
          host,
          bind: { host: bindHost, port },
          self: ownRecord(
            { host, config, facts: this.#options.facts },
            { clientPort, clusterPort: port },
            this.#ownership,
          ),
          clusterId: facts?.clusterId,
          seeds,
          members: facts?.members.filter(({ id }) => id !== this.#selfId) ?? [],
          timings,
          key: gossipKeyOf(config.clusterSecret, host.cipher),
          channel,
          state: this.#ownership.state,
          events: this.#events(),
        }),
    );
    this.#port = streams;
    this.#gossiper = gossiper = datagrams;
    await this.#openLocally(streams);
    this.#seenPlacement = null;
    this.#seeOwners();
    for (const member of this.view.members()) this.#memberChanged(member);
  }

  /** A node that cannot be reached by a Unix socket is reached by TCP. */
  async #openLocally(streams: ClusterPort): Promise<void> {
    const { host, directory } = this.#options;
    const path = localSocketPath(directory?.path, host.system);
    if (path === undefined) return;
    try {
      await streams.bindLocal(path, LOCAL_SOCKET_MODE);
      this.#localSocket = path;
      this.#updateDigests();
    } catch (error) {
      host.log.warn("no Unix socket for nodes of this host", { path, error: String(error) });
    }
  }

  /** Tells the others what they may want to know beside this node's record. */
  #updateDigests(): void {
    const digests: Digest[] = [];
    if (this.#localSocket !== undefined) digests.push(localSocketDigest(this.#localSocket));
    digests.push(...readinessDigests(this.#replication.primaries.readiness));
    this.#gossiper?.update({ digests });
  }

  /** Leaves the cluster in which this node is alone, without keys, and looks for another. */
  async #beginAnew(seeds: readonly Address[]): Promise<void> {
    const { clientPort, clusterPort, httpPort } = this.#gossiper.self;
    this.#options.host.log.info("looking for another cluster", { seeds: seeds.map(addressName).join(" ") });
    await this.#ownership.forsake();
    await this.#memory.clear();
    await this.#port?.close();
    await this.#gossiper.close();
    if (this.#isClosed) return;
    await this.#open({ clientPort, clusterPort, seeds, facts: undefined });
    this.announceHttpPort(httpPort);
  }

  /** Resolves when ports are free again. The others are told nothing: to them it is a death. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#cancels) cancel();
    this.forwarder.close();
    this.#clockWatch.close();
    this.#relay.close();
    this.#invalidations.close();
    this.#ownership.close();
    this.#peerServer.close();
    this.#peers.close();
    await this.#opening;
    await this.#port?.close();
    await this.#gossiper?.close();
    await this.#memory.close();
  }

  /** What replies that wait for other owners ask. */
  get copies(): Copies {
    return this.#replication.copies;
  }

  /** What whoever reads copies asks. */
  get replicaReads(): ReplicaReads {
    return this.#replication.replicaReads;
  }

  get port(): number {
    return this.#port?.port ?? 0;
  }

  /** Tells the others where metrics are to be had. */
  announceHttpPort(httpPort: number): void {
    this.#gossiper.update({ httpPort });
  }

  // ---- What it is asked to do ----

  /** As `ClusterView.meet`. */
  async meet(address: Address): Promise<string | undefined> {
    if (this.#isMeeting) return "ERR this node looks for a cluster already";
    const refusal = this.#ownership.refusalToMeet();
    if (refusal !== undefined) return refusal;
    void this.#meet([address]);
    return undefined;
  }

  /** As `ClusterView.leave`. */
  async leave(): Promise<string | undefined> {
    const refusal = await this.#ownership.leave();
    if (refusal !== undefined) return refusal;
    void this.#depart();
    return undefined;
  }

  async #meet(seeds: readonly Address[]): Promise<void> {
    this.#isMeeting = true;
    try {
      await this.#beginAnew(seeds);
    } catch (error) {
      this.#options.ended(error as Error);
    }
    this.#isMeeting = false;
  }

  // ---- What happens ----

  #events(): GossiperEvents {
    const { ended } = this.#options;
    return {
      changed: ({ member }) => {
        this.#memberChanged(member);
        // What was sent to it would wait for its deadline, and all that clients sent behind it too.
        if (member.status === "dead") this.#peers.linkTo(member.record.id)?.reset();
      },
      dropped: ({ record }) => this.#peers.remove(this.#peers.numberOf(record.id)),
      joined: ({ clusterId, isFounder }) => {
        if (isFounder) void this.#found(clusterId);
        else this.#joined();
      },
      originTaken: ({ free }) => void this.#takeOrigin(free),
      superseded: (reason) => ended(new Error(`this node goes on elsewhere: ${reason}`)),
      forgotten: () => this.#ownership.forgotten(),
      refused: (seed, reason) => this.#refused(seed, reason),
    };
  }

  #refused(seed: Address, reason: RefusalReason): void {
    const isForeign = reason === "other-cluster";
    // One that was started before it was told to join: nothing is lost by that.
    if (isForeign && !this.#isMeeting && this.#ownership.refusalToMeet() === undefined) {
      void this.#meet(this.#options.config.join);
      return;
    }
    this.#refusal = `${addressName(seed)} refuses this node: ${refusalTexts[reason]}`;
  }

  /** Which cluster it is is written down before its slots are served: else what they hold would be nobody's after a crash. */
  async #found(clusterId: ClusterId): Promise<void> {
    try {
      await this.#memory.write({ clusterId, members: [] });
    } catch (error) {
      this.#options.ended(error as Error);
      return;
    }
    this.#ownership.found();
    this.#joined();
  }

  /** Writes nothing under the old one any more, and tells the others once the next life will know it too. */
  async #takeOrigin(origin: number): Promise<void> {
    const { keyspace, directory, ended } = this.#options;
    keyspace.origin = origin;
    try {
      await directory?.update({ origin });
    } catch (error) {
      ended(error as Error);
      return;
    }
    this.#gossiper.update({ origin });
  }

  #joined(): void {
    for (const member of this.view.members()) this.#memberChanged(member);
    this.#memory.changed();
  }

  #memberChanged(member: Member): void {
    this.#linkWith(member);
    this.#replication.membersChanged();
    this.#ownership.membersChanged();
    this.#memory.changed();
  }

  /** Keeps a link with a node of this cluster, or none with one that nobody waits for. */
  #linkWith(member: Member): void {
    const { id, host, clusterPort } = member.record;
    if (id === this.#selfId || this.view.clusterId === undefined) return;
    const number = this.#peers.numberOf(id);
    if (isDeparted(member)) {
      this.#peers.remove(number);
      return;
    }
    const path = localSocketOf(member.record, this.#gossiper.self.host);
    this.#peers.add({ number, nodeId: id, host, port: clusterPort, path });
  }

  /** Who owns slots stays known, dead or alive, whatever was heard of it last. */
  #seeOwners(): void {
    const { placement } = this.#ownership;
    if (placement === this.#seenPlacement) return;
    this.#seenPlacement = placement;
    this.#gossiper.setOwners(new Set(placement?.members.map(({ id }) => id)));
    for (const member of this.view.members()) this.#linkWith(member);
    this.#memory.changed();
  }

  #placementChanged(): void {
    if (this.#gossiper === undefined) return;
    this.#seeOwners();
    const { placement } = this.#ownership;
    if (placement === undefined) return;
    const lifecycle: Lifecycle = !isMember(placement, this.#selfId)
      ? "joining"
      : placement.change?.kind === "leave" && placement.change.node.id === this.#selfId
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
    if (id === this.#selfId) return true;
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
    const { host, ended } = this.#options;
    await this.#whenServed();
    try {
      await this.#gossiper.leave();
      await this.#ownership.forsake();
      await this.#memory.clear();
    } catch (error) {
      ended(error as Error);
      return;
    }
    host.log.info("left the cluster", {});
    ended();
  }

  /** No node sends this one runs any more. Those that it has are answered before links are given up, which leaves them in doubt. */
  async #whenServed(): Promise<void> {
    const { clock, timers } = this.#options.host;
    const untilMs = clock.monotonicMs() + LAST_RUNS_MS_MAX;
    while (this.#peerServer.isServing && clock.monotonicMs() < untilMs && !this.#isClosed) {
      await pause(timers, LAST_RUNS_PERIOD_MS);
    }
  }

  #facts(): ClusterFacts | undefined {
    const { clusterId } = this.view;
    if (clusterId === undefined) return undefined;
    const members = [...this.view.members()]
      .filter((member) => !isDeparted(member))
      .map(({ record }) => record);
    return { clusterId, members };
  }
}
