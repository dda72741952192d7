import { ByteWriter } from "#torus/base/byte-writer.js";
import { slotOf } from "#torus/base/key-hash.js";
import { Prng } from "#torus/base/prng.js";
import type { Service } from "#torus/cluster/peer-server.js";
import { Repairs } from "#torus/cluster/repair/repairs.js";
import { Collection } from "#torus/cluster/replication/collection.js";
import { MissingRecords } from "#torus/cluster/replication/missing-records.js";
import { OwnPast } from "#torus/cluster/replication/own-past.js";
import type { PullOutcome } from "#torus/cluster/replication/pull.js";
import { Receiver } from "#torus/cluster/replication/receiver.js";
import type { Shipper } from "#torus/cluster/replication/shipper.js";
import { Shipping } from "#torus/cluster/replication/shipping.js";
import type { SlotStanding } from "#torus/cluster/replication/slot-assent.js";
import type { SlotSet } from "#torus/cluster/slot-set.js";
import { makeConfig } from "#torus/config/config.js";
import { ConfigStore } from "#torus/config/config-store.js";
import { beginBatch, endBatch } from "#torus/delta/batch.js";
import type { KeyPlace } from "#torus/delta/delta.js";
import { writeDelta } from "#torus/delta/delta-codec.js";
import { HybridClock } from "#torus/delta/hybrid-clock.js";
import { DataDirectory } from "#torus/durability/data-directory.js";
import { Persistence } from "#torus/durability/persistence.js";
import type { SimHost } from "#torus/host/sim/sim-host.js";
import type { World } from "#torus/host/sim/world.js";
import { AccessClock } from "#torus/keyspace/access-clock.js";
import { BatchApplication, type MissingRecord } from "#torus/keyspace/batch-application.js";
import { Keyspace } from "#torus/keyspace/keyspace.js";
import { KeyspaceDump } from "#torus/keyspace/keyspace-dump.js";
import { dropKey } from "#torus/keyspace/slot-eraser.js";
import { CommandRunner } from "./command-runner.js";
import { SMALL_LIMITS } from "./hash-fields.js";
import { stateOf } from "./keyspace-contents.js";
import { CLUSTER_PORT, nodeIdOf, SimPeers } from "./sim-peers.js";

const DIRECTORY = "data";
const SEGMENT_BYTES = 2 ** 16;
/** Nothing is told in pieces, which do not merge. */
const WHOLE = { pieceBytes: 2 ** 29, fields: 2 ** 29 };

export interface SimReplicaOptions {
  readonly appendonly?: boolean;
  readonly appendfsync?: "always" | "everysec" | "no";
  /** Of the local stream, and of all that is received. */
  readonly backlogBytesMax?: number;
  readonly receivedBytesMax?: number;
  /** The slots that it owns; all if left out. */
  readonly own?: () => SlotSet;
  /** What it answers beside what it receives. */
  readonly services?: ReadonlyMap<string, Service>;
}

/** What of a node has to do with copies: it executes commands, ships what they did, and receives what others did. */
export class SimReplica {
  readonly shipping: Shipping;
  readonly receiver: Receiver;
  readonly #runner: CommandRunner;
  /** Shippers that found that their owner lacks something. */
  readonly gapped = new Set<Shipper>();
  readonly repairs: Repairs;
  readonly #missingRecords: MissingRecords;
  readonly past: OwnPast;
  /** Those with whom copies were to be compared for what this node executed in an earlier life. */
  readonly comparedPast = new Set<string>();
  /** What it knows of itself: see `RepairsOptions`. */
  isWhole = true;
  #services = new Map<string, Service>();
  /** Of the local stream, for the rest of the time. */
  backlogBytesMax: number;
  isShared = (_nodeId: string, _slot: number): boolean => true;

