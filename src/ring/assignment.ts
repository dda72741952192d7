/**
 * Gives slots to members, rank by rank: all first owners, then all second ones. Within a rank slots ask members, the nearest on the
 * ring first, and a member that is full keeps those that it likes best; who is turned away asks the next one.
 */

import { Heap } from "../base/heap.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import type { RingMember } from "./ring.js";
import { copyCaps, primaryCaps } from "./shares.js";
import { affinityOf, Tokens } from "./tokens.js";

/** How well a member suits a slot as a further owner: the lower the better. */
const OTHER_ZONE = 0;
const OTHER_HOST = 1;
const SAME_HOST = 2;
const IS_OWNER = 3;

/** What asking for a slot comes to, where no other slot is turned away. */
const TAKEN = -1;
const UNPLACED = -2;

/** Refusals beyond it count no more: with slot and hash they must fit into the 53 bits of an exact number. */
const REFUSALS_MAX = 63;
const HASH_SIZE = 2 ** 32;

export class Assignment {
  /** `copies` indexes of members for each slot. */
  readonly owners: Uint16Array;
  readonly #copies: number;
  readonly #tokens: Tokens;
  /** Zones and hosts of the members, numbered. */
  readonly #zones: readonly number[];
  readonly #hosts: readonly number[];
  readonly #zoneCount: number;
  readonly #hostCount: number;
  readonly #affinities: readonly ((slot: number) => number)[];
  readonly #caps: Int32Array;
  readonly #loads: Int32Array;

