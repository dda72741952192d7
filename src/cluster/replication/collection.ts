/**
 * Collects what remains of what was deleted or expired. From time to time the node that executes for slots draws a version and asks all
 * other owners, current and pending, whether they have all up to there: each takes note of that version, so that it writes nothing older any
 * more, and agrees if all that it has executed is with all others, and it is in sync with them (slot-assent.ts). If all agree the slot
 * takes the version as its birth floor, by a change as any other: it is logged, and shipped behind all that it covers.
 *
 * Where nobody else owns anything any more all is collected, and from then on nothing remains of what is deleted.
 *
 * Nothing is collected while an owner is away, for one that comes back has to find the tombstones of what was deleted meanwhile: but for one
 * that has been away for so long that it is left out (absences.ts).
 */
import type { Checksum } from "../../base/crc32.js";
import { addToGroup } from "../../base/groups.js";
import { SLOT_COUNT } from "../../base/key-hash.js";
import type { Version } from "../../delta/version.js";
import type { PersistenceView } from "../../durability/persistence-view.js";
import type { Clock } from "../../host/clock.js";
import type { Random } from "../../host/random.js";
import { type Cancel, pause, type Timers } from "../../host/timers.js";
import type { Keyspace } from "../../keyspace/keyspace.js";
import type { PackingLimits } from "../../keyspace/packing-limits.js";
import { collectSlot, mayHaveRemains } from "../../keyspace/slot-collection.js";
import { LogRoom } from "../log-room.js";
import type { Service } from "../peer-server.js";
import type { Peers } from "../peers.js";
import { SlotSet } from "../slot-set.js";
import {
  COLLECT_SERVICE,
  readAnswer,
  readRequest,
  writeAnswer,
  writeRequest,
} from "./collection-messages.js";
import {
  type Absent,
  isSettled,
  type Settled,
  type SlotStanding,
  settledOf,
  slotsWithout,
} from "./slot-assent.js";

/** From the end of a round to the next one, on average; and if there was more than a round takes. */
const PERIOD_MS = 10_000;
const SHORT_PERIOD_MS = 1000;
/** Of a round: what it asks about is no long message. */
const SLOTS_MAX = 2048;
/** Others wait for each other for some seconds before they say no. */
const ASK_TIMEOUT_MS = 5000;
/**
 * Records, and entries of those that are tables, walked in a slice, some milliseconds; as many at each of the others, when they are
 * told. A slot is collected at once.
 */
const SLICE_RECORDS = 8192;
const PAUSE_MS = 10;
const ALL_SLOTS = Array.from({ length: SLOT_COUNT }, (_, slot) => slot);
/** A collect delta, by far. */
const DELTA_BYTES = 64;

export interface CollectionOptions {
  readonly host: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly random: Random;
    readonly checksum: Checksum;
  };
  readonly keyspace: Keyspace;
  readonly limits: () => PackingLimits;
  readonly peers: Pick<Peers, "linkTo">;
  readonly persistence: Pick<PersistenceView, "loading" | "hasRoomFor" | "subscribe">;
  readonly standing: SlotStanding;
}

export interface CollectionCounters {
  rounds: number;
  /** Slots that took a floor, and those of which not all owners agreed. */
  slotsCollected: number;
  slotsRefused: number;
}

/** A slot as it stood when the others were asked. */
interface Candidate extends Settled {
  readonly coOwners: readonly string[];
}

/** What all that were asked agree on. */
interface Agreement {
  readonly floor: Version;
  readonly placement: string;
  readonly absent: Absent;
}

export class Collection {
  readonly services: ReadonlyMap<string, Service>;
  /** Nobody else has, or is to have, any of what this node owns. */
  isAlone = false;
  readonly counters: CollectionCounters = { rounds: 0, slotsCollected: 0, slotsRefused: 0 };
  readonly #options: CollectionOptions;
  readonly #room: LogRoom;
  /** Where the next round begins. */
  #nextSlot = 0;
  #cancel: Cancel = () => {};
  #isClosed = false;

