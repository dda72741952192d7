/** What an owner has of one key, told in so few words that it can be compared with what another has. */
import { equalVersions, type Version } from "../../delta/version.js";
import { NOWHERE } from "../../keyspace/arena.js";
import { type KeyLocator, LongDigest, locate } from "../../keyspace/long-digest.js";
import { TYPE_NONE } from "../../keyspace/record.js";
import { isHusk, isLong, type Lanes, RecordDigest } from "../../keyspace/record-digest.js";

export interface KeyDigest extends Lanes {
  /** Whether there is a record, be it a tombstone. */
  readonly isThere: boolean;
}

export interface KeyState extends KeyDigest {
  /** The flush floor of the slot in the database: what had a life below it is gone. */
  readonly floor: Version;
}

const NOTHING: KeyDigest = { isThere: false, low: 0, high: 0 };

const record = new RecordDigest();

/** Of the key at a time of the hybrid clock; undefined if it takes steps. */
export function digestAtOnce(place: KeyLocator, atMs: number): KeyDigest | undefined {
  const { database, slot } = place;
  const at = locate(place);
  if (at === NOWHERE) return NOTHING;
  if (isLong(database, at) && !isHusk(database, at, atMs)) return undefined;
  record.take(database, at, { atMs, birth: database.birthFloors.version(slot) });
  return { isThere: true, low: record.low, high: record.high };
}

/**
 * The same of any key, in steps: `run` takes them. What changes meanwhile is digested as it was or as it is, so what is equal to it
 * elsewhere has nothing that was not here.
 */
export async function digestInSteps(
  place: KeyLocator,
  atMs: number,
  run: (step: () => boolean) => Promise<void>,
): Promise<KeyDigest> {
  const short = digestAtOnce(place, atMs);
  if (short !== undefined) return short;
  const long = new LongDigest(place, atMs);
  await run(() => long.step());
  const { at, low, high } = long;
  return at === NOWHERE ? NOTHING : { isThere: true, low, high };
}

export function floorOf({ database, slot }: KeyLocator): Version {
  return database.flushFloors.version(slot);
}

export function equalDigests(one: KeyDigest, other: KeyDigest): boolean {
  return one.isThere === other.isThere && one.low === other.low && one.high === other.high;
}

/** Whether the record speaks of a body that is not here: `lacksBody` of its state (delta/record-state.ts). */
export function awaitsBody(place: KeyLocator, nowMs: number): boolean {
  const { database } = place;
  const { records } = database;
  const at = locate(place);
  if (at === NOWHERE || records.type(at) !== TYPE_NONE || isHusk(database, at, nowMs)) return false;
  if (records.deadline(at) !== 0) return true;
  const life = { clock: records.lifeClock(at), origin: records.lifeOrigin(at) };
  return !equalVersions(life, { clock: records.registerClock(at), origin: records.registerOrigin(at) });
}
