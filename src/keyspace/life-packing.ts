/** Packs the entries of a life that they begin, as a value that came from outside has them: all versions are this node's. */
import { ByteWriter, WriterFull } from "../base/byte-writer.js";
import type { ByteRange } from "../base/bytes.js";
import { MADE_BYTES_MAX } from "../delta/body-codec.js";
import { appendEntry, ENTRIES_BASE_BYTES, type Entry } from "../delta/packed-entries.js";
import { type Version, writeVersion } from "../delta/version.js";
import type { Keyspace } from "./keyspace.js";
import type { RecordType } from "./record.js";

/** Sizes and age of a short entry. */
export const ENTRY_OVERHEAD_BYTES = 4;

/** Packed entries of a life that is begun by them. */
export interface ImportedEntries {
  readonly kind: "entries";
  readonly type: RecordType;
  readonly life: Version;
  readonly entries: Buffer;
}

export class LifePacking {
  /** Of the entries that follow. */
  version: Version;
  readonly life: Version;
  readonly #keyspace: Keyspace;
  readonly #writer: ByteWriter;

  /** With room for as many bytes, about. Throws `WriterFull` if a key may not have them. */
  constructor(keyspace: Keyspace, byteLength: number) {
    const capacityBytes = ENTRIES_BASE_BYTES + byteLength;
    if (capacityBytes > MADE_BYTES_MAX) throw new WriterFull(`${capacityBytes} bytes are no body`);
    this.#keyspace = keyspace;
    this.#writer = new ByteWriter({ capacityBytes, bytesMax: MADE_BYTES_MAX });
    this.life = this.version = this.#newVersion();
    writeVersion(this.#writer.bytes, 0, this.life);
    this.#writer.length = ENTRIES_BASE_BYTES;
  }

  nextVersion(): void {
    this.version = this.#newVersion();
  }

  add(field: ByteRange, value: ByteRange): void {
    const entry: Entry = { field, value, version: this.version };
    appendEntry(this.#writer, entry, this.life);
  }

  finish(type: RecordType): ImportedEntries {
    return { kind: "entries", type, life: this.life, entries: this.#writer.written() };
  }

  #newVersion(): Version {
    const { clock, origin } = this.#keyspace;
    return { clock: clock.next(), origin };
  }
}
