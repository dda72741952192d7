/** The nodes of a simulated cluster, as whole nodes: started, crashed, started again on what their disks kept, taken in and let go. */
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { Cluster, type ClusterOptions } from "#torus/cluster/cluster.js";
import type { ClusterView } from "#torus/cluster/cluster-view.js";
import { type ConfigValues, makeConfig } from "#torus/config/config.js";
import type { World } from "#torus/host/sim/world.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { type RunningNode, runNode } from "#torus/node.js";
import { pairsOf } from "../../support/pairs-of.js";
import type { Chronicle } from "./chronicle.js";

export const NODE_PORT = 6379;
const CLUSTER_PORT = 16_379;
const FOUNDER = "n1";
const SEGMENT_BYTES = 64 * 1024;
/** Lines of a node's log that are shown when a promise is broken. */
const LOG_LINES_SHOWN = 8;

/**
 * - `starting` and `running`;
 * - `leaving`: asked to, and still serving; `left`: gone for good;
 * - `down`: crashed, with what the disk kept.
 */
type State = "starting" | "running" | "leaving" | "left" | "down";

interface Node {
  readonly name: string;
  state: State;
  /** It may not remember the others: it was asked to leave, or lost its disk. */
  needsSeeds: boolean;
  running: RunningNode | undefined;
  /** Undefined until it starts for the first time. */
  interior: Interior | undefined;
  /** Tells the lives of the process apart. */
  life: number;
}

/** What clients do not see of a node. */
export interface Interior {
  readonly nodeId: string;
  readonly keyspace: Keyspace;
  readonly view: ClusterView;
}

export interface FleetOptions {
  readonly world: World;
  readonly chronicle: Chronicle;
  readonly config: ConfigValues;
  /** A node stopped by itself, or could not start. */
  readonly broken: (error: unknown) => void;
}

export class Fleet {
  readonly #options: FleetOptions;
  readonly #nodes = new Map<string, Node>();
  /** Ids of nodes whose disks were lost. */
  readonly #wiped: string[] = [];
  #named = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Those that clients may connect to. */
  get serving(): readonly string[] {
    return this.#in("running", "leaving");
  }

  /** Members that have not been asked to leave. */
  get staying(): readonly string[] {
    return this.#in("running", "starting", "down");
  }

  isStaying(name: string): boolean {
    return this.staying.includes(name);
  }

  get down(): readonly string[] {
    return this.#in("down");
  }

  /** Those whose process runs. */
  get alive(): readonly string[] {
    return this.#in("starting", "running", "leaving");
  }

  get isChanging(): boolean {
    return this.#in("leaving", "starting").length > 0;
  }

  runningNode(name: string): RunningNode {
    return this.#nodes.get(name)!.running!;
  }

  /** Undefined of a node that starts for the first time. */
  interiorOf(name: string): Interior | undefined {
    return this.#nodes.get(name)!.interior;
  }

