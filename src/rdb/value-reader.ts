/**
 * Reads a value in any of the forms that Redis has given it since its first release: the first byte says which. What is wrong in any
 * way, such as a collection without an element, is no value; whether an element is there twice is not looked at.
 *
 * No length is believed before the bytes are seen that it speaks of: memory is taken for what is there, and for what LZF can make of it.
 */
import type { ByteReader } from "../base/byte-reader.js";
import { readNumberText } from "../base/number-text.js";
import { readIntset } from "./intset.js";
import { Items } from "./items.js";
import { readListpack } from "./listpack.js";
import { readStream } from "./stream-reader.js";
import type { DumpedStream } from "./stream-value.js";
import { readLength, readString, type UnpackingRoom } from "./strings.js";
import type { DumpedValue } from "./value.js";
import {
  HASH,
  HASH_LISTPACK,
  HASH_ZIPLIST,
  HASH_ZIPMAP,
  LIST,
  LIST_QUICKLIST,
  LIST_QUICKLIST_2,
  LIST_ZIPLIST,
  NODE_PACKED,
  NODE_PLAIN,
  SET,
  SET_INTSET,
  SET_LISTPACK,
  SORTED_SET,
  SORTED_SET_2,
  SORTED_SET_LISTPACK,
  SORTED_SET_ZIPLIST,
  STREAM_LISTPACKS,
  STREAM_LISTPACKS_2,
  STREAM_LISTPACKS_3,
  TEXT,
} from "./value-types.js";
import { readZiplist } from "./ziplist.js";
import { readZipmap } from "./zipmap.js";

/** Adds what a packed form holds to `items`; false if it is no such form. */
type Unpack = (bytes: Uint8Array, items: Items) => boolean;

/** Scores are no longer in a ziplist or a listpack. */
const SCORE_BYTES_MAX = 128;

/** The value; undefined if it is none. Throws `WriterFull` for more than `bytesMax` in it, or to be unpacked for it. */
export function readValue(reader: ByteReader, bytesMax: number): DumpedValue | undefined {
  const type = reader.u8();
  const value = valueAs(type, reader, { bytesMax, left: bytesMax });
  return reader.failed ? undefined : value;
}

function valueAs(type: number, reader: ByteReader, room: UnpackingRoom): DumpedValue | undefined {
  switch (type) {
    case TEXT:
      return { kind: "text", bytes: readString(reader, room) };
    case LIST:
      return listOf(readStrings(reader, 1, room));
    case LIST_ZIPLIST:
      return listOf(unpacked(reader, readZiplist, room));
    case LIST_QUICKLIST:
      return listOf(readNodes(reader, room, () => readZiplist));
    case LIST_QUICKLIST_2:
      return listOf(readNodes(reader, room, nodeForm));
    case SET:
      return setOf(readStrings(reader, 1, room));
    case SET_INTSET:
      return setOf(unpacked(reader, readIntset, room));
    case SET_LISTPACK:
      return setOf(unpacked(reader, readListpack, room));
    case HASH:
      return hashOf(readStrings(reader, 2, room));
    case HASH_ZIPMAP:
      return hashOf(unpacked(reader, readZipmap, room));
    case HASH_ZIPLIST:
      return hashOf(unpacked(reader, readZiplist, room));
    case HASH_LISTPACK:
      return hashOf(unpacked(reader, readListpack, room));
    case SORTED_SET:
      return readSortedSet(reader, room, readShownScore);
    case SORTED_SET_2:
      return readSortedSet(reader, room, readDouble);
    case SORTED_SET_ZIPLIST:
      return sortedSetOf(unpacked(reader, readZiplist, room), room);
    case SORTED_SET_LISTPACK:
      return sortedSetOf(unpacked(reader, readListpack, room), room);
    case STREAM_LISTPACKS:
      return streamOf(readStream(reader, 1, room));
    case STREAM_LISTPACKS_2:
      return streamOf(readStream(reader, 2, room));
    case STREAM_LISTPACKS_3:
      return streamOf(readStream(reader, 3, room));
    default:
      return undefined;
  }
}

