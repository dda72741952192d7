/**
 * What is told to other nodes in many small pieces: it gathers for each of them, as the body of one service, and leaves when the turn of the loop is over, or when
 * it is much. What a link cannot take that went down meanwhile is dropped: who tells knows what is to be done about that.
 */
import { ByteWriter } from "../base/byte-writer.js";
import type { Timers } from "../host/timers.js";
import type { Peers } from "./peers.js";

/** What gathered leaves before the turn is over when it is so much. */
const BATCH_BYTES = 64 * 1024;
/** What a longer piece made a batch grow to is not kept. */
const BATCH_BYTES_KEPT_MAX = 256 * 1024;
/** What a link takes, its frame left out. */
export const BODY_BYTES_MAX = 2 ** 30;

export interface TurnBatchesOptions {
  readonly timers: Timers;
  readonly peers: Pick<Peers, "link">;
  readonly service: string;
}

export class TurnBatches {
  readonly #options: TurnBatchesOptions;
  /** By the number of the node. */
  readonly #batches = new Map<number, ByteWriter>();
  #isDue = false;

  constructor(options: TurnBatchesOptions) {
    this.#options = options;
  }

  /** What gathers for a node, to write a piece behind it; then `wrote` is to be called. */
  of(node: number): ByteWriter {
    let batch = this.#batches.get(node);
    if (batch === undefined) {
      batch = new ByteWriter({ bytesMax: BODY_BYTES_MAX, bytesKeptMax: BATCH_BYTES_KEPT_MAX });
      this.#batches.set(node, batch);
    }
    return batch;
  }

  wrote(node: number): void {
    if (this.of(node).length > BATCH_BYTES) {
      this.#send(node);
      return;
    }
    if (this.#isDue) return;
    this.#isDue = true;
    this.#options.timers.afterTurn(() => {
      this.#isDue = false;
      for (const each of this.#batches.keys()) this.#send(each);
    });
  }

  /** What has gathered for a node and not left is not told. */
  drop(node: number): void {
    this.#batches.delete(node);
  }

  #send(node: number): void {
    const batch = this.#batches.get(node)!;
    if (batch.length === 0) return;
    const link = this.#options.peers.link(node);
    if (link === undefined) {
      this.#batches.delete(node);
      return;
    }
    link.tell(this.#options.service, batch.written());
    batch.clear();
  }
}
