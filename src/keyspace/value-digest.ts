/**
 * A digest of what clients see of a key: equal for equal values, in whatever form, life and place they are kept. Unlike the digests by which copies are compared
 * (record-digest.ts) it knows nothing of versions. Lists count in their order, everything else in none.
 */
import type { ByteRange } from "../base/bytes.js";
import { Digest64 } from "../base/digest64.js";
import { ENTRY } from "../delta/stream-items.js";
import { walkOf } from "./collection-walk.js";
import { textOf } from "./counter.js";
import { EntryReader } from "./entry-reader.js";
import type { Keyspace } from "./keyspace.js";
import { hasFields, TYPE_LIST, TYPE_STREAM } from "./record.js";

/** 160 bits, as Redis's. */
const WORDS = 5;
const BYTES = 4 * WORDS;

export type Digest = Int32Array;

const digest64 = new Digest64();

/** Of byte ranges one behind the other. */
export function digestOf(...parts: readonly ByteRange[]): Digest {
  const words = new Int32Array(WORDS + 1);
  for (let pass = 0; pass < words.length; pass += 2) {
    digest64.begin();
    digest64.word(pass);
    for (const { bytes, start, end } of parts) {
      digest64.word(end - start);
      digest64.bytes(bytes, start, end);
    }
    digest64.finish();
    words[pass] = digest64.low;
    words[pass + 1] = digest64.high;
  }
  return words.subarray(0, WORDS);
}

/** Adds a digest to those that came before, in no order. Two that are equal do not cancel each other. */
export function mixIn(sum: Digest, added: Digest): void {
  for (let i = 0; i < WORDS; i++) sum[i] = (sum[i]! + added[i]!) | 0;
}

export function hexOf(digest: Digest): string {
  return Buffer.from(bytesOf(digest).bytes).toString("hex");
}

function bytesOf(digest: Digest): ByteRange {
  const bytes = Buffer.alloc(BYTES);
  for (let i = 0; i < WORDS; i++) bytes.writeInt32BE(digest[i]!, 4 * i);
  return { bytes, start: 0, end: BYTES };
}

/** Of the open key's value; all zeros of an absent key. */
export function valueDigest(keyspace: Keyspace): Digest {
  const { at, records, database } = keyspace;
  let sum: Digest = new Int32Array(WORDS);
  if (at === 0) return sum;
  const type = records.type(at);
  const kind = rangeOfKind(type);
  if (type === TYPE_LIST) {
    walkOf(type)!.forEach(keyspace, at, (element) => {
      sum = digestOf(bytesOf(sum), element);
    });
  } else if (hasFields(type)) {
    const reader = new EntryReader();
    reader.open(database, at);
    while (reader.nextLive()) {
      // Of a stream that is its entries, as in Redis: what it knows of itself names nodes and versions.
      if (type === TYPE_STREAM && reader.field.bytes[reader.field.start] !== ENTRY) continue;
      mixIn(sum, digestOf(reader.field, reader.value!));
    }
  } else {
    return digestOf(rangeOfKind(0), textOf(keyspace, at));
  }
  return digestOf(kind, bytesOf(sum));
}

/** Collections with the same bytes are not equal, if they are of two types. A counter is a text. */
function rangeOfKind(type: number): ByteRange {
  return { bytes: Buffer.of(type), start: 0, end: 1 };
}
