import type { Collection } from "#torus/cluster/replication/collection.js";
import type { SlotStanding } from "#torus/cluster/replication/slot-assent.js";
import type { World } from "#torus/host/sim/world.js";
import { nodeIdOf } from "../../support/sim-peers.js";
import { SimReplica } from "../../support/sim-replica.js";
import { worldOf } from "../../support/world.js";
import { KEYS, slot } from "./owners.js";

/** `off`: nothing is logged. */
export type Appendfsync = "always" | "everysec" | "no" | "off";

/** Copies of slots that nodes keep, each of which executes for its share of the slots: what a cluster's node is composed of. */
export class CollectingFleet {
  readonly world: World;
  readonly running = new Map<string, SimReplica>();
  readonly collections = new Map<string, Collection>();
  placement = "1 a";
  /** Slots of which a node is not to say that it has all. */
  readonly doubted = new Set<string>();
  readonly #boots = new Map<string, number>();
  /** Pairs of nodes that are to compare all that they have since somebody died: by names, with how often that has happened. */
  readonly #unsettled = new Map<string, number>();
  #deaths = 0;

  constructor(
    name: string,
    readonly names: readonly string[],
    readonly appendfsync: Appendfsync = "everysec",
  ) {
    this.world = worldOf(name);
  }

  async start(name: string): Promise<SimReplica> {
    const { appendfsync } = this;
    const options = appendfsync === "off" ? { appendonly: false } : { appendfsync };
    const owner = await SimReplica.start(this.world, name, options);
    this.#boots.set(name, owner.boot);
    owner.isWhole = false;
    this.running.set(name, owner);
    owner.shipTo(this.#others(name));
    this.collections.set(name, owner.startCollection(this.#standing(owner)));
    for (const other of this.#others(name)) this.#unsettle(name, other);
    return owner;
  }

  async startAll(): Promise<SimReplica[]> {
    const all: SimReplica[] = [];
    for (const name of this.names) all.push(await this.start(name));
    for (let tries = 0; this.#unsettled.size > 0 && tries < 100; tries++) await this.advance(20);
    return all;
  }

  crash(name: string, powerLoss: boolean): void {
    if (!this.running.delete(name)) return;
    this.world.crash(name, { powerLoss });
    this.#deaths++;
    // What it had told only some of them.
    const left = this.#others(name);
    for (const one of left) for (const other of left) if (one < other) this.#unsettle(one, other);
  }

  /** The node that executes for a key. */
  executorOf(key: string): string {
    return this.#executorOf(slot(key));
  }

  /** Nodes that have caught up. */
  get ready(): SimReplica[] {
    return [...this.running.values()].filter(({ isWhole }) => isWhole);
  }

  async advance(ms: number): Promise<void> {
    await this.world.advance(ms);
    this.repair();
  }

  repair(): void {
    for (const owner of this.running.values()) {
      for (const shipper of owner.gapped) {
        const { gaps } = shipper.reach;
        owner.repairs.request(shipper.nodeId, SLOTS, () => shipper.repaired(gaps));
      }
      owner.gapped.clear();
    }
    for (const [pair, deaths] of this.#unsettled) {
      const [one, other] = pair.split(" ").map((name) => this.running.get(name));
      if (deaths === ASKED || one === undefined || other === undefined) continue;
      this.#unsettled.set(pair, ASKED);
      const died = this.#deaths;
      // Each side asks for itself, for neither may be whole.
      const isDone = [one, other].map(() => false);
      for (const [i, asker] of [one, other].entries()) {
        asker.repairs.request([other, one][i]!.nodeId, SLOTS, () => {
          isDone[i] = true;
          if (isDone.includes(false) || this.#unsettled.get(pair) !== ASKED) return;
          if (died !== this.#deaths) this.#unsettled.set(pair, this.#deaths);
          else this.#unsettled.delete(pair);
          for (const owner of [one, other]) owner.isWhole = this.#isSettled(owner.name);
        });
      }
    }
  }

  #others(name: string): string[] {
    return this.names.filter((other) => other !== name);
  }

  #executorOf(slot: number): string {
    return this.names[slot % this.names.length]!;
  }

  #unsettle(one: string, other: string): void {
    this.#unsettled.set([one, other].sort().join(" "), this.#deaths);
  }

  #isSettled(name: string): boolean {
    return [...this.#unsettled.keys()].every((pair) => !pair.split(" ").includes(name));
  }

  #standing(owner: SimReplica): SlotStanding {
    const others = this.#others(owner.name);
    const { stream } = owner.persistence;
    const fleet = this;
    return {
      get placement() {
        return fleet.placement;
      },
      coOwnersOf: () => others.map(nodeIdOf),
      isActing: (slot) => this.#executorOf(slot) === owner.name,
      positionOf: (slot) => stream.localPositionOf(slot),
      isKept: (slot, position) =>
        [...owner.shipping.shippers].every(({ reach }) => reach.isWhole && reach.keeps({ slot, position })),
      isInSync: () =>
        !this.doubted.has(owner.name) &&
        this.#isSettled(owner.name) &&
        others.every((name) => owner.receiver.isInSync(nodeIdOf(name), this.#boots.get(name)!)),
      isAbsent: () => false,
      canDoWithout: () => false,
      leaveOut: () => Promise.resolve(false),
      makeLast: () => owner.persistence.makeLast(),
    };
  }
}

/** In place of a number of deaths: a repair is under way. */
const ASKED = -1;
/** Of what is written once and deleted once. */
export const TAGS: readonly string[] = Array.from({ length: 12 }, (_, i) => `{tag ${i}}`);
export const SLOTS: readonly number[] = [...new Set([...KEYS, ...TAGS].map(slot))];
