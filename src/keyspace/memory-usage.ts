/** What a key costs in memory. */
import type { Location } from "./arena.js";
import type { Database } from "./database.js";
import { BODY_LENGTH, STRUCTURE, TYPE_LIST, TYPE_STREAM } from "./record.js";

/** Hash and location, and room to find them quickly: tables are three quarters full at most. */
const INDEX_BYTES = 12;

/**
 * The bytes that a record takes with all that hangs on it and its place in the index. Of a large collection up to
 * `samples` entries are measured and stand for the others.
 */
export function bytesOfRecord(
  { records, fields, lists, streams }: Database,
  at: Location,
  samples: number,
): number {
  const isStructure = (records.word1(at) & STRUCTURE) !== 0;
  const type = records.type(at);
  const structures = type === TYPE_LIST ? lists : type === TYPE_STREAM ? streams : fields;
  const structure = isStructure ? structures.bytesOf(records.word(at, BODY_LENGTH), samples) : 0;
  return records.sizeOf(at) + structure + INDEX_BYTES;
}
