/** Tells the value of the open key in the form of DUMP (docs/decisions/0034): what each type puts into one. */
import type { ByteWriter } from "../base/byte-writer.js";
import { readScore } from "../delta/score.js";
import { endPayload } from "../rdb/payload.js";
import {
  beginCollection,
  beginSortedSet,
  writeElement,
  writeScored,
  writeText,
} from "../rdb/value-writer.js";
import { textOf } from "./counter.js";
import type { Keyspace } from "./keyspace.js";
import { TYPE_COUNTER, TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STREAM, TYPE_TEXT, TYPE_ZSET } from "./record.js";
import { exportStream } from "./stream-export.js";

const EXPORTS: Readonly<Record<number, (keyspace: Keyspace, writer: ByteWriter) => void>> = {
  [TYPE_TEXT]: exportText,
  [TYPE_COUNTER]: exportText,
  [TYPE_HASH]: exportHash,
  [TYPE_SET]: exportSet,
  [TYPE_LIST]: exportList,
  [TYPE_ZSET]: exportSortedSet,
  [TYPE_STREAM]: exportStream,
};

/** Makes a payload of the open key, which must be visible, in an empty writer. In one go: it takes as long as the value is large. */
export function exportOpen(keyspace: Keyspace, writer: ByteWriter): void {
  EXPORTS[keyspace.records.type(keyspace.at)]!(keyspace, writer);
  endPayload(writer);
}

function exportText(keyspace: Keyspace, writer: ByteWriter): void {
  writeText(writer, textOf(keyspace, keyspace.at));
}

function exportHash({ openEntries }: Keyspace, writer: ByteWriter): void {
  beginCollection(writer, "hash", openEntries.length);
  const reader = openEntries.entries();
  while (reader.nextLive()) {
    writeElement(writer, reader.field);
    writeElement(writer, reader.value!);
  }
}

function exportSet({ openEntries }: Keyspace, writer: ByteWriter): void {
  beginCollection(writer, "set", openEntries.length);
  const reader = openEntries.entries();
  while (reader.nextLive()) writeElement(writer, reader.field);
}

function exportList({ openList }: Keyspace, writer: ByteWriter): void {
  beginCollection(writer, "list", openList.length);
  const reader = openList.open();
  const value = { bytes: NO_BYTES, start: 0, end: 0 };
  while (reader.nextLive()) {
    reader.cursor.value(value);
    writeElement(writer, value);
  }
}

/** In whatever order they lie. */
function exportSortedSet({ openEntries }: Keyspace, writer: ByteWriter): void {
  beginSortedSet(writer, openEntries.length);
  const reader = openEntries.entries();
  while (reader.nextLive()) {
    const { bytes, start, end } = reader.value!;
    writeScored(writer, reader.field, readScore(bytes, start, end));
  }
}

const NO_BYTES = Buffer.alloc(0);