  /** What the node of an id is called, or the id if it is none of these. */
  nameOf(id: string): string {
    const node = [...this.#nodes.values()].find(({ interior }) => interior?.nodeId === id);
    return node?.name ?? id;
  }

  /** Whether all that are to stay run, and share the slots as each of them knows it, with no change under way. */
  get isSettled(): boolean {
    const { staying } = this;
    const ids = new Set(staying.map((name) => this.interiorOf(name)?.nodeId));
    return staying.every((name) => {
      const { running, interior } = this.#nodes.get(name)!;
      const placement = interior?.view.placement;
      if (running === undefined || placement === undefined || placement.change !== null) return false;
      return placement.members.length === ids.size && placement.members.every(({ id }) => ids.has(id));
    });
  }

  /** Whether nodes whose disks were lost still belong to the cluster, as one of the others knows it. */
  get hasLost(): boolean {
    return this.serving.some((name) => this.#lostBy(name).length > 0);
  }

  /** A new node, which looks for the others; the first one founds the cluster. */
  add(): string {
    const name = `n${++this.#named}`;
    const fresh = { needsSeeds: false, running: undefined, interior: undefined, life: 0 };
    this.#nodes.set(name, { name, state: "down", ...fresh });
    this.start(name);
    return name;
  }

  /** Starts a node that is down. Whether it could is heard of later. */
  start(name: string): void {
    const { world, chronicle, broken } = this.#options;
    const node = this.#nodes.get(name)!;
    const life = ++node.life;
    node.state = "starting";
    chronicle.note(`${name} starts`);
    const starting = runNode({
      host: world.host(name),
      config: makeConfig({
        bind: "0.0.0.0",
        port: NODE_PORT,
        protectedMode: "no",
        clusterEnabled: "yes",
        replicationFactor: 1,
        clusterAnnounceIp: name,
        nodeName: name,
        join: this.#seedsOf(node),
        dir: "data",
        ...this.#options.config,
      }),
      configFile: "",
      logSegmentBytes: SEGMENT_BYTES,
      // At once: the world does not wait for code to be loaded.
      loadCluster: async () => ({ Cluster: observed((interior) => (node.interior = interior)) }),
      stopped: (error) => this.#stopped(node, life, error),
    });
    starting.then(
      (running) => {
        if (node.life !== life) return;
        node.running = running;
        if (node.state === "starting") node.state = "running";
        chronicle.note(`${name} runs`);
      },
      (error) => {
        if (node.life === life) broken(error);
      },
    );
  }

  crash(name: string, powerLoss: boolean): void {
    const { world, chronicle } = this.#options;
    const node = this.#nodes.get(name)!;
    node.life++;
    node.running = undefined;
    node.state = "down";
    chronicle.note(`${name} crashes${powerLoss ? ", without power" : ""}`);
    world.crash(name, { powerLoss });
  }

  /** Crashes a node and loses its disk: what starts there next is another node. */
  wipe(name: string): void {
    const { world, chronicle } = this.#options;
    const node = this.#nodes.get(name)!;
    this.crash(name, false);
    chronicle.note(`${name} loses its disk`);
    world.wipe(name);
    node.needsSeeds = true;
    if (node.interior !== undefined) this.#wiped.push(node.interior.nodeId);
  }

  /** Asks a node to take those out of the cluster that are gone for good. It may refuse, and it may crash before it has begun. */
  forgetLost(by: string): void {
    const { chronicle } = this.#options;
    for (const id of this.#lostBy(by)) {
      this.runningNode(by)
        .client.call("TORUS", "FORGET", id)
        .then(
          () => chronicle.note(`${by} forgets ${id}`),
          (error: Error) => chronicle.note(`${by} does not forget ${id}: ${error.message}`),
        );
    }
  }

  /** Those gone for good that a node still counts among the members. */
  #lostBy(name: string): readonly string[] {
    const members = this.interiorOf(name)?.view.placement?.members ?? [];
    return this.#wiped.filter((lost) => members.some(({ id }) => id === lost));
  }

  /** Asks a node to hand its slots over and go. A refusal makes it stay. */
  leave(name: string): void {
    const { chronicle } = this.#options;
    const node = this.#nodes.get(name)!;
    const { life } = node;
    node.state = "leaving";
    node.needsSeeds = true;
    chronicle.note(`${name} is asked to leave`);
    node.running!.client.call("TORUS", "LEAVE").then(
      () => chronicle.note(`${name} has handed over`),
      (error: Error) => {
        if (node.life !== life || node.state !== "leaving") return;
        node.state = "running";
        chronicle.note(`${name} stays: ${error.message}`);
      },
    );
  }

  /** Why the cluster is not yet as it is to be: all that stay share the slots, know it, and nothing is changing. Undefined if it is. */
  async unsettled(): Promise<string | undefined> {
    const names = this.#in("running");
    if (names.length < this.staying.length || this.isChanging) return `${this}`;
    let first: string | undefined;
    for (const name of names) {
      const missing = await this.#missing(name);
      if (missing !== undefined) return `${name}: ${missing}`;
      const ring = await this.#ringOf(name);
      first ??= ring.text;
      if (ring.text !== first)
        return `${name} sees another ring than ${names[0]}: ${ring.text}, not ${first}`;
      const owners = [...ring.names].sort().join(" ");
      if (owners !== [...names].sort().join(" ")) return `${name} says that these own slots: ${owners}`;
      if (ring.slots !== SLOT_COUNT) return `${name} says that ${ring.slots} slots are executed`;
    }
    return undefined;
  }

  async close(): Promise<void> {
    const all = [...this.#nodes.values()].map(({ running }) => running?.close());
    await this.#options.world.complete(Promise.all(all));
  }

  /** States, and what the nodes logged last. */
  toString(): string {
    return [...this.#nodes.values()].map(({ name, state }) => `${name} ${state}`).join(", ");
  }

  logs(): string {
    const { world } = this.#options;
    const lines = [...this.#nodes.keys()].map((name) => {
      const shown = world.host(name).log.lines.slice(-LOG_LINES_SHOWN);
      return shown.map(
        ({ level, message, values }) => `${name} ${level} ${message} ${JSON.stringify(values)}`,
      );
    });
    return lines.flat().join("\n");
  }

  /** Addresses of the others, as an operator keeps them; the founder is told of none while it is to stay: it remembers them. */
  #seedsOf({ name, needsSeeds }: Node): string {
    if (name === FOUNDER && !needsSeeds) return "";
    const others = [...this.#nodes.values()].filter((other) => other.name !== name && other.state !== "left");
    return others.map((other) => `${other.name}:${CLUSTER_PORT}`).join(" ");
  }

  #in(...states: readonly State[]): readonly string[] {
    return [...this.#nodes.values()].filter(({ state }) => states.includes(state)).map(({ name }) => name);
  }

  #stopped(node: Node, life: number, error: unknown): void {
    const { chronicle, broken } = this.#options;
    if (node.life !== life) return;
    if (error !== undefined || node.state !== "leaving") {
      broken(error ?? new Error(`${node.name} stopped by itself`));
      return;
    }
    chronicle.note(`${node.name} has left`);
    node.state = "left";
    const { running } = node;
    node.running = undefined;
    node.life++;
    void running?.close();
  }

  async #missing(name: string): Promise<string | undefined> {
    const { change, missing, lifecycle } = pairsOf(await this.#ask(name, "STATUS"));
    if (change !== null) return "a change of owners is under way";
    const reasons = missing as readonly string[];
    if (reasons.length > 0) return reasons.join("; ");
    return lifecycle === "active" ? undefined : `it is ${lifecycle}`;
  }

  async #ringOf(name: string): Promise<{ text: string; names: ReadonlySet<unknown>; slots: number }> {
    const ranges = (await this.#ask(name, "RING")) as readonly [number, number, string, string][];
    return {
      text: ranges.map(([first, last, , owner]) => `${first}-${last} ${owner}`).join(", "),
      names: new Set(ranges.map(([, , , owner]) => owner)),
      slots: ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0),
    };
  }

  #ask(name: string, what: "STATUS" | "RING"): Promise<unknown> {
    return this.#options.world.complete(this.runningNode(name).client.call("TORUS", what));
  }
}

/** The class of clusters, whose instances are told of. */
function observed(seen: (interior: Interior) => void): typeof Cluster {
  return new Proxy(Cluster, {
    construct(target, [options]: [ClusterOptions]) {
      const cluster = new target(options);
      seen({ nodeId: options.facts.nodeId, keyspace: options.keyspace, view: cluster.view });
      return cluster;
    },
  });
}
