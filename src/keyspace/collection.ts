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
 * The open collection lost its last element by the version given: the key is gone. Where other owners may have
 * elements of the same life, the record stays for the marks of what was removed; without its deadline, for a key that
 * comes back has none.
 */
export function vanish(keyspace: Keyspace, clock: number, origin: number): void {
  if (!keyspace.keepTombstones) {
    keyspace.drop(clock, origin);
    return;
  }
  if (keyspace.records.deadline(keyspace.at) !== 0) {
    keyspace.writeRegister(0, clock, origin);
    keyspace.journal?.deadlineSet();
  }
  keyspace.ghost = keyspace.at;
  keyspace.at = NOWHERE;
  keyspace.database.countKey(keyspace.slot, -1);
}

/** Makes what is left of an emptied collection visible again, if the open key has such of this type: it gets an element. */
export function revive(keyspace: Keyspace, type: RecordType): boolean {
  if (keyspace.ghost === NOWHERE || keyspace.records.type(keyspace.ghost) !== type) return false;
  keyspace.at = keyspace.ghost;
  keyspace.ghost = NOWHERE;
  keyspace.database.countKey(keyspace.slot, 1);
  if (keyspace.records.deadline(keyspace.at) !== 0) keyspace.database.expiringCount++;
  return true;
}
