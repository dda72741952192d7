/**
 * Versions: when, and at which node, something was written. They are ordered by clock, then by origin. No two writes
 * of a healthy cluster share one; where two things do all the same, the larger of their bytes wins (merge.ts).
 *
 *     version := clock:u64 origin:u16                  little-endian
 */
import { readInt64 } from "../base/int64.js";

const TWO_32 = 2 ** 32;

export interface Version {
  /** From a `HybridClock`: a safe integer, 2048 to the millisecond. */
  readonly clock: number;
  /** The node that wrote it, 1 to 65535, or `ORIGIN_NONE`. */
  readonly origin: number;
}

/**
 * The origin of lives that nobody wrote but all derive (remains.ts). No node has it, so whatever a node writes at
 * the same clock is above a derived life.
 */
export const ORIGIN_NONE = 0;
export const ORIGIN_MAX = 0xffff;

export const VERSION_BYTES = 10;

/** Below every version that a node issues. */
export const VERSION_ZERO: Version = { clock: 0, origin: ORIGIN_NONE };

/** Negative, zero or positive, as `a` is below, equal to or above `b`. */
export function compareVersions(a: Version, b: Version): number {
  return a.clock === b.clock ? a.origin - b.origin : a.clock - b.clock;
}

export function equalVersions(a: Version, b: Version): boolean {
  return a.clock === b.clock && a.origin === b.origin;
}

export function maxVersion(a: Version, b: Version): Version {
  return compareVersions(a, b) >= 0 ? a : b;
}

/** Writes `VERSION_BYTES` bytes. */
export function writeVersion(bytes: Uint8Array, at: number, { clock, origin }: Version): void {
  writeClock(bytes, at, clock);
  bytes[at + 8] = origin;
  bytes[at + 9] = origin >>> 8;
}

/** Writes eight bytes. Small enough to be inlined, so that no clock is boxed on its way. */
export function writeClock(bytes: Uint8Array, at: number, clock: number): void {
  const high = (clock / TWO_32) | 0;
  bytes[at] = clock | 0;
  bytes[at + 1] = (clock | 0) >>> 8;
  bytes[at + 2] = (clock | 0) >>> 16;
  bytes[at + 3] = (clock | 0) >>> 24;
  bytes[at + 4] = high;
  bytes[at + 5] = high >>> 8;
  bytes[at + 6] = high >>> 16;
  bytes[at + 7] = high >>> 24;
}

/** The clock of a version that was written, or checked, by this node. */
export function readClock(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at) as number;
}

/** The origin of a version that was written, or checked, by this node. */
export function readOrigin(bytes: Uint8Array, at: number): number {
  return bytes[at + 8]! | (bytes[at + 9]! << 8);
}