  constructor(options: CollectionOptions) {
    this.#options = options;
    this.#room = new LogRoom(options.persistence, options.host.timers);
    this.services = new Map([[COLLECT_SERVICE, (body) => this.#answer(body)]]);
    this.#rest(PERIOD_MS);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
    this.#room.close();
  }

  #rest(meanMs: number): void {
    if (this.#isClosed) return;
    const { timers, random } = this.#options.host;
    this.#cancel = timers.after(meanMs * (0.5 + random.uint32() / 2 ** 32), () => void this.#round());
  }

  /** Never rejects but for a fault of this node's own. */
  async #round(): Promise<void> {
    const slots = this.#isReady ? this.#dueSlots() : [];
    if (slots.length > 0) await this.#collect(slots);
    if (this.isAlone && this.#isReady) await this.#end();
    this.#rest(slots.length === SLOTS_MAX ? SHORT_PERIOD_MS : PERIOD_MS);
  }

  /** From now on nothing remains of what is deleted, if there is so little left that it can be collected at once. */
  async #end(): Promise<void> {
    const { keyspace, limits, standing } = this.#options;
    if (!(await this.#hasRoom()) || !this.isAlone || !this.#isReady) return;
    const remain = () => ALL_SLOTS.filter((slot) => mayHaveRemains(keyspace, slot));
    const slots = remain();
    let records = 0;
    for (const slot of slots) for (const { index } of keyspace.databases) records += index.count(slot);
    if (records > SLICE_RECORDS || !slots.every((slot) => standing.isActing(slot))) return;
    const floor = { clock: keyspace.clock.next(), origin: keyspace.origin };
    for (const slot of slots) collectSlot(keyspace, limits(), slot, floor);
    this.counters.slotsCollected += slots.length;
    keyspace.keepTombstones = remain().length > 0;
  }

  get #isReady(): boolean {
    const { persistence, keyspace } = this.#options;
    return !this.#isClosed && persistence.loading === null && keyspace.keepTombstones;
  }

  /** Slots that this node executes for and that have remains, from where the last round ended. */
  #dueSlots(): number[] {
    const { keyspace, standing } = this.#options;
    const slots: number[] = [];
    for (let i = 0; i < SLOT_COUNT && slots.length < SLOTS_MAX; i++) {
      const slot = (this.#nextSlot + i) % SLOT_COUNT;
      if (mayHaveRemains(keyspace, slot) && standing.isActing(slot)) slots.push(slot);
    }
    this.#nextSlot = ((slots.at(-1) ?? 0) + 1) % SLOT_COUNT;
    return slots;
  }

  async #collect(due: readonly number[]): Promise<void> {
    const { keyspace, host, standing } = this.#options;
    const { placement } = standing;
    if (!(await this.#hasRoom())) return;
    this.counters.rounds++;
    const absent = this.#absentFrom(due);
    const slots = await slotsWithout(due, standing, absent);
    const floor = { clock: keyspace.clock.next(), origin: keyspace.origin };
    const coOwners = new Map(slots.map((slot) => [slot, standing.coOwnersOf(slot) ?? []]));
    const own = settledOf(slots, standing, host, absent);
    const agreement = { floor, placement, absent };
    const agreed = await this.#ask(agreement, coOwners);
    const candidates = (await own)
      .map((settled): Candidate => ({ ...settled, coOwners: coOwners.get(settled.slot)! }))
      .filter(({ slot, coOwners }) => coOwners.every((id) => absent.has(id) || agreed.get(id)?.has(slot)));
    this.counters.slotsRefused += due.length - candidates.length;
    await this.#takeFloors(candidates, agreement);
  }

  /** Other owners of slots for whom nobody waits. */
  #absentFrom(slots: readonly number[]): Absent {
    const { standing } = this.#options;
    const ids = new Set(slots.flatMap((slot) => standing.coOwnersOf(slot) ?? []));
    return new Set([...ids].filter((id) => standing.isAbsent(id)));
  }

  /** Asks all other owners; answers of which slots each of them agrees. */
  async #ask(
    agreement: Agreement,
    coOwners: ReadonlyMap<number, readonly string[]>,
  ): Promise<ReadonlyMap<string, SlotSet>> {
    const { host, peers } = this.#options;
    const { checksum } = host;
    const slotsById = new Map<string, number[]>();
    for (const [slot, ids] of coOwners) {
      for (const id of ids) {
        if (!agreement.absent.has(id)) addToGroup(slotsById, id, slot);
      }
    }
    const agreed = new Map<string, SlotSet>();
    const asked = [...slotsById].map(async ([id, slots]) => {
      const request = writeRequest({ ...agreement, slots: new SlotSet(slots) }, checksum);
      const outcome = await peers.linkTo(id)?.ask(COLLECT_SERVICE, request, ASK_TIMEOUT_MS);
      const answer = outcome?.kind === "answered" ? readAnswer(outcome.body, checksum) : undefined;
      if (answer !== undefined) agreed.set(id, answer);
    });
    await Promise.all(asked);
    return agreed;
  }

  /** Lets slots take the floor, a few in a slice, as long as all is as it was when everybody agreed. */
  async #takeFloors(candidates: readonly Candidate[], agreement: Agreement): Promise<void> {
    const { keyspace, limits, host } = this.#options;
    let walked = 0;
    for (const candidate of candidates) {
      if (walked >= SLICE_RECORDS) {
        await pause(host.timers, PAUSE_MS);
        walked = 0;
      }
      const { slot } = candidate;
      if (!(await this.#hasRoom()) || !this.#isAsItWas(candidate, agreement)) {
        this.counters.slotsRefused++;
        continue;
      }
      walked += collectSlot(keyspace, limits(), slot, agreement.floor);
      this.counters.slotsCollected++;
    }
  }

  /** Whether a change of this node's own may be made now, which may take a while. */
  #hasRoom(): Promise<boolean> {
    const { keyspace, host } = this.#options;
    keyspace.tick(host.clock.wallMs());
    return this.#room.waitFor(DELTA_BYTES);
  }

  /** An owner that is new, or has started anew, has not agreed; nor has one that was absent and is there now. */
  #isAsItWas(candidate: Candidate, { placement, absent }: Agreement): boolean {
    const { standing } = this.#options;
    const { slot, coOwners } = candidate;
    const now = standing.coOwnersOf(slot) ?? [];
    const areSame = now.length === coOwners.length && now.every((id) => coOwners.includes(id));
    const isActing = this.#isReady && standing.isActing(slot) && standing.placement === placement;
    const isLeft = coOwners.every((id) => !absent.has(id) || standing.isAbsent(id));
    return areSame && isActing && isLeft && isSettled(standing, candidate, absent);
  }

  // ---- What others collect ----

  async #answer(body: Buffer): Promise<Uint8Array> {
    const { host, keyspace, standing } = this.#options;
    const request = readRequest(body, host.checksum);
    if (request === undefined) throw new Error("a request to collect is malformed");
    const { floor, placement, slots, absent } = request;
    const isAgreed = this.#isReady && placement === standing.placement;
    if (!isAgreed) return writeAnswer(new SlotSet(), host.checksum);
    keyspace.clock.observe(floor.clock);
    const owned = [...slots].filter((slot) => standing.coOwnersOf(slot) !== undefined);
    const settled = await settledOf(await slotsWithout(owned, standing, absent), standing, host, absent);
    const isStill = placement === standing.placement;
    return writeAnswer(new SlotSet(isStill ? settled.map(({ slot }) => slot) : []), host.checksum);
  }
}
