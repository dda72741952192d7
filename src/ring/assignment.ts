/**
 * Gives slots to members, rank by rank: all first owners, then all second ones. Within a rank slots ask members in the order of
 * the ring, and a member that is full keeps those that it likes best; who is turned away asks the next one.
 */

import { Heap } from "../base/heap.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import type { RingMember } from "./ring.js";
import { copyCaps, primaryCaps } from "./shares.js";
import { affinityOf, type Tokens, tokensOf } from "./tokens.js";

/** How well a member suits a slot as a further owner: the lower the better. */
const OTHER_ZONE = 0;
const OTHER_HOST = 1;
const SAME_HOST = 2;
const IS_OWNER = 3;

/** Nobody yet. */
const NOBODY = 0xffff;

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
    this.owners = new Uint16Array(SLOT_COUNT * copies).fill(NOBODY);
    this.#tokens = tokensOf(members);
    this.#zones = numbered(members.map(({ zone }) => zone));
    this.#hosts = numbered(members.map(({ host }) => host));
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
    // Of each member the slots that it has taken, the one that it likes least on top.
    const taken = Array.from(room, () => new Heap<number>((one, other) => one > other));
    // How many tokens each slot has passed, and whom it asks: spread comes before balance, so nobody who suits less.
    const passed = new Uint32Array(SLOT_COUNT);
    const suiting = Uint8Array.from({ length: SLOT_COUNT }, (_, slot) => this.#bestThereIs(slot, rank));
    const asking = Array.from({ length: SLOT_COUNT }, (_, slot) => SLOT_COUNT - 1 - slot);
    const unplaced: number[] = [];
    for (let slot = asking.pop(); slot !== undefined; slot = asking.pop()) {
      const next = this.#ask(slot, { rank, room, taken, passed, suiting });
      if (next >= 0) asking.push(next);
      else if (next === UNPLACED) unplaced.push(slot);
    }
    taken.forEach((heap, member) => {
      for (let entry = heap.pop(); entry !== undefined; entry = heap.pop())
        this.#own(entry % SLOT_COUNT, rank, member);
    });
    for (const slot of unplaced) this.#own(slot, rank, this.#leastLoaded(slot, rank));
  }

  /** Asks for a slot until a member takes it. Answers the slot that was turned away for it, or how it ended. */
  #ask(slot: number, { rank, room, taken, passed, suiting }: Round): number {
    const { owners, firstOfSlot } = this.#tokens;
    const count = owners.length;
    while (passed[slot]! < count) {
      const member = owners[(firstOfSlot[slot]! + passed[slot]!) % count]!;
      passed[slot]!++;
      if (room[member]! <= 0 || this.#suitability(slot, rank, member) !== suiting[slot]) continue;
      const heap = taken[member]!;
      const entry = this.#affinities[member]!(slot) * SLOT_COUNT + slot;
      if (heap.size < room[member]!) {
        heap.push(entry);
        return TAKEN;
      }
      const least = heap.peek()!;
      if (least <= entry) continue;
      heap.pop();
      heap.push(entry);
      return least % SLOT_COUNT;
    }
    return UNPLACED;
  }

  /** How well somebody suits at best. */
  #bestThereIs(slot: number, rank: number): number {
    const owners = [...this.owners.subarray(slot * this.#copies, slot * this.#copies + rank)];
    const isLeft = (numbers: readonly number[], kinds: number) =>
      new Set(owners.map((owner) => numbers[owner])).size < kinds;
    if (isLeft(this.#zones, this.#zoneCount)) return OTHER_ZONE;
    return isLeft(this.#hosts, this.#hostCount) ? OTHER_HOST : SAME_HOST;
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

/** What asking for a slot comes to, where no other slot is turned away. */
const TAKEN = -1;
const UNPLACED = -2;

/** One rank being filled. */
interface Round {
  readonly rank: number;
  /** How many slots each member may take in it. */
  readonly room: Int32Array;
  readonly taken: readonly Heap<number>[];
  readonly passed: Uint32Array;
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
