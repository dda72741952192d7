/**
 * What deltas do to the keyspace: they are merged with what is there. Log, links and backup come through here;
 * commands do not, but what they do in place is the same, and a test holds every one of them to that.
 */
import { assert, unreachable } from "../base/assert.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import { applyPatch, applyRecord, type Circumstances, type Outcome } from "../delta/apply.js";
import type {
  CollectDelta,
  Delta,
  DropDelta,
  FlushDelta,
  KeyPlace,
  PatchDelta,
  PieceDelta,
  RecordDelta,
  SwapDelta,
} from "../delta/delta.js";
import { equalStates } from "../delta/equal-states.js";
import { msOfClock } from "../delta/hybrid-clock.js";
import { merge } from "../delta/merge.js";
import { NO_BODY, newestVersion, type RecordState } from "../delta/record-state.js";
import { collected, floorOfRemains, isSettled, survivesFlush } from "../delta/remains.js";
import { compareVersions, maxVersion, type Version } from "../delta/version.js";
import { type Location, NOWHERE } from "./arena.js";
import type { Database } from "./database.js";
import { entryCount, hasNoLive, isTable, newestEntryClock } from "./entries-body.js";
import type { Keyspace } from "./keyspace.js";
import type { PackingLimits } from "./packing-limits.js";
import { TYPE_NONE, TYPE_TEXT } from "./record.js";
import type { Records } from "./records.js";
import { dropMarks, hasRemains } from "./remains.js";
import { dropKey, SlotEraser } from "./slot-eraser.js";
import { forEachKey } from "./slot-walk.js";
import { readLife, readState } from "./state-reader.js";
import { writeState } from "./state-writer.js";
import { emptied } from "./succession.js";

/** `needs-record`: the delta builds on what is missing here, and an owner that has the record must send it whole. */
export type Application = Outcome["kind"];

/**
 * Merges a delta into the keyspace. Doing it again changes nothing. The databases that it names exist. Which database
 * and key are open afterwards is undefined.
 */
export function applyDelta(keyspace: Keyspace, limits: PackingLimits, delta: Delta): Application {
  switch (delta.kind) {
    case "record":
      return applyToKey(keyspace, limits, delta);
    case "patch":
      return applyToKey(keyspace, limits, delta);
    case "piece":
      return applyPiece(keyspace, delta);
    case "flush":
      return flush(keyspace, delta);
    case "collect":
      collect(keyspace, limits, delta);
      return "merged";
    case "swap":
      return swap(keyspace, delta);
    case "forget":
      new SlotEraser(keyspace, delta.slot).finish();
      return "merged";
    case "drop":
      return drop(keyspace, delta);
    case "local":
      return "ignored";
    default:
      return unreachable(delta);
  }
}

function applyToKey(keyspace: Keyspace, limits: PackingLimits, delta: RecordDelta | PatchDelta): Application {
  keyspace.clock.observe(delta.kind === "patch" ? delta.life.clock : newestVersion(delta.state).clock);
  openKey(keyspace, delta);
  const { database, slot, nowMs } = keyspace;
  const at = placeOf(keyspace);
  const before = at === NOWHERE ? undefined : readState(database, at);
  const circumstances: Circumstances = { floors: database.floorsOf(slot), nowMs };
  const outcome =
    delta.kind === "patch"
      ? applyPatch(before, delta, circumstances)
      : applyRecord(before, delta.state, circumstances);
  // A single owner has nobody to ask for a record, so it keeps nothing that waits for one.
  if (outcome.kind === "merged" || (outcome.kind === "needs-record" && keyspace.keepTombstones)) {
    if (outcome.state !== undefined) keep(keyspace, limits, before, outcome.state);
  }
  return outcome.kind;
}

/**
 * Where remains are kept nothing expires by being opened here: an expired text would lose what the delta builds on, which is missed if a
 * later one, perhaps of the same batch, puts the deadline off.
 */
