/**
 * Nodes in a simulated world that join and leave while keys are written, crash, are cut off from each other and lose their links, and
 * in the end have to agree: who owns what, and that every key is what its last acknowledged write made it. Of writes that nobody
 * acknowledged before a crash either is right, the state before or after.
 */
import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { SLOT_COUNT, slotOf } from "#torus/base/key-hash.js";
import { HELD } from "#torus/cluster/slot-routes.js";
import type { ConfigValues } from "#torus/config/config.js";
import type { World } from "#torus/host/sim/world.js";
import { notate } from "../support/notation.js";
import { SimOwner } from "../support/sim-owner.js";
import { worldOf } from "../support/world.js";

export const NAMES = ["a", "b", "c", "d", "e"];
const DATABASES = [0, 1];
const HOPS_MAX = 2;
const SETTLED_WITHIN_MS = 180_000;
/** Keys of one tag lie in one slot. */
export const GROUPS = Array.from({ length: 10 }, (_, i) =>
  ["a", "b", "c"].map((name) => `{tag ${i}}${name}`),
);

/** What a key may be found as: the first was acknowledged, the others were not. */
interface Known {
  states: { readonly text: string; readonly vanishes: boolean }[];
}

const ABSENT = { text: "none", vanishes: false };

/** Nodes, the faults of their world, and what is known of the keys that were written through them. */
export class Owners {
  readonly world: World;
  readonly nodes = new Map<string, SimOwner>();
  readonly #config: ConfigValues;
  readonly #cut = new Set<string>();
  readonly #known = new Map<string, Known>();
  /** The versions of the routes when they were last looked at. */
  #checked = "";

  constructor(seed: number | string, config: ConfigValues = {}) {
    this.world = worldOf(seed);
    this.#config = config;
  }