  private constructor(
    readonly world: World,
    readonly host: SimHost,
    readonly config: ConfigStore,
    readonly keyspace: Keyspace,
    readonly persistence: Persistence,
    readonly boot: number,
    readonly peers: SimPeers,
    receiver: Receiver,
    /** Records that were missing in what was merged by no link, and those that could not be fetched, and from whom. */
    readonly missing: { readonly place: KeyPlace; readonly nodeId: string }[],
    { backlogBytesMax = 2 ** 26 }: SimReplicaOptions,
  ) {
    this.receiver = receiver;
    this.backlogBytesMax = backlogBytesMax;
    this.#runner = new CommandRunner(keyspace, SMALL_LIMITS);
    this.shipping = new Shipping({
      host,
      peers: peers.peers,
      stream: persistence.stream,
      backlogBytesMax: () => this.backlogBytesMax,
      earlier: () => persistence.earlier,
      events: {
        progressed() {},
        heard() {},
        gapped: (shipper) => this.gapped.add(shipper),
        continued: ({ nodeId }) => this.past.get(nodeId, persistence.earlier!),
      },
    });
    this.past = new OwnPast({
      nodeId: this.nodeId,
      timers: host.timers,
      peers: peers.peers,
      receiver,
      slots: () => null,
      repair: (nodeId) => {
        this.comparedPast.add(nodeId);
        return Promise.resolve(true);
      },
      settled() {},
    });
    this.repairs = new Repairs({
      host,
      selfId: this.nodeId,
      peers: peers.peers,
      keyspace,
      limits: () => SMALL_LIMITS,
      persistence,
      isShared: (nodeId, slot) => this.isShared(nodeId, slot),
      isWhole: () => this.isWhole,
      isServing: () => true,
    });
    this.#missingRecords = new MissingRecords({
      host,
      keyspace,
      pull: (...wanted) => this.repairs.pullRecords(...wanted),
      othersOf: () =>
        [...this.shipping.shippers]
          .map(({ nodeId }) => nodeId)
          .filter((nodeId) => peers.peers.linkTo(nodeId)?.isUp),
    });
  }

  /** Starts a node, or starts it again after a crash. Its origin follows from its name, which is one letter. */
  static async start(world: World, name: string, options: SimReplicaOptions = {}): Promise<SimReplica> {
    const { appendonly = true, appendfsync = "everysec", receivedBytesMax } = options;
    const host = world.host(name);
    const directory = await world.complete(DataDirectory.open(host, DIRECTORY));
    const { boot } = directory.facts;
    const prng = new Prng(name);
    const seed = new Prng("the seed of the cluster");
    const keyspace = new Keyspace({
      databases: 2,
      origin: name.charCodeAt(0),
      clock: new HybridClock(),
      access: new AccessClock(() => prng.uint32()),
      seedWord: () => seed.uint32(),
    });
    keyspace.keepTombstones = true;
    keyspace.boot = boot;
    const config = new ConfigStore(
      makeConfig({
        dir: DIRECTORY,
        databases: "2",
        appendonly: appendonly ? "yes" : "no",
        appendfsync,
      }),
    );
    const persistence = new Persistence({
      host,
      config,
      keyspace,
      directory,
      takeDirectory: () => Promise.resolve(directory),
      logSegmentBytes: SEGMENT_BYTES,
    });
    await world.complete(persistence.start());
    const missing: SimReplica["missing"] = [];
    const receiver = new Receiver({
      clock: host.clock,
      timers: host.timers,
      log: host.log,
      checksum: host.checksum,
      boot,
      keyspace,
      limits: () => SMALL_LIMITS,
      persistence,
      bring: (nodeId, records) => replica.#bring(nodeId, records),
      takenFrom: () => 0,
      ...(receivedBytesMax === undefined ? {} : { backlogBytesMax: receivedBytesMax }),
      ...(options.own === undefined ? {} : { own: options.own }),
    });
    const services = new Map<string, Service>([...receiver.services, ...(options.services ?? [])]);
    const peers = await SimPeers.start(world, name, { boot, services });
    const replica: SimReplica = new SimReplica(
      world,
      host,
      config,
      keyspace,
      persistence,
      boot,
      peers,
      receiver,
      missing,
      options,
    );
    replica.#services = services;
    replica.#serve(replica.repairs.services);
    return replica;
  }

  async #bring(nodeId: string, records: readonly MissingRecord[]): Promise<boolean> {
    const areHere = await this.#missingRecords.bring(nodeId, records);
    if (!areHere) this.missing.push(...records.map((place) => ({ place, nodeId })));
    return areHere;
  }

  get name(): string {
    return this.host.name;
  }

  get nodeId(): string {
    return nodeIdOf(this.name);
  }

  /** Links with other nodes, up or not, and ships to them: all, or what concerns the slots that are given. */
  shipTo(names: readonly string[], slots: readonly number[] | null = null): void {
    for (const name of names) this.meet(name);
    this.shipping.setOwners(new Map(names.map((name) => [nodeIdOf(name), slots])));
  }

  /** Begins to collect what remains of slots, and to answer those who do. */
  startCollection(standing: SlotStanding): Collection {
    const { host, keyspace, persistence, peers } = this;
    const limits = () => SMALL_LIMITS;
    const collection = new Collection({ host, keyspace, limits, peers: peers.peers, persistence, standing });
    this.#serve(collection.services);
    return collection;
  }

  #serve(services: ReadonlyMap<string, Service>): void {
    for (const [name, answer] of services) this.#services.set(name, answer);
  }

  /** Links with another node. */
  meet(name: string): void {
    const { peers } = this.peers;
    const nodeId = nodeIdOf(name);
    peers.add({ number: peers.numberOf(nodeId), nodeId, host: name, port: CLUSTER_PORT });
  }

  shipperTo(name: string): Shipper {
    const shipper = this.shipping.shipper(nodeIdOf(name));
    if (shipper === undefined) throw new Error(`${this.name} does not ship to ${name}`);
    return shipper;
  }

  /** How far this node is with what another one executed in its newest life that is known here. */
  positionOf(name: string) {
    return this.receiver.positions().findLast(({ nodeId }) => nodeId === nodeIdOf(name));
  }

  /** Executes commands as one transaction. */
  execute(...commands: readonly (readonly string[])[]): void {
    this.perform(0, commands);
  }

  perform(database: number, commands: readonly (readonly string[])[]): void {
    const { keyspace } = this;
    keyspace.tick(this.host.clock.wallMs());
    for (const words of commands) {
      keyspace.select(database);
      this.#runner.execute(...words);
    }
    this.#runner.takeReplies();
    keyspace.journal?.ended();
  }

  /** The reply of a command, as transcripts write it. */
  ask(...words: readonly string[]): string {
    this.keyspace.tick(this.host.clock.wallMs());
    this.keyspace.select(0);
    const reply = this.#runner.run(...words);
    this.keyspace.journal?.ended();
    return reply;
  }

  /** Up to where the local stream must have arrived for the last write of a key to have. */
  positionOfKey(key: string): number {
    return this.persistence.stream.localPositionOf(slotOf(Buffer.from(key), 0, key.length));
  }

  /** What had this key has it no more, and nothing tells of it. */
  lose(key: string): void {
    this.keyspace.select(0);
    dropKey(this.keyspace, Buffer.from(key));
  }

  configure(name: string, value: string): void {
    const { kind } = this.config.set([[name, value]]);
    if (kind !== "set") throw new Error(`${name} cannot be ${value}`);
  }

  /** Merges all that another node has, by no link: what the repair of copies comes to. */
  mergeAllOf(other: SimReplica): void {
    this.#merge((writer) => {
      const dump = new KeyspaceDump(other.keyspace, WHOLE);
      while (dump.next(writer, Number.POSITIVE_INFINITY));
    });
  }

  /** Merges from others the records that it found missing. */
  fetchMissing(others: readonly SimReplica[]): void {
    for (const { place } of this.missing.splice(0)) {
      for (const { keyspace } of others) {
        const database = keyspace.databases[place.db]!;
        const state = stateOf(keyspace, database, Buffer.from(place.key).toString("latin1"));
        if (state !== undefined)
          this.#merge((writer) => writeDelta(writer, { kind: "record", ...place, state }));
      }
    }
  }

  #merge(write: (writer: ByteWriter) => void): void {
    const { keyspace, host, missing } = this;
    const { checksum } = host;
    const writer = new ByteWriter({ bytesMax: 2 ** 30 });
    const batch = beginBatch(writer);
    const emptyBytes = writer.length;
    write(writer);
    if (writer.length === emptyBytes) return;
    endBatch(writer, batch);
    keyspace.tick(host.clock.wallMs());
    const application = new BatchApplication({
      keyspace,
      limits: () => SMALL_LIMITS,
      checksum,
      incomplete: (place) => missing.push({ place, nodeId: "" }),
    });
    const problem = application.apply(writer.written());
    if (problem !== undefined) throw new Error(problem);
  }

  /** Asks another node for what it has received of a life of a third one, from where this node is. */
  async pull(
    world: World,
    {
      from,
      of,
      boot,
      slots = null,
    }: { from: string; of: string; boot: number; slots?: readonly number[] | null },
  ): Promise<PullOutcome> {
    const nodeId = nodeIdOf(of);
    const { applied } = this.receiver.position(nodeId, boot)!;
    const link = this.peers.peers.linkTo(nodeIdOf(from))!;
    const ask = link.ask.bind(link);
    return world.complete(
      this.receiver.pull({ nodeId, boot, owner: nodeIdOf(from), from: applied, slots, ask }),
    );
  }
}
