/**
 * Renews who was left out (absences.ts). The node that left another one out tells it, by the service `renew`, as soon as that one lives again,
 * and until it is done; nothing else passes between the two. Who is told stops to execute for the slots in question, and repairs all that the
 * two share: there it takes what the other one has, and keeps of its own what began a life since (repair/group-repair.ts).
 *
 * Until it is told it may have been left out, and not know: it asks before it repairs with anybody, and before anybody becomes an owner who would
 * copy from it. Until it is renewed nothing passes between it and the rest either: one that was left out before, and has been renewed, knows of
 * no one else that was, and would take from it what is gone.
 *
 *     told   := crc:u32 format:u8 slots:sized                            ranges as text, `0-5,7`: those in which it was left out
 *     answer := leftOut:u8                                               1 if who answers has left out who asks or tells; no slots are told by who asks
 */
import { ByteReader } from "../../base/byte-reader.js";
import { ByteWriter } from "../../base/byte-writer.js";
import { rangeOf } from "../../base/bytes.js";
import type { Checksum } from "../../base/crc32.js";
import type { Clock } from "../../host/clock.js";
import type { Log } from "../../host/log.js";
import type { Cancel, Timers } from "../../host/timers.js";
import type { NodeId } from "../../membership/member.js";
import { CHECK_BYTES, isSound, seal } from "../checked-message.js";
import type { Service } from "../peer-server.js";
import type { Peers } from "../peers.js";
import { SlotSet } from "../slot-set.js";
import type { Absences } from "./absences.js";

export const RENEW_SERVICE = "renew";

const FORMAT = 1;
const PERIOD_MS = 500;
const ASK_TIMEOUT_MS = 5000;
/** Who said that it has not left out this node has not for as long, for that takes longer (absences.ts). */
const SURE_MS = 3000;
/** A text of all slots, no two of which are neighbours. */
const MESSAGE_BYTES_MAX = 2 ** 17;

const NOTHING = new SlotSet();

export interface RenewalOptions {
  readonly host: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly checksum: Checksum;
    readonly log: Log;
  };
  readonly peers: Pick<Peers, "linkTo" | "subscribe">;
  readonly absences: Pick<Absences, "isLeftOut" | "leftOutOf" | "leftOut">;
  readonly isAlive: (id: NodeId) => boolean;
  /** Other owners of this node's slots. */
  readonly coOwners: () => Iterable<NodeId>;
  /** This node was left out by another one: executes for these slots no more, and is not to be preferred before it is renewed. */
  readonly standDown: (slots: SlotSet) => void;
  /** Repairs all slots that this node shares with another, and calls back when that is done, with those slots. */
  readonly repair: (id: NodeId, done: (slots: readonly number[]) => void) => void;
  /** Something may pass between this node and others, or may not any more: `isFenced`. */
  readonly changed: (ids: readonly NodeId[]) => void;
  /** The same again after this node had let nothing pass, which the others may not have seen. */
  readonly reopened: (ids: readonly NodeId[]) => void;
}