  /** Starts a node, for the first time or again. The first of all founds the cluster. */
  async start(
    name: string,
    { founds = false, keys = [] }: { founds?: boolean; keys?: readonly string[] } = {},
  ): Promise<SimOwner> {
    const isAlive = (id: string) => this.#reaches(name, id);
    const node = await this.world.complete(
      SimOwner.start(this.world, name, { config: this.#config, isAlive, keys }),
    );
    this.nodes.set(name, node);
    for (const other of NAMES) if (other !== name) node.meet(other);
    node.ownership.start();
    if (founds) node.ownership.found();
    this.#livesChanged();
    return node;
  }

  crash(name: string, powerLoss: boolean): void {
    this.nodes.delete(name);
    this.world.crash(name, { powerLoss });
    this.#livesChanged();
  }

  /** Nobody reaches the node, nor the node anybody. */
  cutOff(name: string): void {
    this.#cut.add(name);
    this.world.partition(
      [name],
      NAMES.filter((other) => other !== name),
    );
    this.#livesChanged();
  }

  heal(): void {
    this.#cut.clear();
    this.world.heal();
    this.#livesChanged();
  }

  /** Everybody tells everybody the newest placement. */
  gossip(): void {
    for (const one of this.nodes.values()) {
      for (const other of this.nodes.values()) {
        const { state } = one.ownership;
        if (!this.#reaches(one.name, other.id) || state.version <= other.ownership.state.version) continue;
        other.ownership.state.offer(state.version, state.bytes(), one.id);
      }
    }
  }

  async advance(ms: number): Promise<void> {
    await this.world.advance(ms);
    this.gossip();
    this.#expectOneExecutor();
  }

  /** Runs until something is the case. */
  async when(isSo: () => boolean): Promise<void> {
    const endMs = this.world.nowMs + SETTLED_WITHIN_MS;
    while (!isSo()) {
      if (this.world.nowMs > endMs) throw new Error(`not in time: ${this.#shown()}`);
      await this.world.advance(1);
      this.gossip();
    }
  }

  /** Runs until the promise is fulfilled. */
  async until<Value>(promise: Promise<Value>): Promise<Value> {
    let isOver = false;
    void promise.finally(() => {
      isOver = true;
    });
    await this.when(() => isOver);
    return promise;
  }

  /** Runs until all agree, nobody changes owners, all that run are members, and nobody keeps what is others'. */
  async settle(): Promise<void> {
    const endMs = this.world.nowMs + SETTLED_WITHIN_MS;
    while (!this.#isSettled()) {
      if (this.world.nowMs > endMs) throw new Error(`not settled: ${this.#shown()}`);
      await this.advance(100);
    }
  }

  /** A client's command for keys of one group, by any node. False if it could not be executed now. */
  write(entry: string, database: number, ...args: readonly (string | number)[]): boolean {
    const group = GROUPS.find((keys) => keys.includes(String(args[1])))!;
    const executor = this.#executorFor(entry, slotOfKey(group[0]!));
    const bytes = args.reduce((sum: number, arg) => sum + String(arg).length, 0);
    if (executor === undefined || !executor.persistence.hasRoomFor(bytes)) return false;
    this.#look(executor, group);
    executor.run(database, ...args);
    this.#changed(executor, group);
    return true;
  }

  /** FLUSHALL, at all nodes at once. */
  flushAll(): void {
    const nodes = [...this.nodes.values()];
    for (const known of this.#known.values()) known.states.push(ABSENT);
    for (const node of nodes) {
      node.run(0, "FLUSHALL");
    }
    void Promise.all(nodes.map((node) => node.lasts())).then(() => {
      for (const known of this.#known.values()) {
        const at = known.states.indexOf(ABSENT);
        if (at > 0) known.states.splice(0, at);
      }
    });
  }

  /** The only node that had these is gone for good. */
  lose(groups: readonly (readonly string[])[]): void {
    for (const key of groups.flat()) {
      for (const database of DATABASES) this.#knownOf(database, key).states = [ABSENT];
    }
  }

  /** All keys are where they belong and what they may be, and nobody has others. */
  judge(): void {
    let keys = 0;
    for (const group of GROUPS) {
      const slot = slotOfKey(group[0]!);
      const executors = [...this.nodes.values()].filter((node) => node.executes(slot));
      expect(executors.length, `executors of slot ${slot}`).equal(1);
      for (const node of this.nodes.values()) {
        expect(this.#executorFor(node.name, slot), `as ${node.name} sees it`).equal(executors[0]);
      }
      keys += this.#look(executors[0]!, group);
    }
    const counted = [...this.nodes.values()].reduce((sum, { keyspace }) => sum + keyspace.size, 0);
    expect(counted, "keys counted by all nodes together").equal(keys);
  }

  // ---- Keys ----

  /** Holds what an executor has of a group to what may be. Answers how many keys there are. */
  #look(executor: SimOwner, group: readonly string[]): number {
    let keys = 0;
    for (const database of DATABASES) {
      for (const key of group) {
        const known = this.#knownOf(database, key);
        const text = stateAt(executor, database, key);
        if (text !== "none") keys++;
        const at = known.states.findLastIndex((state) => state.text === text);
        const hasVanished = at < 0 && text === "none" && known.states.some(({ vanishes }) => vanishes);
        if (at < 0 && !hasVanished) {
          const permitted = known.states.map((state) => state.text).join(" | ");
          throw new Error(`${database}:${key} at ${executor.name} is ${text}, not ${permitted}`);
        }
        // What came later is lost for good.
        if (hasVanished) known.states = [ABSENT];
        else if (at < known.states.length - 1) known.states = [known.states[at]!];
      }
    }
    return keys;
  }

  /** Notes what a command made of a group, until it lasts as one of those that may be. */
  #changed(executor: SimOwner, group: readonly string[]): void {
    for (const database of DATABASES) {
      for (const key of group) {
        const known = this.#knownOf(database, key);
        const text = stateAt(executor, database, key);
        const vanishes = executor.run(database, "PTTL", key) !== "-1" && text !== "none";
        const last = known.states.at(-1)!;
        if (last.text === text && last.vanishes === vanishes) continue;
        const state = { text, vanishes };
        known.states.push(state);
        void executor.lasts().then(() => {
          const at = known.states.indexOf(state);
          if (at > 0) known.states.splice(0, at);
        });
      }
    }
  }

  #knownOf(database: number, key: string): Known {
    const name = `${database}:${key}`;
    const known = this.#known.get(name) ?? { states: [ABSENT] };
    this.#known.set(name, known);
    return known;
  }

  #executorFor(entry: string, slot: number): SimOwner | undefined {
    let node = this.nodes.get(entry);
    for (let hop = 0; node !== undefined && hop <= HOPS_MAX; hop++) {
      if (node.executes(slot)) return node;
      const route = node.routes.of(slot);
      const id = route === HELD ? undefined : node.peers.peers.idOf(route);
      if (id === undefined || !this.#reaches(node.name, id)) return undefined;
      node = [...this.nodes.values()].find((other) => other.id === id);
    }
    return undefined;
  }

  // ---- Nodes ----

  #reaches(name: string, id: string): boolean {
    const other = [...this.nodes.values()].find((node) => node.id === id);
    if (other?.name === name) return true;
    return other !== undefined && !this.#cut.has(name) && !this.#cut.has(other.name);
  }

  #livesChanged(): void {
    for (const { ownership } of this.nodes.values()) ownership.membersChanged();
  }

