/** Payloads for RESTORE, made of plain values; byte strings, one character a byte. */
import { ByteWriter } from "#torus/base/byte-writer.js";
import { endPayload } from "#torus/rdb/payload.js";
import { StreamWriter } from "#torus/rdb/stream-writer.js";
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

/** Of a stream whose ids are milliseconds alone. Entries have two fields, or one. */
export interface StreamContent {
  /** Rising. */
  readonly ids: readonly number[];
  readonly values: readonly string[];
  readonly deletedId: number;
  readonly added: number;
  readonly groups: readonly {
    readonly name: string;
    readonly lastId: number;
    /** -1 if nobody knows. */
    readonly read: number;
    readonly consumers: readonly string[];
    /** Of the consumer of this number. */
    readonly pending: readonly { readonly id: number; readonly consumer: number; readonly times: number }[];
  }[];
}

/** When everything in it happened. */
const HAPPENED_MS = 1_700_000_000_000;

export function streamPayload({ ids, values, deletedId, added, groups }: StreamContent): string {
  const stream = new StreamWriter(BYTES_MAX);
  for (const [i, id] of ids.entries()) {
    const fields = [{ field: rangeOfText("f"), value: rangeOfText(values[i]!) }];
    if (i % 3 === 2) fields.push({ field: rangeOfText("more"), value: rangeOfText("1") });
    stream.add(idOf(id), fields);
  }
  return payload((writer) =>
    stream.finish(writer, {
      lastId: idOf(Math.max(ids.at(-1) ?? 0, deletedId)),
      maxDeletedId: idOf(deletedId),
      entriesAdded: BigInt(added),
      groups: groups.map(({ name, lastId, read, consumers, pending }) => ({
        name: Buffer.from(name, "latin1"),
        lastId: idOf(lastId),
        entriesRead: BigInt(read),
        consumers: consumers.map((consumer) => ({
          name: Buffer.from(consumer, "latin1"),
          seenMs: HAPPENED_MS,
          activeMs: HAPPENED_MS,
        })),
        pending: pending.map(({ id, consumer, times }) => ({
          id: idOf(id),
          consumer,
          deliveredMs: HAPPENED_MS,
          deliveries: times,
        })),
      })),
    }),
  );
}

function idOf(ms: number): Buffer {
  const id = Buffer.alloc(16);
  id.writeBigUInt64BE(BigInt(ms));
  return id;
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
