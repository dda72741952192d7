/** Writes states (delta/record-state.ts) as records: what merging made of a record and what happened elsewhere. */
import { packBody } from "../delta/body-codec.js";
import { hasFields, isExpired, RANKS, type RecordState } from "../delta/record-state.js";
import { NOWHERE } from "./arena.js";
import { fillEntries } from "./entries-state.js";
import { isGhost } from "./ghost.js";
import type { Keyspace } from "./keyspace.js";
import type { PackingLimits } from "./packing-limits.js";
import { EXPIRED, type RecordType } from "./record.js";

/** Gives the open key a record of this state, whatever it had. What clients do not see of it becomes the key's ghost. */
export function writeState(keyspace: Keyspace, limits: PackingLimits, state: RecordState): void {
  const { life, expiry, body } = state;
  const { records, at, ghost } = keyspace;
  const wasExpired = at === NOWHERE && ghost !== NOWHERE && (records.word1(ghost) & EXPIRED) !== 0;
  const packed = packBody(body);
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
  const type = RANKS[body.kind] as RecordType;
  if (hasFields(body)) {
    fillEntries(keyspace, limits, { type, life }, { bytes, start: 0, end: bytes.length });
  } else {
    keyspace.placeRaw(type, 0, 0, bytes.length);
    records.setLife(keyspace.at, life.clock, life.origin);
    const { bytes: target, start } = records.body(keyspace.at);
    bytes.copy(target, start);
  }
  keyspace.writeRegister(expiry.deadlineMs, expiry.version.clock, expiry.version.origin);
  if (isGhost(keyspace.database, keyspace.at)) keyspace.hide();
  // It stays out of sight: to expire a second time would be to be missed a second time.
  else if (wasExpired && isExpired(state, keyspace.nowMs)) keyspace.conceal();
}