function openKey(keyspace: Keyspace, { db, key }: KeyPlace): void {
  assert(db < keyspace.databases.length, "a delta is of a database that exists");
  keyspace.select(db);
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.length);
  const { nowMs } = keyspace;
  if (keyspace.keepTombstones) keyspace.nowMs = 0;
  keyspace.peek(bytes, 0, bytes.length);
  keyspace.nowMs = nowMs;
}

/** The record of the open key, whoever sees it. */
function placeOf({ at, ghost }: Keyspace): Location {
  return at !== NOWHERE ? at : ghost;
}

/** Lets a state be the open key's, or what a single owner, who keeps no remains, leaves of it. */
function keep(
  keyspace: Keyspace,
  limits: PackingLimits,
  before: RecordState | undefined,
  state: RecordState,
): void {
  const floor = keyspace.keepTombstones ? undefined : floorOfRemains(state, keyspace.nowMs);
  if (floor !== undefined) raiseBirthFloor(keyspace.database, keyspace.slot, floor);
  replace(keyspace, limits, before, floor === undefined ? state : collected(state, floor));
}

function replace(
  keyspace: Keyspace,
  limits: PackingLimits,
  before: RecordState | undefined,
  after: RecordState | undefined,
): void {
  const isSame = before === undefined || after === undefined ? before === after : equalStates(before, after);
  if (isSame) return;
  const wasSeen = keyspace.at !== NOWHERE;
  if (after === undefined) keyspace.drop(0);
  else writeState(keyspace, limits, after);
  if (wasSeen || keyspace.at !== NOWHERE) keyspace.changed();
}

function raiseBirthFloor({ birthFloors }: Database, slot: number, { clock, origin }: Version): void {
  birthFloors.raise(slot, clock, origin);
}

// ---- What concerns slots as a whole ----

function flush(keyspace: Keyspace, { db, slot, floor }: FlushDelta): Application {
  keyspace.clock.observe(floor.clock);
  for (const database of keyspace.databases) {
    if (db !== null && db !== database.number) continue;
    keyspace.select(database.number);
    if (slot === null) database.flushFloors.raiseAll(floor.clock, floor.origin);
    else database.flushFloors.raise(slot, floor.clock, floor.origin);
    const [first, last] = slot === null ? [0, SLOT_COUNT - 1] : [slot, slot];
    for (let each = first; each <= last; each++) {
      if (database.index.count(each) > 0) endLivesBelow(keyspace, each, floor);
    }
  }
  return "merged";
}

/** Ends the lives of the selected database in a slot that a flush ends. */
export function endLivesBelow(keyspace: Keyspace, slot: number, floor: Version): void {
  const { database } = keyspace;
  const isOver = (at: Location) => !survivesFlush(readLife(database, at).life, floor);
  forEachKey(keyspace, slot, isOver, () => {
    // To open a key whose record has expired is to lose it.
    if (placeOf(keyspace) === NOWHERE) return;
    const wasSeen = keyspace.at !== NOWHERE;
    keyspace.drop(0);
    if (wasSeen) keyspace.changed();
  });
}

/** Answers how many records and entries of tables were walked. */
export function collect(
  keyspace: Keyspace,
  limits: PackingLimits,
  { db, slot, floor }: CollectDelta,
): number {
  keyspace.clock.observe(floor.clock);
  let walked = 0;
  for (const database of keyspace.databases) {
    if (db !== null && db !== database.number) continue;
    if (compareVersions(floor, database.birthFloors.version(slot)) <= 0) continue;
    keyspace.select(database.number);
    raiseBirthFloor(database, slot, floor);
    // Those that are left are noted anew.
    database.forgetMarks(slot);
    if (database.index.count(slot) > 0) walked += collectRemains(keyspace, limits, slot, floor);
  }
  return walked;
}

