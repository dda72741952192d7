/** Three nodes that own the same slots, and all faults of the world they live in: seeded runs, each of which ends in one state. */
import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import type { Shipper } from "#torus/cluster/replication/shipper.js";
import type { World } from "#torus/host/sim/world.js";
import { contentsOf } from "../../support/keyspace-contents.js";
import { nodeIdOf } from "../../support/sim-peers.js";
import { SimReplica, type SimReplicaOptions } from "../../support/sim-replica.js";
import { worldOf } from "../../support/world.js";
import { expectEqual, KEYS, slot, write } from "./owners.js";

const NAMES = ["a", "b", "c"] as const;

interface Scenario {
  readonly appendfsync: "always" | "everysec";
  /** Whether each key has one node that executes for it: else any does, as on both sides of a partition. */
  readonly isParted: boolean;
  readonly seed: number;
}

class Run {
  readonly #world: World;
  readonly #prng: Prng;
  readonly #options: SimReplicaOptions;
  readonly #isParted: boolean;
  readonly #owners = new Map<string, SimReplica>();
  /** Of each owner the slots that it ships to others; null for all. */
  readonly #slots = new Map<string, readonly number[] | null>();
  readonly #repairs: {
    readonly shipper: Shipper;
    readonly other: SimReplica;
    readonly gaps: number;
    readonly position: number;
  }[] = [];

  constructor({ appendfsync, isParted, seed }: Scenario) {
    const name = `convergence ${appendfsync} ${isParted} ${seed}`;
    this.#world = worldOf(name);
    this.#prng = new Prng(name);
    this.#isParted = isParted;
    const backlogBytesMax = this.#prng.below(2) === 0 ? 4000 : 2 ** 20;
    this.#options = { appendfsync, backlogBytesMax, receivedBytesMax: 20_000 };
  }

  async play(): Promise<void> {
    const prng = this.#prng;
    for (const name of NAMES) await this.#start(name);
    for (let step = 0; step < 60; step++) {
      for (const owner of this.#owners.values()) {
        const { name } = owner;
        const keys = this.#isParted ? KEYS.filter((_, i) => NAMES[i % NAMES.length] === name) : KEYS;
        write(owner, prng, { count: prng.below(12), valueBytes: 60, keys, expire: !this.#isParted });
      }
      await this.#happen();
      await this.#world.advance(prng.float() * 8);
      this.#expectAcknowledged();
      if (prng.below(3) === 0) this.#repairAll();
      this.#endRepairs();
    }
    this.#world.heal();
    for (const name of NAMES) if (!this.#owners.has(name)) await this.#start(name);
    for (const name of NAMES) this.#ship(name, null);
    await this.#world.advance(2000);
    await this.#exchange();
    this.#repairAll();
    await this.#world.advance(1000);
    this.#endRepairs();
    await this.#world.advance(1000);
    expectEqual(...this.#owners.values());
    for (const owner of this.#owners.values()) {
      for (const shipper of owner.shipping.shippers) {
        expect(shipper.reach.acknowledged).to.equal(owner.persistence.stream.localPosition);
        expect(shipper.lag).to.deep.equal({ bytes: 0, batches: 0, milliseconds: 0 });
      }
    }
  }

  async #start(name: string): Promise<void> {
    const owner = await SimReplica.start(this.#world, name, this.#options);
    this.#owners.set(name, owner);
    this.#ship(name, null);
  }

  #ship(name: string, slots: readonly number[] | null): void {
    this.#slots.set(name, slots);
    const others = NAMES.filter((other) => other !== name);
    this.#owners.get(name)?.shipTo(others, slots);
  }

  async #happen(): Promise<void> {
    const prng = this.#prng;
    const [one, other] = [NAMES[prng.below(3)]!, NAMES[prng.below(3)]!];
    switch (prng.below(14)) {
      case 0:
        if (this.#owners.delete(one)) this.#world.crash(one, { powerLoss: prng.below(2) === 0 });
        break;
      case 1:
      case 2:
        if (!this.#owners.has(one)) await this.#start(one);
        break;
      case 3:
        if (one !== other) this.#world.cut([one], [other]);
        break;
      case 4:
        if (one !== other) this.#world.partition([one], [other]);
        break;
      case 5:
      case 6:
        this.#world.heal();
        break;
      case 7:
      case 8:
        if (one !== other) this.#world.resetStreams(one, other);
        break;
      case 9: {
        const owner = this.#owners.get(one);
        if (owner !== undefined) owner.host.disk.faults.syncDelayMs = prng.below(2) * 30;
        break;
      }
      case 10:
      case 11: {
        const some = KEYS.filter(() => prng.below(3) > 0).map(slot);
        this.#ship(one, prng.below(2) === 0 ? null : some);
        break;
      }
      default:
    }
  }

  /** Of pairs of nodes that are both there: both ways, for who starts again may have lost what others have of its own. */
  #repairAll(): void {
    for (const owner of this.#owners.values()) {
      for (const shipper of owner.shipping.shippers) {
        const other = this.#running(shipper.nodeId);
        if (shipper.isWhole || shipper.state !== "shipping" || other === undefined) continue;
        owner.mergeAllOf(other);
        other.mergeAllOf(owner);
        const { position } = other.persistence;
        this.#repairs.push({ shipper, other, gaps: shipper.reach.gaps, position });
      }
    }
  }

  /** What a life that is over has shipped to some only: those tell the others, from memory if they still can. */
  async #exchange(): Promise<void> {
    for (const owner of this.#owners.values()) {
      for (const other of this.#owners.values()) {
        if (other === owner) continue;
        for (const { nodeId, boot, applied } of other.receiver.positions()) {
          const ours = owner.receiver.position(nodeId, boot);
          if (this.#running(nodeId)?.boot === boot || (ours?.isWhole && ours.applied >= applied)) continue;
          const of = NAMES.find((name) => nodeIdOf(name) === nodeId)!;
          const ask = { from: other.name, of, boot };
          const pulled = ours?.isWhole ? await owner.pull(this.#world, ask) : undefined;
          if (pulled?.kind !== "pulled" || !pulled.isWhole) owner.mergeAllOf(other);
        }
      }
    }
  }

  /** What was repaired counts when it lasts, if the node promises that to its clients. */
  #endRepairs(): void {
    for (const { shipper, other, gaps, position } of this.#repairs.splice(0)) {
      if (this.#running(other.nodeId) !== other) continue;
      const { gates, durablePosition } = other.persistence;
      if (!gates || durablePosition >= position) shipper.repaired(gaps);
      else this.#repairs.push({ shipper, other, gaps, position });
    }
  }

  #running(nodeId: string): SimReplica | undefined {
    return [...this.#owners.values()].find((owner) => owner.nodeId === nodeId);
  }

  /** What a node under `always` acknowledged it has, whatever happened to it since. */
  #expectAcknowledged(): void {
    if (this.#options.appendfsync !== "always" || !this.#isParted) return;
    for (const owner of this.#owners.values()) {
      const contents = contentsOf(owner.keyspace, KEYS);
      for (const other of this.#owners.values()) {
        if (other === owner) continue;
        const { reach } = owner.shipperTo(other.name);
        const slots = this.#slots.get(owner.name)!;
        const theirs = contentsOf(other.keyspace, KEYS);
        for (const key of KEYS) {
          const position = owner.positionOfKey(key);
          const isShipped = slots === null || slots.includes(slot(key));
          if (position === 0 || !isShipped || !reach.has({ slot: slot(key), position })) continue;
          const name = `0:${key}`;
          expect(theirs[name], `${other.name} has ${key} of ${owner.name}`).to.equal(contents[name]);
        }
      }
    }
  }
}

describe("nodes that own the same slots", () => {
  for (const appendfsync of ["always", "everysec"] as const) {
    for (const isParted of [true, false]) {
      const who = isParted ? "one node executes for each key" : "all execute for all keys";
      it(`come to hold the same when ${who} under ${appendfsync}, whatever happens meanwhile`, async () => {
        for (let seed = 0; seed < 5; seed++) {
          try {
            await new Run({ appendfsync, isParted, seed }).play();
          } catch (error) {
            throw new Error(`seed ${seed}: ${(error as Error).stack}`);
          }
        }
      });
    }
  }
});
