import { crc32 } from "#torus/base/crc32.js";
import { KeyHasher } from "#torus/base/key-hash.js";
import { Pace } from "#torus/cluster/repair/pace.js";
import { Repair } from "#torus/cluster/repair/repair.js";
import { LIST, REPAIR_SERVICE, readRequestHead } from "#torus/cluster/repair/repair-messages.js";
import { type LeftOut, NOBODY_LEFT_OUT, type RepairNode } from "#torus/cluster/repair/repair-node.js";
import { RepairService } from "#torus/cluster/repair/repair-service.js";
import { SlotTurns } from "#torus/cluster/repair/slot-turns.js";
import type { KeyPlace } from "#torus/delta/delta.js";
import type { World } from "#torus/host/sim/world.js";
import { BatchApplication } from "#torus/keyspace/batch-application.js";
import { applyDelta } from "#torus/keyspace/delta-application.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import type { PackingLimits } from "#torus/keyspace/packing-limits.js";
import { SMALL_LIMITS } from "./hash-fields.js";
import { stateOf } from "./keyspace-contents.js";
import { RecordedKeyspace, type Step } from "./recorded-keyspace.js";
import { SimPeers } from "./sim-peers.js";
import { openKey, smallKeyspace } from "./small-keyspace.js";
import { worldOf } from "./world.js";
import { KEYS } from "./writing-commands.js";

const NUMBER = 7;
export const ALL_SLOTS: readonly number[] = Array.from({ length: 16384 }, (_, slot) => slot);

export interface RepairOwnerOptions {
  readonly origin: number;
  readonly limits?: PackingLimits;
  /** What becomes of a message on its way to the service, or of the answer. */
  readonly fate?: (body: Buffer) => "arrives" | "is lost" | "is answered in vain";
}

/** A node that owns all slots with another, as far as repair goes. */
export class RepairOwner {
  readonly recorded: RecordedKeyspace;
  readonly application: BatchApplication;
  /** Keys whose record is to be fetched. */
  missing: KeyPlace[] = [];
  /** Of what it asked, and was answered. */
  readonly traffic = { messages: 0, lists: 0, inFlight: 0, inFlightMax: 0, bytesMax: 0 };
  isWhole = true;
  leftOut: LeftOut = NOBODY_LEFT_OUT;
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
    const { fate = () => "arrives" } = options;
    const { clock, timers } = world.host(name);
    owner.node = {
      keyspace: owner.keyspace,
      timers,
      pace: new Pace({ clock, timers, pauseMs: () => 1 }),
      checksum: crc32,
      apply: (batches, mayTouch) => Promise.resolve(owner.application.apply(batches, mayTouch)),
      lasts: () => Promise.resolve(),
      isWhole: () => owner.isWhole,
      renewals: new SlotTurns(),
    };
    owner.service = new RepairService({
      ...owner.node,
      isShared: (_, slot) => owner.isShared(slot),
      isOpen: () => true,
      isReady: () => true,
      partners: { begin: () => true, heard() {}, end: () => true },
    });
    const answer = async (body: Buffer, { nodeId }: { nodeId: string }) => {
      const fateOfThis = fate(body);
      const answer = fateOfThis === "is lost" ? undefined : await owner.service.answer(body, nodeId);
      if (fateOfThis !== "arrives") await new Promise(() => {});
      return answer!;
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

  repair(slots: readonly number[] = ALL_SLOTS, { mostDiffer = false } = {}): Repair {
    const { traffic } = this;
    const ask = async (body: Uint8Array, timeoutMs: number) => {
      traffic.inFlightMax = Math.max(traffic.inFlightMax, ++traffic.inFlight);
      traffic.bytesMax = Math.max(traffic.bytesMax, body.length);
      if (readRequestHead(Buffer.from(body))?.kind === LIST) traffic.lists++;
      const outcome = await this.link.ask(REPAIR_SERVICE, body, timeoutMs);
      if (outcome.kind === "answered") traffic.bytesMax = Math.max(traffic.bytesMax, outcome.body.length);
      traffic.inFlight--;
      traffic.messages++;
      return outcome;
    };
    const leftOut = () => this.leftOut;
    return new Repair({ node: this.node, slots, leftOut, ask, newSession: () => 1, mostDiffer });
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

export interface RepairPair {
  readonly world: World;
  readonly a: RepairOwner;
  readonly b: RepairOwner;
}

/** Two of them; `a` has a link to `b`. */
export async function twoOwners(
  options: Partial<RepairOwnerOptions> = {},
  ofB: Partial<RepairOwnerOptions> = options,
): Promise<RepairPair> {
  const world = worldOf(1);
  const a = await RepairOwner.start(world, "a", { origin: 1, ...options });
  const b = await RepairOwner.start(world, "b", { origin: 2, ...ofB });
  a.meet(b);
  await world.advance(20);
  return { world, a, b };
}

const place = new KeyHasher(() => 0);

export function slotOfKey(key: string): number {
  place.digest(Buffer.from(key), 0, key.length);
  return place.slot;
}
