/** Records that no client sees: tombstones, husks, and collections of which only marks of what was removed are left. */
import type { Location } from "./arena.js";
import type { Database } from "./database.js";
import { isEmptiedHash } from "./hash-body.js";
import { TYPE_HASH, TYPE_NONE } from "./record.js";

export function isGhost(database: Database, at: Location): boolean {
  switch (database.records.type(at)) {
    case TYPE_NONE:
      return true;
    case TYPE_HASH:
      return isEmptiedHash(database, at);
    default:
      return false;
  }
}
