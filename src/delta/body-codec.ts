/**
 * Bodies as values to bytes and back. A body's bytes are the same in the arena and on the wire: those of a text are
 * its own, counters and collections of fields have pages of theirs (packed-counter.ts, packed-entries.ts).
 */
import { unreachable } from "../base/assert.js";
import { ByteWriter } from "../base/byte-writer.js";
import { compareBytes, rangeOf } from "../base/bytes.js";
import { readInt64, writeInt64 } from "../base/int64.js";
import {
  CONTRIBUTION_BYTES,
  COUNTER_BASE_BYTES,
  contributionBoot,
  contributionClock,
  contributionOrigin,
  contributionSum,
  isPackedCounter,
  writeContribution,
} from "./packed-counter.js";
import {
  appendEntry,
  ENTRIES_BASE_BYTES,
  EntryCursor,
  isPackedEntries,
  isPackedList,
  isPackedSet,
  isPackedSortedSet,
} from "./packed-entries.js";
import {
  type Body,
  type CounterBody,
  type Field,
  type FieldsBody,
  type FieldsKind,
  NO_BODY,
  RANKS,
} from "./record-state.js";
import { isPackedStream } from "./stream-items.js";
import { compareVersions, VERSION_ZERO, type Version, writeVersion } from "./version.js";

/** No body is longer: Node's buffers end there. */
export const BODY_BYTES_MAX = 2 ** 32 - 1;
/** What a command makes of other values, or of a dump, is no longer: it is told in one piece, with a key that may be as long as a value. */
export const MADE_BYTES_MAX = 2 ** 31;

/**
 * The canonical bytes of a body: equal bodies have equal ones. Of the many ways to pack entries it is the one with the
 * fields in the order of their bytes, on the lowest of their versions.
 */
export function packBody(body: Body): Uint8Array {
  switch (body.kind) {
    case "none":
      return new Uint8Array(0);
    case "text":
      return body.bytes;
    case "counter":
      return packCounter(body);
    case "hash":
    case "set":
    case "list":
    case "zset":
    case "stream":
      return packFields(body);
    default:
      return unreachable(body);
  }
}

function packCounter({ base, contributions }: CounterBody): Uint8Array {
  const bytes = new Uint8Array(COUNTER_BASE_BYTES + contributions.length * CONTRIBUTION_BYTES);
  writeInt64(bytes, 0, base);
  let at = COUNTER_BASE_BYTES;
  for (const contribution of contributions) {
    writeContribution(bytes, at, contribution);
    at += CONTRIBUTION_BYTES;
  }
  return bytes;
}

function packFields({ fields }: FieldsBody): Uint8Array {
  const writer = new ByteWriter({ capacityBytes: 64 * (fields.size + 1), bytesMax: BODY_BYTES_MAX });
  const base = lowestVersion(fields);
  writeVersion(writer.bytes, 0, base);
  writer.length = ENTRIES_BASE_BYTES;
  const entries = [...fields].map(([name, field]) => ({ name: Buffer.from(name, "latin1"), field }));
  entries.sort((a, b) => compareBytes(a.name, b.name));
  for (const { name, field } of entries) {
    const value = field.value === null ? null : rangeOf(field.value);
    appendEntry(writer, { field: rangeOf(name), value, version: field.version }, base);
  }
  return writer.written();
}

function lowestVersion(fields: ReadonlyMap<string, Field>): Version {
  let lowest: Version | undefined;
  for (const { version } of fields.values()) {
    if (lowest === undefined || compareVersions(version, lowest) < 0) lowest = version;
  }
  return lowest ?? VERSION_ZERO;
}

/**
 * The body of that rank that some bytes from outside are, or undefined if they are none. Values are views of the bytes.
 */
export function unpackBody(rank: number, bytes: Uint8Array): Body | undefined {
  switch (rank) {
    case RANKS.none:
      return bytes.length === 0 ? NO_BODY : undefined;
    case RANKS.text:
      return { kind: "text", bytes };
    case RANKS.counter:
      return isPackedCounter(rangeOf(bytes)) ? unpackCounter(bytes) : undefined;
    case RANKS.hash:
      return isPackedEntries(rangeOf(bytes)) ? unpackFields("hash", bytes) : undefined;
    case RANKS.set:
      return isPackedSet(rangeOf(bytes)) ? unpackFields("set", bytes) : undefined;
    case RANKS.list:
      return isPackedList(rangeOf(bytes)) ? unpackFields("list", bytes) : undefined;
    case RANKS.zset:
      return isPackedSortedSet(rangeOf(bytes)) ? unpackFields("zset", bytes) : undefined;
    case RANKS.stream:
      return isPackedStream(rangeOf(bytes)) ? unpackFields("stream", bytes) : undefined;
    default:
      return undefined;
  }
}

function unpackCounter(bytes: Uint8Array): CounterBody {
  const contributions = [];
  for (let at = COUNTER_BASE_BYTES; at < bytes.length; at += CONTRIBUTION_BYTES) {
    contributions.push({
      origin: contributionOrigin(bytes, at),
      boot: contributionBoot(bytes, at),
      sum: contributionSum(bytes, at),
      clock: contributionClock(bytes, at),
    });
  }
  return { kind: "counter", base: readInt64(bytes, 0), contributions };
}

/** undefined if a field comes twice. */
function unpackFields(kind: FieldsKind, bytes: Uint8Array): FieldsBody | undefined {
  const fields = new Map<string, Field>();
  const cursor = new EntryCursor();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  cursor.open(bytes, 0, bytes.length);
  while (cursor.next()) {
    const name = text.toString("latin1", cursor.fieldStart, cursor.fieldEnd);
    if (fields.has(name)) return undefined;
    fields.set(name, {
      value: cursor.isRemoved ? null : bytes.subarray(cursor.valueStart, cursor.valueEnd),
      version: { clock: cursor.clock(), origin: cursor.origin() },
    });
  }
  return { kind, fields };
}
