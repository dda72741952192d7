/**
 * Where slots lie: a pure value of the members and of the number of copies, the same wherever it is computed. A slot's owners are
 * the members next to it on the ring, of distinct zones first, then of distinct hosts, then any; but nobody gets more than
 * `LOAD_CAP` times its due (Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads", 2018).
 *
 * Who is full turns slots away by the times that others did and by a hash of slot and member, not by who came first: what one slot
 * is refused then does not depend on the order of the others, so that a member more or less moves little (deferred acceptance:
 * Gale and Shapley, "College Admissions and the Stability of Marriage", 1962). What that comes to: docs/ring.md.
 */
import { assert } from "../base/assert.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import { Assignment } from "./assignment.js";

export interface RingMember {
  readonly id: string;
  /** Positive; shares are in proportion to it. */
  readonly weight: number;
  readonly zone: string;
  /** Of one name in two zones are two hosts. */
  readonly host: string;
}

export interface RingOptions {
  /** Owners of each slot, as far as there are members. */
  readonly copies: number;
}

/** Members have an index of 16 bits. */
export const MEMBERS_MAX = 0xffff;
/** Rings that are kept: in a simulation of many nodes all ask for the same few. */
const KEPT_MAX = 16;

const kept = new Map<string, Ring>();

export class Ring {
  /** In the order of their ids: owners are indexes into it. */
  readonly members: readonly RingMember[];
  /** Owners of each slot. */
  readonly copies: number;
  /** `copies` indexes of members for each slot, in the order of preference. */
  readonly owners: Uint16Array;

  private constructor(members: readonly RingMember[], copies: number) {
    this.members = members;
    this.copies = copies;
    // Of one member nothing is to be worked out, and a node that is alone is to answer at once.
    this.owners = members.length === 1 ? new Uint16Array(SLOT_COUNT) : new Assignment(members, copies).owners;
  }

  /** The ring of some members, at least one, in any order. One and the same object for equal ones, as long as it is asked for. */
  static of(members: readonly RingMember[], { copies }: RingOptions): Ring {
    assert(members.length > 0 && members.length <= MEMBERS_MAX, "a ring has members");
    assert(new Set(members.map(({ id }) => id)).size === members.length, "members have ids of their own");
    assert(
      members.every(({ weight }) => weight > 0 && weight < Infinity),
      "weights are positive",
    );
    assert(copies >= 1, "a slot has an owner");
    const sorted = [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
    const count = Math.min(copies, sorted.length);
    const name = JSON.stringify([
      count,
      sorted.map(({ id, weight, zone, host }) => [id, weight, zone, host]),
    ]);
    const ring = kept.get(name) ?? new Ring(sorted, count);
    // The least recently asked for is the first.
    kept.delete(name);
    kept.set(name, ring);
    if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value!);
    return ring;
  }

  /** The ids of a slot's owners in the order of preference. */
  ownersOf(slot: number): readonly string[] {
    const start = slot * this.copies;
    return Array.from(this.owners.subarray(start, start + this.copies), (index) => this.members[index]!.id);
  }

  primaryOf(slot: number): string {
    return this.members[this.owners[slot * this.copies]!]!.id;
  }

  /** The slots whose owner of a rank a member is, 0 the first; of any rank if it is left out. */
  slotsOf(id: string, rank?: number): number[] {
    const index = this.members.findIndex((member) => member.id === id);
    const slots: number[] = [];
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const own = this.owners.subarray(slot * this.copies, (slot + 1) * this.copies);
      if (rank === undefined ? own.includes(index) : own[rank] === index) slots.push(slot);
    }
    return slots;
  }
}
