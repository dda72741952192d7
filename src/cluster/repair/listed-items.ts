/**
 * Items of a range as another node lists them, in the bytes that came: most of them are found to be here as well by their digests alone, and of those no
 * values are made.
 *
 *     listed := form:u8 db:u8 hash:u32 version low:u32 high:u32                   an item and its digest (repair-messages.ts)
 */
import { ByteReader } from "../../base/byte-reader.js";
import type { ByteWriter } from "../../base/byte-writer.js";
import { VERSION_BYTES } from "../../delta/version.js";
import type { DigestedItem, ListDifference } from "./digest-list.js";
import { DigestPlaces } from "./digest-list.js";
import { FORM_MAX, type ListedItem, readItem, writeDigest, writeItem } from "./repair-messages.js";

const DB_AT = 1;
const CLOCK_AT = 6;
const DIGEST_AT = CLOCK_AT + VERSION_BYTES;
const ITEM_BYTES = DIGEST_AT + 8;
/** Of a clock, which is a safe integer: the highest byte, and what lies above the 53 bits in the one before. */
const CLOCK_TOP_AT = CLOCK_AT + 7;
const BEYOND_CLOCK = 0xe0;

export class ListedItems {
  readonly count: number;
  readonly #bytes: Buffer;
  readonly #databases: number;

  private constructor(bytes: Buffer, databases: number) {
    this.count = bytes.length / ITEM_BYTES;
    this.#bytes = bytes;
    this.#databases = databases;
  }

  /** Undefined if there are not so many, or what there is makes no sense. The bytes are to stay as they are. */
  static read(reader: ByteReader, count: number, databases: number): ListedItems | undefined {
    const { buffer, byteOffset, length } = reader.view(count * ITEM_BYTES);
    const bytes = Buffer.from(buffer, byteOffset, length);
    for (let at = 0; at < length; at += ITEM_BYTES) {
      const isSound =
        bytes[at]! <= FORM_MAX &&
        bytes[at + DB_AT]! < databases &&
        bytes[at + CLOCK_TOP_AT] === 0 &&
        (bytes[at + CLOCK_TOP_AT - 1]! & BEYOND_CLOCK) === 0;
      if (!isSound) return undefined;
    }
    return reader.failed ? undefined : new ListedItems(bytes, databases);
  }

  /** What of these and of a list of this node is in one of the two only. */
  differenceFrom(mine: readonly DigestedItem[]): ListDifference {
    const places = new DigestPlaces(mine);
    const extra: ListedItem[] = [];
    for (let i = 0; i < this.count; i++) {
      const at = i * ITEM_BYTES + DIGEST_AT;
      if (!places.meet(this.#bytes.readInt32LE(at), this.#bytes.readInt32LE(at + 4)))
        extra.push(this.#item(i));
    }
    return { missing: places.missed(), extra };
  }

  #item(i: number): ListedItem {
    const start = i * ITEM_BYTES;
    const reader = new ByteReader({ bytes: this.#bytes, start, end: start + DIGEST_AT });
    return readItem(reader, this.#databases)!;
  }
}

export function writeListedItems(writer: ByteWriter, items: readonly DigestedItem[]): void {
  writer.ensure(items.length * ITEM_BYTES);
  for (const item of items) {
    writeItem(writer, item);
    writeDigest(writer, item);
  }
}
