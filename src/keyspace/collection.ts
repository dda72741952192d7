/** What records that hold collections share: they outgrow their records, and without an element they are no key. */
import { NOWHERE } from "./arena.js";
import type { Keyspace } from "./keyspace.js";
import {
  BODY_LENGTH,
  OUTSIDE,
  type RecordType,
  registerBytes,
  STRUCTURE,
  TYPE_FLAGS_ORIGIN,
} from "./record.js";
import { succeed } from "./succession.js";

/** Frees the bytes of the open record's body and lets the record stand for a structure. */
export function restructure(keyspace: Keyspace, handle: number): void {
  const { records } = keyspace;
  const word1 = records.word1(keyspace.at);
  if (word1 & OUTSIDE) {
    records.releaseOutside(records.word(keyspace.at, BODY_LENGTH));
    records.setWord(keyspace.at, BODY_LENGTH, 0);
    records.setWord(keyspace.at, TYPE_FLAGS_ORIGIN, word1 & ~OUTSIDE);
  }
  const at = keyspace.reshape(registerBytes(word1), 0);
  records.setWord(at, BODY_LENGTH, handle);
  records.setWord(at, TYPE_FLAGS_ORIGIN, records.word1(at) | STRUCTURE);
}

/**
 * The open collection lost its last element by a version of this clock: the key is gone. Where other owners may have
 * elements of the same life, the record stays for the marks of what was removed, out of sight.
 */
export function vanish(keyspace: Keyspace, clock: number): void {
  if (keyspace.keepTombstones) keyspace.hide();
  else keyspace.drop(clock + 1);
}

/** The emptied collection that is the ghost of the open key has an element again. */
export function reappear(keyspace: Keyspace): void {
  const { database, records, ghost } = keyspace;
  if (records.deadline(ghost) !== 0) database.expiringCount++;
  database.countKey(keyspace.slot, 1);
  keyspace.at = ghost;
  keyspace.ghost = NOWHERE;
}

/**
 * Lets a write of version `clock` go on with the emptied collection of this type that the open key left, if it did. To
 * clients it is a new key, which has no deadline: not even that of the life that it goes on with.
 */
export function revive(keyspace: Keyspace, type: RecordType, clock: number): boolean {
  const { ghost, records, nowMs } = keyspace;
  if (ghost === NOWHERE || records.type(ghost) !== type) return false;
  // Its life is over with all that it holds: the key goes on in another one.
  if (records.deadline(ghost) !== 0 && records.deadline(ghost) <= nowMs) return false;
  const { life, expiry } = succeed(keyspace, type, clock);
  reappear(keyspace);
  records.setLife(ghost, life.clock, life.origin);
  keyspace.writeRegister(expiry.deadlineMs, expiry.version.clock, expiry.version.origin);
  keyspace.happened("new", "new");
  return true;
}
