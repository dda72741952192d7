import { crc32 } from "#torus/base/crc32.js";
import { Pace } from "#torus/cluster/repair/pace.js";
import { Repair, type RepairEnd } from "#torus/cluster/repair/repair.js";
import { REPAIR_SERVICE } from "#torus/cluster/repair/repair-messages.js";
import type { RepairNode } from "#torus/cluster/repair/repair-node.js";
import { RepairService } from "#torus/cluster/repair/repair-service.js";
import type { KeyPlace } from "#torus/delta/delta.js";
import type { World } from "#torus/host/sim/world.js";
import { BatchApplication } from "#torus/keyspace/batch-application.js";
import { applyDelta } from "#torus/keyspace/delta-application.js";
import type { HashLimits } from "#torus/keyspace/hash-writer.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { openKey, smallKeyspace } from "../support/small-keyspace.js";
import { KEYS } from "../support/writing-commands.js";
import { SMALL_LIMITS } from "./hash-fields.js";
import { stateOf } from "./keyspace-contents.js";
import { RecordedKeyspace, type Step } from "./recorded-keyspace.js";
import { SimPeers } from "./sim-peers.js";

const NUMBER = 7;
export const ALL_SLOTS: readonly number[] = Array.from({ length: 16384 }, (_, slot) => slot);

export interface RepairOwnerOptions {
  readonly origin: number;
  readonly limits?: HashLimits;
  /** Of a message on its way to the service: false loses it. */
  readonly arrives?: (body: Buffer) => boolean;
}

/** A node that owns all slots with another, as far as repair goes. */
export class RepairOwner {
  readonly recorded: RecordedKeyspace;
  readonly application: BatchApplication;
  /** Keys whose record is to be fetched. */
  missing: KeyPlace[] = [];
  isWhole = true;
  isShared = (_slot: number): boolean => true;
  peers!: SimPeers;
  service!: RepairService;
  node!: RepairNode;
  /** Up to where the batches of the other one have been merged. */
  #read = 0;

  private constructor({ origin, limits = SMALL_LIMITS }: RepairOwnerOptions) {
    this.recorded = new RecordedKeyspace(smallKeyspace({ origin, keepTombstones: true }));
    this.application = new BatchApplication({
      keyspace: this.keyspace,
      limits: () => limits,
      checksum: crc32,
      incomplete: (place) => this.missing.push(place),
    });
  }

  static async start(world: World, name: string, options: RepairOwnerOptions): Promise<RepairOwner> {
    const owner = new RepairOwner(options);
    const { arrives = () => true } = options;
    const { clock, timers } = world.host(name);
    owner.node = {
      keyspace: owner.keyspace,
      timers,
      pace: new Pace({ clock, timers, pauseMs: () => 1 }),
      apply: (batches, mayTouch) => owner.application.apply(batches, mayTouch),
      isWhole: () => owner.isWhole,
    };
    owner.service = new RepairService({ ...owner.node, isShared: (_, slot) => owner.isShared(slot) });
    const answer = async (body: Buffer, { nodeId }: { nodeId: string }) => {
      if (!arrives(body)) await new Promise(() => {});
      return owner.service.answer(body, nodeId);
    };
    owner.peers = await SimPeers.start(world, name, { services: new Map([[REPAIR_SERVICE, answer]]) });
    return owner;
  }

  get keyspace(): Keyspace {
    return this.recorded.keyspace;
  }

  meet(other: RepairOwner): void {
    this.peers.meet(NUMBER, other.peers);
  }

  get link() {
    return this.peers.peers.link(NUMBER)!;
  }

  repair(slots: readonly number[] = ALL_SLOTS): Repair {
    const ask = (body: Uint8Array, timeoutMs: number) => this.link.ask(REPAIR_SERVICE, body, timeoutMs);
    return new Repair({ node: this.node, slots, ask });
  }

  /** Does steps. */
  perform(steps: readonly Step[]): void {
    for (const step of steps) this.recorded.perform(step);
  }

  /** Merges what the other one has done since this was called last. */
  hear(other: RepairOwner): void {
    const bytes = other.recorded.recorded();
    if (bytes.length === this.#read) return;
    const problem = this.application.apply(Buffer.from(bytes.subarray(this.#read)));
    if (problem !== undefined) throw new Error(problem);
    this.#read = bytes.length;
  }

  /** What the other one has done so far will never come from it by itself. */
  miss(other: RepairOwner): void {
    this.#read = other.recorded.recorded().length;
  }

  /** Takes the records that it lacks from the other one, as a node does. */
  fetchMissing(other: RepairOwner): void {
    const { missing } = this;
    this.missing = [];
    for (const place of missing) {
      const key = Buffer.from(place.key).toString("latin1");
      const state = stateOf(other.keyspace, other.keyspace.databases[place.db]!, key);
      if (state !== undefined) applyDelta(this.keyspace, SMALL_LIMITS, { kind: "record", ...place, state });
    }
  }

  /** Looks at all keys, which lets them expire. */
  look(): void {
    for (const { number } of this.keyspace.databases) {
      this.keyspace.select(number);
      for (const key of KEYS) openKey(this.keyspace, key);
    }
  }
}

/** All have the same time, and none a clock that is behind. */
export function settleTime(...owners: readonly RepairOwner[]): void {
  const nowMs = Math.max(...owners.map(({ recorded }) => recorded.nowMs));
  const clock = Math.max(...owners.map(({ keyspace }) => keyspace.clock.latest));
  for (const { recorded, keyspace } of owners) {
    recorded.nowMs = nowMs;
    keyspace.clock.observe(clock);
    keyspace.tick(nowMs);
  }
}

export type { RepairEnd };