  /** `members` are in the order of their ids, and at least `copies`. */
  constructor(members: readonly RingMember[], copies: number) {
    this.#copies = copies;
    this.owners = new Uint16Array(SLOT_COUNT * copies);
    this.#tokens = new Tokens(members);
    this.#zones = numbered(members.map(({ zone }) => zone));
    this.#hosts = numbered(members.map(({ zone, host }) => JSON.stringify([zone, host])));
    this.#zoneCount = new Set(this.#zones).size;
    this.#hostCount = new Set(this.#hosts).size;
    this.#affinities = members.map(({ id }) => affinityOf(id));
    this.#caps = copyCaps(members, copies);
    this.#loads = new Int32Array(members.length);
    const primaries = primaryCaps(members).map((cap, member) => Math.min(cap, this.#caps[member]!));
    for (let rank = 0; rank < copies; rank++) {
      this.#fill(rank, rank === 0 ? primaries : this.#caps.map((cap, member) => cap - this.#loads[member]!));
    }
  }

  #fill(rank: number, room: Int32Array): void {
    const round: Round = {
      rank,
      room,
      taken: Array.from(room, () => new Heap<number>((one, other) => one > other)),
      walk: this.#tokens.walk(),
      refusals: new Uint8Array(SLOT_COUNT),
      suiting: Uint8Array.from({ length: SLOT_COUNT }, (_, slot) => this.#bestThereIs(slot, rank)),
    };
    const asking = Array.from({ length: SLOT_COUNT }, (_, slot) => SLOT_COUNT - 1 - slot);
    const unplaced: number[] = [];
    for (let slot = asking.pop(); slot !== undefined; slot = asking.pop()) {
      const next = this.#ask(slot, round);
      if (next >= 0) asking.push(next);
      else if (next === UNPLACED) unplaced.push(slot);
    }
    round.taken.forEach((heap, member) => {
      for (let entry = heap.pop(); entry !== undefined; entry = heap.pop()) {
        this.#own(entry % SLOT_COUNT, rank, member);
      }
    });
    // In the order of slots: who turned them away last says nothing.
    unplaced.sort((a, b) => a - b);
    for (const slot of unplaced) this.#own(slot, rank, this.#leastLoaded(slot, rank));
  }

  /** Asks for a slot until a member takes it. Answers the slot that was turned away for it, or how it ended. */
  #ask(slot: number, { rank, room, taken, walk, refusals, suiting }: Round): number {
    for (let member = walk(slot); member >= 0; member = walk(slot)) {
      if (room[member]! <= 0 || this.#suitability(slot, rank, member) !== suiting[slot]) continue;
      const heap = taken[member]!;
      const entry = (refusals[slot]! * HASH_SIZE + this.#affinities[member]!(slot)) * SLOT_COUNT + slot;
      if (heap.size < room[member]!) {
        heap.push(entry);
        return TAKEN;
      }
      const least = heap.peek()!;
      const turnedAway = Math.max(least, entry) % SLOT_COUNT;
      if (refusals[turnedAway]! < REFUSALS_MAX) refusals[turnedAway]!++;
      if (turnedAway === slot) continue;
      heap.pop();
      heap.push(entry);
      return turnedAway;
    }
    return UNPLACED;
  }

  /** How well somebody suits at best. */
  #bestThereIs(slot: number, rank: number): number {
    if (this.#distinct(this.#zones, slot, rank) < this.#zoneCount) return OTHER_ZONE;
    return this.#distinct(this.#hosts, slot, rank) < this.#hostCount ? OTHER_HOST : SAME_HOST;
  }

  /** How many zones, or hosts, the owners of a slot are of. */
  #distinct(numbers: readonly number[], slot: number, rank: number): number {
    let count = 0;
    for (let at = slot * this.#copies, end = at + rank; at < end; at++) {
      let other = at + 1;
      while (other < end && numbers[this.owners[other]!] !== numbers[this.owners[at]!]) other++;
      if (other === end) count++;
    }
    return count;
  }

  #suitability(slot: number, rank: number, member: number): number {
    let suitability = OTHER_ZONE;
    for (let at = slot * this.#copies, end = at + rank; at < end; at++) {
      const owner = this.owners[at]!;
      if (owner === member) return IS_OWNER;
      if (this.#hosts[owner] === this.#hosts[member]) suitability = SAME_HOST;
      else if (this.#zones[owner] === this.#zones[member]) suitability = Math.max(suitability, OTHER_HOST);
    }
    return suitability;
  }

  /** For a slot that all who suit had no room for: of those that suit best the one with the most room. */
  #leastLoaded(slot: number, rank: number): number {
    let best = -1;
    let bestClass = IS_OWNER;
    for (let member = 0; member < this.#loads.length; member++) {
      const suitability = this.#suitability(slot, rank, member);
      if (suitability > bestClass || suitability === IS_OWNER) continue;
      if (suitability < bestClass || this.#fullness(member) < this.#fullness(best)) {
        best = member;
        bestClass = suitability;
      }
    }
    return best;
  }

  #fullness(member: number): number {
    return this.#loads[member]! / this.#caps[member]!;
  }

  #own(slot: number, rank: number, member: number): void {
    this.owners[slot * this.#copies + rank] = member;
    this.#loads[member]!++;
  }
}

/** One rank being filled. */
interface Round {
  readonly rank: number;
  /** How many slots each member may take in it. */
  readonly room: Int32Array;
  /**
   * Of each member the slots that it has taken, the one that it likes least on top. What it likes is a number: by the times that others
   * have turned the slot away, for else every slot that moves on would drive on another; then by a hash of both; with the slot below.
   */
  readonly taken: readonly Heap<number>[];
  /** The next member that a slot comes to; negative if it has passed all. */
  readonly walk: (slot: number) => number;
  /** How often each slot was turned away. */
  readonly refusals: Uint8Array;
  /** Whom each slot asks: spread comes before balance, so nobody who suits less than the best. */
  readonly suiting: Uint8Array;
}

/** Equal names get equal numbers. */
function numbered(names: readonly string[]): readonly number[] {
  const numbers = new Map<string, number>();
  return names.map((name) => {
    const number = numbers.get(name) ?? numbers.size;
    numbers.set(name, number);
    return number;
  });
}
