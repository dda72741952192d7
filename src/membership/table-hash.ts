/**
 * A hash of a set that is kept up to date as members come, change and go: the sum of a hash of each. Two tables that differ have
 * equal hashes with a chance of 2^-64; nobody who may speak here at all gains by making them so.
 */
import type { Member } from "./member.js";

export interface TableDigest {
  /** Unsigned 32-bit words. */
  readonly low: number;
  readonly high: number;
}

export class TableHash {
  private low = 0;
  private high = 0;

  get digest(): TableDigest {
    return { low: this.low >>> 0, high: this.high >>> 0 };
  }

  add({ low, high }: TableDigest): void {
    this.low = (this.low + low) | 0;
    this.high = (this.high + high) | 0;
  }

  subtract({ low, high }: TableDigest): void {
    this.low = (this.low - low) | 0;
    this.high = (this.high - high) | 0;
  }
}

export function equalDigests(one: TableDigest, other: TableDigest): boolean {
  return one.low === other.low && one.high === other.high;
}

/**
 * What a member adds: its id, the version of its record, and whether it is dead. A suspicion is left out: it is soon over
 * either way, and not worth sending tables for.
 */
export function mixMember({ record, status }: Member): TableDigest {
  const { id, boot, incarnation } = record;
  const isDead = status === "dead" ? 1 : 0;
  let [low, high] = [0x9e3779b9, 0x85ebca6b];
  for (let at = 0; at < id.length; at++) {
    const code = id.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high + code, 0x27d4eb2d) ^ (high >>> 15);
  }
  for (const word of [boot, incarnation, isDead]) {
    low = finish(low ^ word);
    high = finish(high + word);
  }
  return { low, high };
}

/** The finalizer of MurmurHash3: every bit of the word decides about every bit of the result. */
function finish(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
