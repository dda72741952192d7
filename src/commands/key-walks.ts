/** Commands that go over all keys of a database: KEYS, SCAN, RANDOMKEY. */
import { compileGlob, globMatches } from "../base/glob.js";
import type { Location } from "../keyspace/arena.js";
import type { Database } from "../keyspace/database.js";
import { isGhost } from "../keyspace/ghost.js";
import type { Call } from "./call.js";
import { type Command, data } from "./command.js";
import { readCursor, readScanOptions } from "./scan-arguments.js";
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
  const cursor = readCursor(call, 1);
  let wantedType: string | undefined;
  const { match, count } = readScanOptions(call, 2, (i) => {
    if (!call.is(i, "type")) return false;
    wantedType = call.text(i + 1).toLowerCase();
    return true;
  });
  const found: Location[] = [];
  let slot = Math.floor(cursor / HASHES);
  let from = cursor % HASHES;
  if (slot >= database.counts.length) slot = -1;
  while (slot >= 0 && found.length < count) {
    if (from >= HASHES || database.counts[slot] === 0) {
      slot = database.nextSlot(slot + 1);
      from = 0;
    } else {
      from = database.index.collect(slot, from, Math.max(1, count - found.length), found);
    }
  }
  if (slot >= 0 && from >= HASHES) {
    slot = database.nextSlot(slot + 1);
    from = 0;
  }
  reply.array(2);
  reply.bulkInteger(slot < 0 ? 0 : slot * HASHES + from);
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

function randomkey(call: Call): void {
  const { database } = call.keyspace;
  for (let draw = 0; draw < RANDOM_DRAWS_MAX && database.size > 0; draw++) {
    const slot = database.slotOfRank(call.random() % database.size);
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
