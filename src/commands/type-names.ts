/** What types and their forms are called where clients can see it. */
import { parseInt64 } from "../base/int64.js";
import type { Location } from "../keyspace/arena.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import {
  FLOAT_TEXT,
  RAW_TEXT,
  type RecordType,
  STRUCTURE,
  TYPE_BLOCK,
  TYPE_COUNTER,
  TYPE_ENTRY,
  TYPE_HASH,
  TYPE_ITEMS,
  TYPE_LIST,
  TYPE_NONE,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_TEXT,
  TYPE_ZSET,
  UNORDERED,
} from "../keyspace/record.js";

/** Longer texts Redis keeps apart from their objects. */
const EMBEDDED_BYTES_MAX = 44;

const NAMES: Readonly<Record<RecordType, string>> = {
  [TYPE_NONE]: "none",
  [TYPE_TEXT]: "string",
  [TYPE_COUNTER]: "string",
  [TYPE_HASH]: "hash",
  [TYPE_SET]: "set",
  [TYPE_LIST]: "list",
  [TYPE_ZSET]: "zset",
  [TYPE_STREAM]: "stream",
  [TYPE_ENTRY]: "none",
  [TYPE_BLOCK]: "none",
  [TYPE_ITEMS]: "none",
};

/** As TYPE answers it. */
export function typeName(type: RecordType): string {
  return NAMES[type];
}

/** As OBJECT ENCODING answers it: Redis's name for what comes nearest to the form the value has here. */
export function encodingName({ records }: Keyspace, at: Location): string {
  const word1 = records.word1(at);
  switch (records.type(at)) {
    case TYPE_HASH:
      return word1 & STRUCTURE ? "hashtable" : "listpack";
    case TYPE_SET:
      // Redis 7.0 packs no other sets than those of integers; that we do is our own affair.
      return word1 & (STRUCTURE | UNORDERED) ? "hashtable" : "intset";
    case TYPE_LIST:
      return "quicklist";
    case TYPE_ZSET:
      return word1 & STRUCTURE ? "skiplist" : "listpack";
    case TYPE_STREAM:
      return "stream";
    case TYPE_COUNTER:
      return word1 & RAW_TEXT ? "raw" : "int";
    default: {
      if (word1 & RAW_TEXT) return "raw";
      const { bytes, start, end } = records.body(at);
      if ((word1 & FLOAT_TEXT) === 0 && parseInt64(bytes, start, end) !== undefined) return "int";
      return end - start <= EMBEDDED_BYTES_MAX ? "embstr" : "raw";
    }
  }
}
