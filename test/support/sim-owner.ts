import { Prng } from "#torus/base/prng.js";
import { OwnHashSeed } from "#torus/cluster/own-hash-seed.js";
import { Ownership } from "#torus/cluster/ownership.js";
import { Replication } from "#torus/cluster/replication/replication.js";
import { HERE, SlotRoutes } from "#torus/cluster/slot-routes.js";
import { type ConfigValues, makeConfig } from "#torus/config/config.js";
import { ConfigStore } from "#torus/config/config-store.js";
import { HybridClock } from "#torus/delta/hybrid-clock.js";
import { DataDirectory } from "#torus/durability/data-directory.js";
import { Persistence } from "#torus/durability/persistence.js";
import type { SimHost } from "#torus/host/sim/sim-host.js";
import type { World } from "#torus/host/sim/world.js";
import { AccessClock } from "#torus/keyspace/access-clock.js";
import { Keyspace } from "#torus/keyspace/keyspace.js";
import { CommandRunner } from "./command-runner.js";
import { notate } from "./notation.js";
import type { Reply } from "./reply.js";
import { CLUSTER, nodeIdOf, SimPeers } from "./sim-peers.js";

export interface SimOwnerOptions {
  readonly config?: ConfigValues;
  readonly isAlive: (id: string) => boolean;
  /** That it has before it hears of a cluster. */
  readonly keys?: readonly string[];
}

/** What of a node has to do with owning slots: keys, a log, links, and no clients, no gossip. */
export class SimOwner {
  readonly id: string;
  readonly commands: CommandRunner;

  private constructor(
    readonly name: string,
    readonly host: SimHost,
    readonly keyspace: Keyspace,
    readonly persistence: Persistence,
    readonly routes: SlotRoutes,
    readonly peers: SimPeers,
    readonly ownership: Ownership,
  ) {
    this.id = nodeIdOf(name);
    this.commands = new CommandRunner(keyspace);
  }

  /** One letter a node. What its machine kept is read again. */
  static async start(
    world: World,
    name: string,
    { config, isAlive, keys = [] }: SimOwnerOptions,
  ): Promise<SimOwner> {
    const host = world.host(name);
    const store = new ConfigStore(
      makeConfig({
        dir: "data",
        databases: "2",
        appendonly: "yes",
        appendfsync: "always",
        replicationFactor: 1,
        ...config,
      }),
    );
    const { dir } = store.current;
    const directory = await DataDirectory.open(host, dir);
    const seed = Prng.fromState(directory.facts.hashSeed);
    const keyspace = new Keyspace({
      databases: store.current.databases,
      origin: directory.facts.origin,
      clock: new HybridClock(),
      access: new AccessClock(() => host.random.uint32()),
      seedWord: () => seed.uint32(),
    });
    keyspace.boot = directory.facts.boot;
    const persistence = new Persistence({
      host,
      config: store,
      keyspace,
      directory,
      takeDirectory: () => Promise.resolve(directory),
      logSegmentBytes: 256 * 1024,
    });
    const routes = new SlotRoutes();
    // Links are needed for ownership, and its services for links.
    const services = new Map<string, (body: Buffer, from: never) => never>();
    const peers = await SimPeers.listen(world, name, { services: services as never });
    const self = nodeIdOf(name);
    const replication: Replication = new Replication({
      host,
      selfId: self,
      boot: directory.facts.boot,
      keyspace,
      limits: () => store.current,
      persistence,
      peers: peers.peers,
      routes,
      isAlive,
      readinessOf: () => "ready",
      bootOf: () => undefined,
      backlogBytesMax: () => store.current.replBacklogSizeBytes,
      startWaitMs: () => store.current.clusterStartWaitMs,
      directory: undefined,
      tombstoneGraceMs: () => 0,
      absenceMsMax: 1000,
      routed: (slots) => ownership.reroute(slots),
      readied() {},
    });
    const ownership: Ownership = new Ownership({
      host,
      keyspace,
      limits: () => store.current,
      persistence,
      directory: dir,
      copies: store.current.replicationFactor,
      hashSeed: new OwnHashSeed({ keyspace, facts: directory.facts, directory }),
      boot: directory.facts.boot,
      replication,
      self: { id: self, weight: 1, zone: "", host: name },
      clusterId: () => CLUSTER,
      peers: peers.peers,
      routes,
      isAlive,
    });
    for (const [service, answer] of ownership.services) services.set(service, answer as never);
    await ownership.recall();
    await persistence.start();
    keyspace.tick(host.clock.wallMs());
    const commands = new CommandRunner(keyspace);
    for (const key of keys) commands.run("SET", key, key);
    ownership.loaded();
    return new SimOwner(name, host, keyspace, persistence, routes, peers, ownership);
  }

  /** Begins to link with another one. */
  meet(other: string): void {
    const { peers } = this.peers;
    this.peers.meetAt(peers.numberOf(nodeIdOf(other)), other);
  }

  executes(slot: number): boolean {
    return this.routes.of(slot) === HERE;
  }

  /** Runs a command on the spot; a batch of its own. */
  run(database: number, ...args: readonly (string | number)[]): string {
    return notate(this.ask(database, ...args));
  }

  ask(database: number, ...args: readonly (string | number)[]): Reply {
    const { keyspace } = this;
    keyspace.tick(this.host.clock.wallMs());
    keyspace.select(database);
    const reply = this.commands.ask(...args);
    keyspace.journal?.ended();
    return reply;
  }

  /** Resolves when what was written so far lasts; never if the node dies before. */
  async lasts(): Promise<void> {
    const { persistence } = this;
    const { position } = persistence;
    while (persistence.log !== null && persistence.durablePosition < position) {
      await new Promise<void>((resolve) => {
        const unsubscribe = persistence.subscribe(() => {
          unsubscribe();
          resolve();
        });
      });
    }
  }
}