  #expectOneExecutor(): void {
    const nodes = [...this.nodes.values()];
    const versions = nodes.map(({ name, routes }) => `${name} ${routes.version}`).join();
    if (versions === this.#checked) return;
    this.#checked = versions;
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      let executors = 0;
      for (const node of nodes) if (node.executes(slot)) executors++;
      if (executors > 1) throw new Error(`${executors} nodes execute for slot ${slot}: ${this.#shown()}`);
    }
  }

  #isSettled(): boolean {
    const nodes = [...this.nodes.values()];
    const ids = nodes.map(({ id }) => id).sort();
    const [first] = nodes;
    const placement = first?.ownership.placement;
    if (placement === undefined || placement.change !== null) return false;
    const memberIds = placement.members.map(({ id }) => id).sort();
    if (memberIds.join() !== ids.join()) return false;
    return nodes.every(({ ownership, keyspace, routes }) => {
      if (ownership.state.version !== placement.epoch || ownership.placement!.by !== placement.by)
        return false;
      return keyspace.databases.every(({ index }) => {
        return routes.bySlot.every(
          (route, slot) => route !== HELD && (route === 0 || index.count(slot) === 0),
        );
      });
    });
  }

  #shown(): string {
    return [...this.nodes.values()]
      .map(({ name, ownership, routes, keyspace }) => {
        const { placement, change } = ownership;
        const held = routes.bySlot.filter((route) => route === HELD).length;
        const own = routes.bySlot.filter((route) => route === 0).length;
        const { epoch, by, members } = placement ?? {};
        const ids = members?.map(({ id }) => Buffer.from(id, "hex").toString()[0]).join("");
        const node = placement?.change && Buffer.from(placement.change.node.id, "hex").toString()[0];
        const under = `${placement?.change?.kind} ${node} ${placement?.change?.phase}`;
        const others = routes.bySlot.reduce((sum, route, slot) => {
          const count = keyspace.databases.reduce((all, { index }) => all + index.count(slot), 0);
          return route === 0 ? sum : sum + count;
        }, 0);
        return `${name}: ${others} records of others, ${epoch} by ${by?.slice(0, 2)} of ${ids}, ${under}, ${JSON.stringify(change)}, own ${own}, held ${held}`;
      })
      .join("; ");
  }
}

export function slotOfKey(key: string): number {
  const bytes = Buffer.from(key, "latin1");
  return slotOf(bytes, 0, bytes.length);
}

/** What clients see of a key, as text to compare. */
function stateAt(node: SimOwner, database: number, key: string): string {
  const type = node.run(database, "TYPE", key);
  if (type.includes("none")) return "none";
  if (type.includes("hash")) return fieldsAt(node, database, key);
  const reply = node.ask(database, "GET", key);
  if (reply.kind !== "bulk") throw new Error("GET answers a string");
  return shown(reply.bytes);
}

/** The fields of a hash in the order of their names: nodes have them in orders of their own. */
function fieldsAt(node: SimOwner, database: number, key: string): string {
  const reply = node.ask(database, "HGETALL", key);
  if (reply.kind !== "array") throw new Error("HGETALL answers an array");
  const words = reply.items.map((item) => notate(item));
  const fields = words.flatMap((word, i) => (i % 2 === 0 ? [`${word}=${words[i + 1]}`] : []));
  return `${fields.length} fields, ${shown(Buffer.from(fields.sort().join()))}`;
}

function shown(bytes: Buffer): string {
  return bytes.length < 60
    ? bytes.toString("latin1")
    : `${bytes.length} bytes, crc ${crc32(bytes, 0, bytes.length)}`;
}
