/**
 * SCAN's cursor: a slot, and a hash in it from which the walk goes on. Slots are walked in the order of their numbers, whoever
 * executes them, so that nothing that stays is missed while they change hands.
 *
 * A node that belongs to no cluster writes both as they are. In a cluster hashes mean something only to nodes with the same
 * seed: a cursor inside a slot names the seed in 15 bits, and to a node with another one it means the slot's begin. Cursors stay
 * below 2^53, for clients that read them as numbers:
 *
 *     cursor := slot * 2^32 + hash                                       alone
 *     cursor := mark * 2^38 + slot * 2^24 + hash / 2^8                   in a cluster; the mark is 0 with hash 0
 */
import { SLOT_COUNT } from "../base/key-hash.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { SLOT_END } from "../keyspace/slot-walk.js";
import type { Call } from "./call.js";
import { readCursor } from "./scan-arguments.js";

const HASH_STEP = 2 ** 8;
const SLOT_UNIT = SLOT_END / HASH_STEP;
const MARK_UNIT = SLOT_COUNT * SLOT_UNIT;
const MARKS = 2 ** 15;

export interface ScanPosition {
  /** From 0 to beyond the last one. */
  readonly slot: number;
  /** 0 to 2^32 - 1. */
  readonly hash: number;
}

export function readPosition(call: Call, index: number): ScanPosition {
  const cursor = readCursor(call, index);
  if (call.routes === null) return { slot: Math.floor(cursor / SLOT_END), hash: cursor % SLOT_END };
  if (cursor >= MARKS * MARK_UNIT) return { slot: SLOT_COUNT, hash: 0 };
  const isOurs = Math.floor(cursor / MARK_UNIT) === markOf(call.keyspace);
  return { slot: slotIn(cursor), hash: isOurs ? (cursor % SLOT_UNIT) * HASH_STEP : 0 };
}

/** Behind the last slot the walk is over, which is cursor 0. In a cluster the position may lie a little before the given one. */
export function cursorOf(call: Call, { slot, hash }: ScanPosition): number {
  if (slot >= SLOT_COUNT) return 0;
  if (call.routes === null) return slot * SLOT_END + hash;
  const step = Math.floor(hash / HASH_STEP);
  return (step === 0 ? 0 : markOf(call.keyspace) * MARK_UNIT) + slot * SLOT_UNIT + step;
}

/** The slot that a cursor of a cluster says, whose executor is to go on; 0 if it is no cursor, which anybody may answer. */
export function slotOfCursor(call: Call, index: number): number {
  const cursor = Number(call.text(index));
  return cursor > 0 && cursor < MARKS * MARK_UNIT ? slotIn(cursor) : 0;
}

function slotIn(cursor: number): number {
  return Math.floor(cursor / SLOT_UNIT) % SLOT_COUNT;
}

const MARK_KEY = Buffer.from("what a seed makes of this");

/** 1 to 2^15 - 1. */
function markOf({ hasher }: Keyspace): number {
  hasher.forget();
  hasher.digest(MARK_KEY, 0, MARK_KEY.length);
  return ((hasher.hash >>> 0) % (MARKS - 1)) + 1;
}
