/**
 * The ring that members hash themselves onto (Karger et al., "Consistent Hashing and Random Trees", 1997): every member has
 * tokens in proportion to its weight, and the slots lie on the ring in their order, at equal distances.
 */
import farmhash from "farmhash";
import { SLOT_COUNT } from "../base/key-hash.js";
import type { RingMember } from "./ring.js";

/** Virtual nodes of a member of weight 1. Each has two tokens, the halves of one hash: with more, shares differ less. */
const VIRTUAL_NODES = 128;

/** Tokens for each member that a slot looks at for who is near: it seldom needs more than a few, and need not pass thousands to find nobody. */
const TOKENS_WALKED = 4;

const RING_SIZE = 2 ** 32;
/** Indexes of members are below it. */
const OWNERS_SIZE = 2 ** 16;
const SLOT_DISTANCE = RING_SIZE / SLOT_COUNT;

/** Positions of tokens, ascending; equal ones in the order of the members. */
export class Tokens {
  readonly #positions: Float64Array;
  /** Of each, the index of its member. */
  readonly #owners: Uint16Array;
  /** Of each slot, the first token at or behind it; the number of tokens for the first of all. */
  readonly #firstOfSlot: Uint32Array;
  readonly #memberCount: number;

  /** Of members that are in the order of their ids. */
  constructor(members: readonly RingMember[]) {
    // Position and member in one exact number, which a typed array sorts fast.
    const tokens = Float64Array.from(
      members.flatMap((member, owner) =>
        positionsOf(member).map((position) => position * OWNERS_SIZE + owner),
      ),
    ).sort();
    this.#positions = tokens.map((token) => Math.floor(token / OWNERS_SIZE));
    this.#owners = Uint16Array.from(tokens, (token) => token % OWNERS_SIZE);
    this.#firstOfSlot = firstOf(this.#positions);
    this.#memberCount = members.length;
  }

  /**
   * A walk from each slot on: answers the member that it comes to next, -1 behind the last. The nearest tokens come first, on
   * whichever side: the stretches between them then differ half as much as if one side alone counted. Who has no token among the
   * nearest ones comes behind them.
   */
  walk(): (slot: number) => number {
    const count = this.#positions.length;
    const near = Math.min(count, this.#memberCount * TOKENS_WALKED);
    const ahead = new Uint32Array(SLOT_COUNT);
    const behind = new Uint32Array(SLOT_COUNT);
    return (slot) => {
      const passed = ahead[slot]! + behind[slot]!;
      const next = (this.#firstOfSlot[slot]! + ahead[slot]!) % count;
      if (passed >= near) {
        if (passed === near + this.#memberCount) return -1;
        ahead[slot]!++;
        return passed - near;
      }
      const last = (this.#firstOfSlot[slot]! + count - 1 - behind[slot]!) % count;
      const place = slot * SLOT_DISTANCE;
      if (distance(place, this.#positions[next]!) <= distance(this.#positions[last]!, place)) {
        ahead[slot]!++;
        return this.#owners[next]!;
      }
      behind[slot]!++;
      return this.#owners[last]!;
    };
  }
}

function positionsOf({ id, weight }: RingMember): number[] {
  const positions: number[] = [];
  for (let node = Math.max(1, Math.round(VIRTUAL_NODES * weight)); node > 0; node--) {
    const hash = farmhash.fingerprint64(`${id}#${node}`);
    positions.push(Number(hash >> 32n), Number(hash & 0xffffffffn));
  }
  return positions;
}

/** The hash by which members choose between slots, 32 bits: as good as any, and the same everywhere. */
export function affinityOf(id: string): (slot: number) => number {
  const own = farmhash.fingerprint32(id);
  return (slot) => mix(own ^ Math.imul(slot + 1, 0x9e3779b1));
}

/** The way round the ring in the direction of the slots. */
function distance(from: number, to: number): number {
  return to >= from ? to - from : to - from + RING_SIZE;
}

function firstOf(positions: Float64Array): Uint32Array {
  const first = new Uint32Array(SLOT_COUNT);
  let token = 0;
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    while (token < positions.length && positions[token]! < slot * SLOT_DISTANCE) token++;
    first[slot] = token;
  }
  return first;
}

/** The finalizer of MurmurHash3 (Appleby, 2011): every bit of the input changes half of the output's. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
