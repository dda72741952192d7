/** Looks at batches without loading them: whether each is whole, and every delta in it makes sense. */
import type { Checksum } from "../base/crc32.js";
import { readBatch } from "../delta/batch.js";
import { ReplayFailure } from "../keyspace/replay.js";
import type { BatchTarget } from "./snapshot-reader.js";

const BATCH_BYTES_MAX = 2 ** 32 - 1;

export class BatchChecker implements BatchTarget {
  batches = 0;
  deltas = 0;
  readonly #checksum: Checksum;

  constructor(checksum: Checksum) {
    this.#checksum = checksum;
  }

  apply(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const reading = readBatch(
        { bytes, start: at, end },
        { checksum: this.#checksum, batchBytesMax: BATCH_BYTES_MAX },
      );
      if (reading.kind === "incomplete") break;
      if (reading.kind === "damaged") throw new ReplayFailure(reading.reason, at);
      this.batches++;
      this.deltas += reading.deltas.length;
      at = reading.end;
    }
    return at - start;
  }
}
