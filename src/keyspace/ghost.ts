/**
 * Records that no client sees: tombstones and husks, what expired and keeps its body, and collections of which only marks of
 * what was removed are left.
 */
import type { Location } from "./arena.js";
import type { Database } from "./database.js";
import { hasNoLive } from "./entries-body.js";
import {
  EXPIRED,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_NONE,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_ZSET,
  typeOf,
} from "./record.js";

export function isGhost(database: Database, at: Location): boolean {
  const word1 = database.records.word1(at);
  if (word1 & EXPIRED) return true;
  switch (typeOf(word1)) {
    case TYPE_NONE:
      return true;
    case TYPE_HASH:
    case TYPE_SET:
    case TYPE_LIST:
    case TYPE_ZSET:
    case TYPE_STREAM:
      return hasNoLive(database, at);
    default:
      return false;
  }
}
