/** Commands that go over all keys of a database: KEYS, SCAN, RANDOMKEY. */
import { compileGlob, globMatches } from "../base/glob.js";
import type { Location } from "../keyspace/arena.js";
import type { Database } from "../keyspace/database.js";
import { isGhost } from "../keyspace/ghost.js";
import type { Call } from "./call.js";
import { type Command, data } from "./command.js";
import { countOwnKeys, endOfOwnSlots, isOwnSlot, ownSlotOfRank } from "./own-slots.js";
import { readScanOptions } from "./scan-arguments.js";
import { cursorOf, readPosition } from "./scan-cursor.js";
import { typeName } from "./type-names.js";

/** Cells looked at in one step of a walk over all keys. */
const WALK_HOMES = 256;
const HASHES = 2 ** 32;
/** Keys drawn at random may be about to expire; so many draws find another one, or there is hardly any. */
const RANDOM_DRAWS_MAX = 100;

export const keyWalkCommands: readonly Command[] = [
  data({
    name: "keys",
    arity: 2,
    group: "generic",
    flags: ["readonly"],
    categories: ["dangerous"],
    tips: ["request_policy:all_shards", "nondeterministic_output_order"],
    syntax: "pattern:pattern",
    since: "1.0.0",
    complexity: "O(N) in keys of the database",
    summary: "Lists all keys that match a pattern.",
    seesAll: true,
    differs:
      "On a cluster it is about the keys of all nodes, each asked at its own time; if one cannot be reached, it fails.",
    across: "lists",
    run: keys,
  }),
  data({
    name: "scan",
    arity: -2,
    group: "generic",
    flags: ["readonly"],
    tips: ["nondeterministic_output", "request_policy:special"],
    syntax: "cursor:integer [MATCH pattern:pattern] [COUNT count:integer] [TYPE type@6.0.0]",
    since: "2.8.0",
    complexity: "O(1) a call, O(N) in keys for a whole pass",
    summary: "Lists keys a few at a time, from a cursor to the next.",
    history: [["6.0.0", "TYPE"]],
    seesAll: true,
    differs:
      "On a cluster it walks the keys of all nodes, slot by slot; one call looks at slots of one node.",
    across: "walk",
    run: scan,
  }),
  data({
    name: "randomkey",
    arity: 1,
    group: "generic",
    flags: ["readonly"],
    tips: ["request_policy:all_shards", "nondeterministic_output"],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Answers a key picked at random.",
    seesAll: true,
    differs:
      "On a cluster it is about the keys of all nodes, each asked at its own time; if one cannot be reached, it fails.",
    across: "draw",
    run: randomkey,
  }),
];

function keys(call: Call): void {
  const { keyspace, reply } = call;
  const { database } = keyspace;
  const glob = compileGlob(call.bytes.subarray(call.start(1), call.end(1)));
  const mark = reply.reserveArray();
  let count = 0;
  const found: Location[] = [];
  for (let slot = database.nextSlot(0); slot >= 0; slot = database.nextSlot(slot + 1)) {
    if (!isOwnSlot(call, slot)) continue;
    for (let from = 0; from < HASHES; found.length = 0) {
      from = database.index.collect(slot, from, WALK_HOMES, found);
      for (const at of found) {
        if (!isVisible(call, database, at)) continue;
        const { bytes, start, end } = database.records.key(at);
        if (!globMatches(glob, bytes, start, end)) continue;
        reply.bulk(bytes, start, end);
        count++;
      }
    }
  }
  reply.fillArray(mark, count);
}

function scan(call: Call): void {
  const { keyspace, reply } = call;
  const { database } = keyspace;
  let { slot, hash: from } = readPosition(call, 1);
  const start = cursorOf(call, { slot, hash: from });
  const end = endOfOwnSlots(call, slot);
  let wantedType: string | undefined;
  const { match, count } = readScanOptions(call, 2, (i) => {
    if (!call.is(i, "type")) return false;
    wantedType = call.text(i + 1).toLowerCase();
    return true;
  });
  const found: Location[] = [];
  // A cursor may say less than where the walk is: it goes on until it can be told.
  while (slot < end && (found.length < count || cursorOf(call, { slot, hash: from }) === start)) {
    if (database.counts[slot] !== 0) {
      from = database.index.collect(slot, from, Math.max(1, count - found.length), found);
      if (from < HASHES) continue;
    }
    slot = nextSlotBefore(database, slot + 1, end);
    from = 0;
  }
  reply.array(2);
  reply.bulkInteger(cursorOf(call, { slot, hash: from }));
  const mark = reply.reserveArray();
  let matches = 0;
  for (const at of found) {
    if (!isVisible(call, database, at)) continue;
    if (wantedType !== undefined && typeName(database.records.type(at)) !== wantedType) continue;
    const { bytes, start, end } = database.records.key(at);
    if (match && !globMatches(match, bytes, start, end)) continue;
    reply.bulk(bytes, start, end);
    matches++;
  }
  reply.fillArray(mark, matches);
}

/** The next slot with keys, or `end` if there is none before. */
function nextSlotBefore(database: Database, from: number, end: number): number {
  const slot = database.nextSlot(from);
  return slot < 0 || slot > end ? end : slot;
}

function randomkey(call: Call): void {
  const { database } = call.keyspace;
  const size = countOwnKeys(call);
  for (let draw = 0; draw < RANDOM_DRAWS_MAX && size > 0; draw++) {
    const slot = ownSlotOfRank(call, call.random() % size);
    const at = database.near(slot, call.random() | 0);
    if (!isVisible(call, database, at)) continue;
    const { bytes, start, end } = database.records.key(at);
    call.reply.bulk(bytes, start, end);
    return;
  }
  call.reply.null();
}

function isVisible({ keyspace }: Call, database: Database, at: Location): boolean {
  const deadline = database.records.deadline(at);
  return !isGhost(database, at) && (deadline === 0 || deadline > keyspace.nowMs);
}
