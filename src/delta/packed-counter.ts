/**
 * A counter as one run of bytes: its body in the arena and on the wire.
 *
 *     counter      := base:i64 contribution*
 *     contribution := sum:i64 clock:u64 origin:u16 reserved:u16 boot:u32        24 bytes
 *
 * Contributions stand in ascending order of origin, then boot, one for each; `reserved` is 0. Everything here works
 * where the bytes lie and allocates nothing while numbers are safe integers. Only `isPackedCounter` doubts its input.
 */
import { ByteReader } from "../base/byte-reader.js";
import type { ByteRange } from "../base/bytes.js";
import { type Int64, readInt64, saturateInt64, writeInt64 } from "../base/int64.js";
import type { Contribution, CounterBody } from "./record-state.js";
import { readClock, writeClock } from "./version.js";

export const COUNTER_BASE_BYTES = 8;
export const CONTRIBUTION_BYTES = 24;

const CLOCK_AT = 8;
const ORIGIN_AT = 16;
const BOOT_AT = 20;

/**
 * The value of the counter `bytes[start, end)`: base and sums added exactly, then saturated, so that it does not
 * depend on an order of adding. A counter with its single contribution, the usual one, is two reads.
 */
export function packedCounterValue(bytes: Uint8Array, start: number, end: number): Int64 {
  let value = 0;
  for (let at = start; at < end; at += at === start ? COUNTER_BASE_BYTES : CONTRIBUTION_BYTES) {
    const part = readInt64(bytes, at);
    if (typeof part === "number") value += part;
    else value = Number.NaN;
    if (!Number.isSafeInteger(value)) return exactValue(bytes, start, end);
  }
  return value;
}

function exactValue(bytes: Uint8Array, start: number, end: number): Int64 {
  let value = BigInt(readInt64(bytes, start));
  for (let at = start + COUNTER_BASE_BYTES; at < end; at += CONTRIBUTION_BYTES) {
    value += BigInt(readInt64(bytes, at));
  }
  return saturateInt64(value);
}

/** The same value of a counter that is not packed. */
export function counterValue({ base, contributions }: CounterBody): Int64 {
  return saturateInt64(contributions.reduce((value, { sum }) => value + BigInt(sum), BigInt(base)));
}

/** Who contributes: a run of a node. */
export type Contributor = Pick<Contribution, "origin" | "boot">;

/** Where the contribution of `who` begins in the counter `bytes[start, end)`, or, if it has none, where it belongs as `~offset`. */
export function findContribution(bytes: Uint8Array, start: number, end: number, who: Contributor): number {
  let at = start + COUNTER_BASE_BYTES;
  for (; at < end; at += CONTRIBUTION_BYTES) {
    const origin = contributionOrigin(bytes, at);
    if (origin < who.origin) continue;
    if (origin > who.origin) break;
    const boot = contributionBoot(bytes, at);
    if (boot === who.boot) return at;
    if (boot > who.boot) break;
  }
  return ~at;
}

/** The parts of the contribution that begins at `at`. */
export function contributionSum(bytes: Uint8Array, at: number): Int64 {
  return readInt64(bytes, at);
}

export function contributionClock(bytes: Uint8Array, at: number): number {
  return readClock(bytes, at + CLOCK_AT);
}

export function contributionOrigin(bytes: Uint8Array, at: number): number {
  return bytes[at + ORIGIN_AT]! | (bytes[at + ORIGIN_AT + 1]! << 8);
}

export function contributionBoot(bytes: Uint8Array, at: number): number {
  const from = at + BOOT_AT;
  return (bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24)) >>> 0;
}

/** Gives the contribution that begins at `at` another sum. */
export function rewriteContribution(bytes: Uint8Array, at: number, sum: Int64, clock: number): void {
  writeInt64(bytes, at, sum);
  writeClock(bytes, at + CLOCK_AT, clock);
}

/** Writes `CONTRIBUTION_BYTES` bytes. */
export function writeContribution(
  bytes: Uint8Array,
  at: number,
  { origin, boot, sum, clock }: Contribution,
): void {
  rewriteContribution(bytes, at, sum, clock);
  bytes[at + ORIGIN_AT] = origin;
  bytes[at + ORIGIN_AT + 1] = origin >>> 8;
  bytes[at + ORIGIN_AT + 2] = 0;
  bytes[at + ORIGIN_AT + 3] = 0;
  bytes[at + BOOT_AT] = boot;
  bytes[at + BOOT_AT + 1] = boot >>> 8;
  bytes[at + BOOT_AT + 2] = boot >>> 16;
  bytes[at + BOOT_AT + 3] = boot >>> 24;
}

/** Whether bytes from outside have the form above, so that the functions above may work on them. */
export function isPackedCounter(range: ByteRange): boolean {
  const reader = new ByteReader(range);
  let before: Contributor = { origin: -1, boot: 0 };
  reader.skip(COUNTER_BASE_BYTES);
  while (reader.remaining > 0) {
    reader.skip(CLOCK_AT);
    reader.u64();
    const origin = reader.u16();
    const reserved = reader.u16();
    const boot = reader.u32();
    if (reserved !== 0 || origin < before.origin) return false;
    if (origin === before.origin && boot <= before.boot) return false;
    before = { origin, boot };
  }
  return !reader.failed;
}