function streamOf(stream: DumpedStream | undefined): DumpedValue | undefined {
  return stream && { kind: "stream", stream };
}

function listOf(elements: Items | undefined): DumpedValue | undefined {
  return elements && { kind: "list", elements };
}

function setOf(members: Items | undefined): DumpedValue | undefined {
  return members && { kind: "set", members };
}

function hashOf(fields: Items | undefined): DumpedValue | undefined {
  return fields && fields.count % 2 === 0 ? { kind: "hash", fields } : undefined;
}

/** So many strings for each of the elements that are counted first. */
function readStrings(reader: ByteReader, perElement: 1 | 2, room: UnpackingRoom): Items | undefined {
  const count = readLength(reader) * perElement;
  const items = new Items(room.bytesMax);
  for (let i = 0; i < count; i++) {
    const string = readString(reader, room);
    if (reader.failed) return undefined;
    items.add(string);
  }
  return count === 0 ? undefined : items;
}

function unpacked(reader: ByteReader, unpack: Unpack, room: UnpackingRoom): Items | undefined {
  const packed = readString(reader, room);
  const items = new Items(room.bytesMax);
  return !reader.failed && unpack(packed, items) && items.count > 0 ? items : undefined;
}

/** Nodes of a quicklist, of which each may be empty. */
function readNodes(
  reader: ByteReader,
  room: UnpackingRoom,
  formOf: (reader: ByteReader) => Unpack | undefined,
): Items | undefined {
  const items = new Items(room.bytesMax);
  const count = readLength(reader);
  for (let i = 0; i < count; i++) {
    const unpack = formOf(reader);
    const node = readString(reader, room);
    if (unpack === undefined || reader.failed || !unpack(node, items)) return undefined;
  }
  return items.count > 0 ? items : undefined;
}

function nodeForm(reader: ByteReader): Unpack | undefined {
  switch (readLength(reader)) {
    case NODE_PLAIN:
      return (node, items) => {
        items.add(node);
        return true;
      };
    case NODE_PACKED:
      return readListpack;
    default:
      return undefined;
  }
}

function readSortedSet(
  reader: ByteReader,
  room: UnpackingRoom,
  readScore: (reader: ByteReader) => number,
): DumpedValue | undefined {
  const count = readLength(reader);
  const members = new Items(room.bytesMax);
  const scores: number[] = [];
  for (let i = 0; i < count; i++) {
    members.add(readString(reader, room));
    const score = readScore(reader);
    if (reader.failed || Number.isNaN(score)) return undefined;
    scores.push(score);
  }
  return count === 0 ? undefined : { kind: "sorted set", members, scores: Float64Array.from(scores) };
}

function readDouble(reader: ByteReader): number {
  const bytes = reader.view(8);
  return reader.failed ? 0 : new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
}

/** A length and digits, or a length that stands for what has none. */
function readShownScore(reader: ByteReader): number {
  const length = reader.u8();
  if (length === 255) return Number.NEGATIVE_INFINITY;
  if (length === 254) return Number.POSITIVE_INFINITY;
  if (length === 253) return Number.NaN;
  return scoreOf(reader.view(length));
}

function sortedSetOf(items: Items | undefined, room: UnpackingRoom): DumpedValue | undefined {
  if (items === undefined || items.count % 2 === 1) return undefined;
  const members = new Items(room.bytesMax);
  const scores = new Float64Array(items.count / 2);
  for (let i = 0; i < scores.length; i++) {
    members.add(items.view(2 * i));
    scores[i] = scoreOf(items.view(2 * i + 1));
    if (Number.isNaN(scores[i])) return undefined;
  }
  return { kind: "sorted set", members, scores };
}

/** What the digits of a score stand for; NaN if they are none. */
function scoreOf(digits: Uint8Array): number {
  if (digits.length > SCORE_BYTES_MAX) return Number.NaN;
  const text = Buffer.from(digits).toString("latin1");
  const number = readNumberText(text);
  if (number?.kind === "decimal") return Number(text);
  if (number?.kind === "infinity")
    return number.negative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number.NaN;
}
