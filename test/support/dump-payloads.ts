/** Payloads for RESTORE, made of plain values; byte strings, one character a byte. */
import { ByteWriter } from "#torus/base/byte-writer.js";
import { endPayload } from "#torus/rdb/payload.js";
import {
  beginCollection,
  beginSortedSet,
  writeElement,
  writeScored,
  writeText,
} from "#torus/rdb/value-writer.js";

const BYTES_MAX = 2 ** 24;

export function textPayload(text: string): string {
  return payload((writer) => writeText(writer, rangeOfText(text)));
}

/** Of a hash the fields, each with its value behind it. No two fields, or members, may be alike. */
export function collectionPayload(kind: "hash" | "list" | "set", items: readonly string[]): string {
  return payload((writer) => {
    beginCollection(writer, kind, kind === "hash" ? items.length / 2 : items.length);
    for (const item of items) writeElement(writer, rangeOfText(item));
  });
}

export function sortedSetPayload(scored: readonly (readonly [member: string, score: number])[]): string {
  return payload((writer) => {
    beginSortedSet(writer, scored.length);
    for (const [member, score] of scored) writeScored(writer, rangeOfText(member), score);
  });
}

function payload(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter({ bytesMax: BYTES_MAX });
  write(writer);
  endPayload(writer);
  return writer.written().toString("latin1");
}

function rangeOfText(text: string) {
  const bytes = Buffer.from(text, "latin1");
  return { bytes, start: 0, end: bytes.length };
}