/** Lets a slot of the selected database lose what remains up to a floor. Answers as `collect` does. */
export function collectRemains(
  keyspace: Keyspace,
  limits: PackingLimits,
  slot: number,
  floor: Version,
): number {
  const { database } = keyspace;
  const { records } = database;
  const endedMs = msOfClock(floor.clock);
  let walked = database.index.count(slot);
  const isWanted = (at: Location) => isEnded(records, at, endedMs) || hasRemains(database, at);
  forEachKey(keyspace, slot, isWanted, () => {
    const at = placeOf(keyspace);
    if (at === NOWHERE) return;
    if (isTable(database, at)) {
      walked += collectTable(keyspace, limits, at, floor);
    } else {
      const before = readState(database, at);
      replace(keyspace, limits, before, collected(before, floor));
    }
    if (keyspace.at !== NOWHERE && hasRemains(database, keyspace.at)) database.noteMark(slot);
  });
  return walked;
}

/**
 * Lets the open record, a table or a row of blocks, be what is `collected` of it, without reading it: it may be large, and what is given up is
 * freed in slices. Answers how many entries were walked.
 */
function collectTable(keyspace: Keyspace, limits: PackingLimits, at: Location, floor: Version): number {
  const { database } = keyspace;
  const { records } = database;
  const isOver = isEnded(records, at, msOfClock(floor.clock));
  // What is not older than the floor may be of its clock and another origin.
  const isOld = hasNoLive(database, at) && newestEntryClock(database, at) < floor.clock;
  const walked = isOver || isOld ? 0 : entryCount(database, at);
  if (walked > 0) dropMarks(keyspace, at, floor);
  if (!isOver && !isOld && entryCount(database, at) > 0) return walked;
  const wasSeen = keyspace.at !== NOWHERE;
  const left = collected(
    { ...readLife(database, at), body: isOver ? NO_BODY : emptied(records.type(at)) },
    floor,
  );
  if (left === undefined) keyspace.drop(0);
  else writeState(keyspace, limits, left);
  if (wasSeen) keyspace.changed();
  return walked;
}

/** Whether the time of a record has come. */
function isEnded(records: Records, at: Location, endMs: number): boolean {
  const deadlineMs = records.deadline(at);
  return deadlineMs !== 0 && deadlineMs <= endMs;
}

function applyPiece(keyspace: Keyspace, piece: PieceDelta): Application {
  const { life, expiry, totalBytes, offset, bytes } = piece;
  keyspace.clock.observe(maxVersion(life, expiry.version).clock);
  openKey(keyspace, piece);
  const { database, records, slot } = keyspace;
  const { birth, flush } = database.floorsOf(slot);
  const state = { life, expiry, body: NO_BODY };
  if (isSettled(state, birth) || !survivesFlush(life, flush)) return "ignored";
  const at = placeOf(keyspace);
  const before = at === NOWHERE ? state : { ...readLife(database, at), body: NO_BODY };
  const order = compareVersions(before.life, life);
  if (order > 0) return "ignored";
  const isOfLife = at !== NOWHERE && order === 0;
  if (!isOfLife || records.type(at) === TYPE_NONE) {
    const register = isOfLife ? merge(before, state).expiry : expiry;
    keyspace.placeRaw(TYPE_TEXT, 0, 0, totalBytes);
    records.setLife(keyspace.at, life.clock, life.origin);
    keyspace.writeRegister(register.deadlineMs, register.version.clock, register.version.origin);
  } else if (records.type(at) !== TYPE_TEXT || records.bodyLength(at) !== totalBytes) {
    return "ignored";
  }
  records.makeOwn(keyspace.at);
  const body = records.body(keyspace.at);
  body.bytes.set(bytes, body.start + offset);
  return "merged";
}

function drop(keyspace: Keyspace, { db, key }: DropDelta): Application {
  assert(db < keyspace.databases.length, "a delta is of a database that exists");
  keyspace.select(db);
  dropKey(keyspace, Buffer.from(key.buffer, key.byteOffset, key.length));
  return "merged";
}

/** Not a merge: see docs/decisions on SWAPDB. */
function swap(keyspace: Keyspace, { one, other, version }: SwapDelta): Application {
  keyspace.clock.observe(version.clock);
  if (compareVersions(version, keyspace.lastSwap) <= 0) return "ignored";
  const { length } = keyspace.databases;
  assert(one < length && other < length, "databases that changed places exist");
  keyspace.swap(one, other, version);
  return "merged";
}
