/**
 * What is left of keys that no client can see: tombstones, husks, emptied collections, marks of removed fields. Later
 * writes take their life from it, equally on both sides of a partition, so that what both add adds up; and when all
 * owners know that a thing is gone, its remains are collected.
 *
 * *Floors* are versions that hold for a whole slot. Lives below its flush floor (of a database) do not exist. Every
 * delta up to its birth floor is merged at all its owners: remains up to there have been collected, or may be.
 */
import { assert, unreachable } from "../base/assert.js";
import { clockOfMs, msOfClock } from "./hybrid-clock.js";
import {
  type Body,
  type BodyKind,
  type FieldsBody,
  hasFields,
  isEmptied,
  isExpired,
  isVisible,
  NO_BODY,
  newestVersion,
  type RecordState,
} from "./record-state.js";
import { compareVersions, maxVersion, ORIGIN_NONE, VERSION_ZERO, type Version } from "./version.js";

/** What is known of a slot, in one database, as a whole. */
export interface Floors {
  readonly birth: Version;
  readonly flush: Version;
}

export const NO_FLOORS: Floors = { birth: VERSION_ZERO, flush: VERSION_ZERO };

/** The life of a key of which nothing is left. */
export function birthLife({ birth, flush }: Floors): Version {
  return maxVersion(birth, flush);
}

export interface Succession {
  /** What the write adds to: `counter` for INCR, `hash` for HSET, `set` for SADD. Writes that begin a life themselves do not ask. */
  readonly joining: BodyKind;
  /** The write's own. */
  readonly version: Version;
  readonly floors: Floors;
  /** The hybrid now. */
  readonly nowMs: number;
}

export interface Successor {
  readonly life: Version;
  /**
   * The key's expiry went with what clients saw of it, but its life goes on: the write has to set the register to
   * "never", with its own version.
   */
  readonly clearsExpiry: boolean;
}

/**
 * The life that a write joins when it adds to a key that clients do not see. It follows from the key's remains and the
 * floors, so it is the same on two sides that know the same of the key, and is below whatever a node writes from
 * then on. Only a write of another kind than the emptied collection begins a life: in the old one the rank of what
 * is emptied, not the write, might decide.
 */
export function successor(remains: RecordState | undefined, succession: Succession): Successor {
  const { joining, version, floors, nowMs } = succession;
  const born = birthLife(floors);
  if (remains === undefined) return { life: born, clearsExpiry: false };
  assert(!isVisible(remains, nowMs), "only a key that clients do not see has a successor");
  const { life, expiry, body } = remains;
  if (isExpired(remains, nowMs))
    return { life: maxVersion(lifeAfterExpiry(remains), born), clearsExpiry: false };
  if (body.kind !== "none" && body.kind !== joining) return { life: version, clearsExpiry: false };
  return { life: maxVersion(life, born), clearsExpiry: isEmptied(body) && expiry.deadlineMs !== 0 };
}

/**
 * A life above the expired one, whose register would end the new record at once: the deadline, as a version. Whatever
 * a node writes on seeing the record expired is later than that. A deadline below its own register's version comes
 * of clocks that run ahead of time only.
 */
function lifeAfterExpiry({ life, expiry }: RecordState): Version {
  const clock = Math.max(clockOfMs(expiry.deadlineMs), life.clock + 1, expiry.version.clock + 1);
  return { clock, origin: ORIGIN_NONE };
}

/** Whether everything that the state says was already merged, by all owners, when the slot took its birth floor. */
export function isSettled(state: RecordState, birthFloor: Version): boolean {
  return compareVersions(newestVersion(state), birthFloor) < 0;
}

/** FLUSHALL: whether a life outlasts it. */
export function survivesFlush(life: Version, flushFloor: Version): boolean {
  return compareVersions(life, flushFloor) >= 0;
}

/**
 * What is left of a state when a slot takes a birth floor: no marks of fields removed up to it, and nothing at all
 * of a tombstone, husk or emptied collection that is no newer. A record whose deadline is no later than the floor
 * counts as a husk, body or not: its life must not be taken for that of what is born at the floor.
 */
export function collected(state: RecordState, birthFloor: Version): RecordState | undefined {
  const { life, expiry } = state;
  const isEnded = isExpired(state, msOfClock(birthFloor.clock));
  const body = isEnded ? NO_BODY : withoutMarks(state.body, birthFloor);
  const isOver = (version: Version) => compareVersions(version, birthFloor) <= 0;
  const isDead = isEnded || (isNothing(body) && !isAwaited(state));
  if (isDead && isOver(life) && isOver(expiry.version)) return undefined;
  return body === state.body ? state : { life, expiry, body };
}

/** A deadline to come but no body: the record that it belongs to is still to arrive. */
function isAwaited({ expiry, body }: RecordState): boolean {
  return body.kind === "none" && expiry.deadlineMs !== 0;
}

/** Whether the body has neither content nor marks. */
function isNothing(body: Body): boolean {
  switch (body.kind) {
    case "none":
      return true;
    case "text":
    case "counter":
      return false;
    case "hash":
    case "set":
    case "list":
    case "zset":
    case "stream":
      return body.fields.size === 0;
    default:
      return unreachable(body);
  }
}

function withoutMarks(body: Body, floor: Version): Body {
  if (!hasFields(body)) return body;
  const fields = new Map(body.fields);
  for (const [name, { value, version }] of body.fields) {
    if (value === null && compareVersions(version, floor) <= 0) fields.delete(name);
  }
  return fields.size === body.fields.size ? body : ({ kind: body.kind, fields } satisfies FieldsBody);
}

/**
 * A birth floor that collects all remains in a state and is above everything that they tell of, or undefined if it has
 * none. Above, not at: a delta of the floor's own version would not be ignored if it came again. A slot with a single
 * owner keeps no remains: it takes this floor whenever a write or an expiry leaves some, and collects at once. Not so
 * while a log is replayed: a floor says that all before it is merged.
 */
export function floorOfRemains(state: RecordState, nowMs: number): Version | undefined {
  const { body } = state;
  if (isExpired(state, nowMs)) return maxVersion(floorAbove(newestVersion(state)), lifeAfterExpiry(state));
  if (isAwaited(state)) return undefined;
  if (body.kind === "none" || isEmptied(body)) return floorAbove(newestVersion(state));
  if (!hasFields(body)) return undefined;
  const marks = [...body.fields.values()].filter(({ value }) => value === null);
  return marks.length === 0 ? undefined : floorAbove(marks.map(({ version }) => version).reduce(maxVersion));
}

/** The lowest floor above a version that is below all that a node writes on knowing that version. */
export function floorAbove({ clock }: Version): Version {
  return { clock: clock + 1, origin: ORIGIN_NONE };
}