export class Renewal {
  readonly service: readonly [string, Service];
  readonly #options: RenewalOptions;
  /** By node that left this one out, the slots. */
  readonly #outdated = new Map<NodeId, SlotSet>();
  /** What it has got back from any of them since the first of them told it. */
  #renewedSlots = NOTHING;
  readonly #asking = new Set<NodeId>();
  /** When those were asked who said that they have not left out this node, and have been there all the time since. */
  readonly #sureMs = new Map<NodeId, number>();
  readonly #ends: readonly Cancel[];

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.service = [RENEW_SERVICE, async (body, { nodeId }) => this.#told(nodeId, body)];
    const distrust = ({ nodeId }: { readonly nodeId: NodeId }) => this.#sureMs.delete(nodeId);
    this.#ends = [
      options.host.timers.every(PERIOD_MS, () => {
        this.#seeDead();
        this.tell();
      }),
      // Who is not linked with this node may take it for dead.
      options.peers.subscribe({
        up: ({ nodeId }) => this.#question(nodeId),
        down: distrust,
        unreachable: distrust,
      }),
    ];
  }

  close(): void {
    for (const end of this.#ends) end();
  }

  /** Whether a node that lives left this one out. Of one that is dead others have what it had; it will tell again when it is back. */
  get isOutdated(): boolean {
    for (const id of this.#outdated.keys()) if (this.#options.isAlive(id)) return true;
    return false;
  }

  /** The slots in which another node left this one out; null if it did not. */
  outdatedBy(id: NodeId): SlotSet | null {
    return this.#outdated.get(id) ?? null;
  }

  /** Whether nothing is to pass between this node and another one, but what renews one of the two. */
  isFenced(id: NodeId): boolean {
    return this.#outdated.size > 0 || this.#options.absences.isLeftOut(id);
  }

  /** Whether this node and another one may repair: to renew one of the two, or where it is known that nobody who lives has left out this one. */
  mayRepairWith(id: NodeId): boolean {
    const { absences, coOwners, isAlive } = this.#options;
    if (this.#outdated.has(id) || absences.isLeftOut(id)) return true;
    if (this.#outdated.size > 0) return false;
    const unsure = [...coOwners()].filter((other) => isAlive(other) && !this.#sureMs.has(other));
    for (const other of unsure) this.#question(other);
    return unsure.length === 0;
  }

  /** Tells those that are left out and live. */
  tell(): void {
    const { absences, isAlive } = this.#options;
    for (const id of absences.leftOut) if (isAlive(id)) void this.#tell(id, absences.leftOutOf(id)!);
  }

  /** Those of some nodes that have not left out this one, by what they said a moment ago. The others are asked. */
  areSure(ids: Iterable<NodeId>): ReadonlySet<NodeId> {
    const nowMs = this.#options.host.clock.monotonicMs();
    const sure = new Set<NodeId>();
    for (const id of ids) {
      const askedMs = this.#sureMs.get(id);
      const isSure = askedMs !== undefined && nowMs - askedMs < SURE_MS;
      if (isSure) sure.add(id);
      if (!isSure || nowMs - askedMs > SURE_MS / 2) this.#question(id);
    }
    return sure;
  }

  /** Whether it has left out this node; not of one that this node left out, which is told so instead. */
  #question(id: NodeId): void {
    if (!this.#options.absences.isLeftOut(id)) void this.#tell(id, NOTHING);
  }

  async #tell(id: NodeId, slots: SlotSet): Promise<void> {
    const { peers, host } = this.#options;
    if (this.#asking.has(id)) return;
    this.#asking.add(id);
    const askedMs = host.clock.monotonicMs();
    const message = writeTold(slots, host.checksum);
    const outcome = await peers.linkTo(id)?.ask(RENEW_SERVICE, message, ASK_TIMEOUT_MS);
    this.#asking.delete(id);
    if (outcome?.kind !== "answered" || outcome.body[0] !== 0 || this.#outdated.has(id)) return;
    this.#sureMs.set(id, askedMs);
  }

  #told(from: NodeId, body: Buffer): Uint8Array {
    const { host, absences, standDown, repair, coOwners, changed } = this.#options;
    const slots = readTold(body, host.checksum);
    if (slots === undefined) throw new Error("what tells that this node was left out is malformed");
    const answer = Uint8Array.of(absences.isLeftOut(from) ? 1 : 0);
    if (slots.size === 0) return answer;
    this.#sureMs.delete(from);
    const known = this.#outdated.get(from);
    const areFirst = this.#outdated.size === 0;
    this.#outdated.set(from, known?.with(slots) ?? slots);
    if (known === undefined) {
      host.log.warn(
        "this node was away for so long that others went on without it: it takes what they have",
        { node: from, slots: slots.size },
      );
      changed(areFirst ? [...coOwners()] : [from]);
    }
    standDown(slots);
    if (known === undefined) repair(from, (repaired) => this.#renewed(from, repaired));
    return answer;
  }

  #renewed(by: NodeId, slots: readonly number[]): void {
    if (!this.#outdated.has(by)) return;
    this.#renewedSlots = this.#renewedSlots.with(slots);
    this.#forget([by]);
  }

  /** Those that left out this node and are dead: what they would tell, it may have got from others. */
  #seeDead(): void {
    const isRenewed = (slots: SlotSet) => slots.shared(this.#renewedSlots).length === slots.size;
    const dead = [...this.#outdated].filter(([id, slots]) => !this.#options.isAlive(id) && isRenewed(slots));
    this.#forget(dead.map(([id]) => id));
  }

  #forget(ids: readonly NodeId[]): void {
    if (ids.length === 0) return;
    for (const id of ids) this.#outdated.delete(id);
    const { coOwners, changed, reopened } = this.#options;
    changed(ids);
    if (this.#outdated.size > 0) return;
    this.#renewedSlots = NOTHING;
    reopened([...coOwners()].filter((id) => !ids.includes(id)));
  }

  /** These share slots with this node, and no others. */
  keepOnly(isCoOwner: (id: NodeId) => boolean): void {
    this.#forget([...this.#outdated.keys()].filter((id) => !isCoOwner(id)));
  }
}

export function writeTold(slots: SlotSet, checksum: Checksum): Uint8Array {
  const writer = new ByteWriter({ bytesMax: MESSAGE_BYTES_MAX });
  writer.length = CHECK_BYTES;
  writer.u8(FORMAT);
  writer.sized(rangeOf(Buffer.from(slots.toString())));
  return seal(writer.written(), checksum);
}

/** Undefined if it makes no sense, or is damaged. */
export function readTold(bytes: Buffer, checksum: Checksum): SlotSet | undefined {
  if (!isSound(bytes, checksum)) return undefined;
  const reader = new ByteReader({ bytes, start: CHECK_BYTES, end: bytes.length });
  const format = reader.u8();
  const text = Buffer.from(reader.sized()).toString("latin1");
  return reader.failed || reader.remaining > 0 || format !== FORMAT ? undefined : SlotSet.parse(text);
}
