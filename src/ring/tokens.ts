/**
 * The ring that members hash themselves onto (Karger et al., "Consistent Hashing and Random Trees", 1997): every member has
 * tokens in number to its weight, and the slots lie on the ring in their order.
 */
import farmhash from "farmhash";
import { SLOT_COUNT } from "../base/key-hash.js";
import type { RingMember } from "./ring.js";

/** Tokens of a member of weight 1. */
export const VIRTUAL_NODES = 128;

const RING_SIZE = 2 ** 32;

export interface Tokens {
  /** Ascending; equal ones in the order of the members. */
  readonly positions: Float64Array;
  /** Of each, the index of its member. */
  readonly owners: Uint16Array;
  /** Of each slot, the first token at or behind it; `positions.length` for the first of all. */
  readonly firstOfSlot: Uint32Array;
}

/** The tokens of members that are in the order of their ids. */
export function tokensOf(members: readonly RingMember[]): Tokens {
  const tokens: { position: number; owner: number }[] = [];
  members.forEach(({ id, weight }, owner) => {
    const count = Math.max(1, Math.round(VIRTUAL_NODES * weight));
    for (let i = 0; i < count; i++) tokens.push({ position: farmhash.fingerprint32(`${id}#${i}`), owner });
  });
  tokens.sort((a, b) => a.position - b.position || a.owner - b.owner);
  const positions = Float64Array.from(tokens, ({ position }) => position);
  return {
    positions,
    owners: Uint16Array.from(tokens, ({ owner }) => owner),
    firstOfSlot: firstOf(positions),
  };
}

/** A number from 0 up to 1 that is the member's own. */
export function fractionOf(id: string): number {
  return mix(farmhash.fingerprint32(id)) / RING_SIZE;
}

/** The hash by which members choose between slots: as good as any, and the same everywhere. */
export function affinityOf(id: string): (slot: number) => number {
  const own = farmhash.fingerprint32(id);
  return (slot) => mix(own ^ Math.imul(slot + 1, 0x9e3779b1));
}

function firstOf(positions: Float64Array): Uint32Array {
  const first = new Uint32Array(SLOT_COUNT);
  let token = 0;
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    while (token < positions.length && positions[token]! < (slot * RING_SIZE) / SLOT_COUNT) token++;
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
