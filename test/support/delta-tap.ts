import { ByteWriter } from "#torus/base/byte-writer.js";
import { crc32 } from "#torus/base/crc32.js";
import { readBatch } from "#torus/delta/batch.js";
import type { Delta } from "#torus/delta/delta.js";
import { DeltaJournal } from "#torus/keyspace/delta-journal.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";

const BYTES_MAX = 2 ** 24;

/** Listens to a keyspace and hands out what it did, as a log or a link would have it: read from bytes. */
export class DeltaTap {
  readonly #writer = new ByteWriter({ bytesMax: BYTES_MAX });

  constructor(readonly keyspace: Keyspace) {
    keyspace.journal = new DeltaJournal(keyspace, this.#writer, crc32);
  }

  /** The deltas of the command, or commands, since the last call; none if nothing changed. */
  take(): readonly Delta[] {
    this.keyspace.journal!.ended();
    const bytes = Buffer.from(this.#writer.written());
    this.#writer.clear();
    if (bytes.length === 0) return [];
    const range = { bytes, start: 0, end: bytes.length };
    const reading = readBatch(range, { checksum: crc32, batchBytesMax: BYTES_MAX });
    if (reading.kind !== "batch") throw new Error(`the journal wrote a batch that is ${reading.kind}`);
    if (reading.end !== bytes.length) throw new Error("the journal wrote more than one batch");
    return reading.deltas;
  }
}
