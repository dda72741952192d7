/** What this node has of all streams, as it tells others, and how it gets to have what another one has. */
import { ByteReader } from "../../base/byte-reader.js";
import { ByteWriter } from "../../base/byte-writer.js";
import { rangeOf } from "../../base/bytes.js";
import type { LocalStream } from "../../durability/change-stream.js";
import type { Timers } from "../../host/timers.js";
import type { NodeId } from "../../membership/member.js";
import { positionsOf, readPositions, writePositions } from "./positions.js";
import type { Receiver } from "./receiver.js";
import type { Survivors } from "./survivors.js";

/** Of as many nodes as may own slots together, two lives each, there is room many times over. */
const POSITIONS_BYTES_MAX = 2 ** 20;
const REACH_TIMEOUT_MS = 2000;

export interface CatchingUpOptions {
  readonly host: { readonly timers: Timers };
  readonly nodeId: NodeId;
  readonly boot: number;
  readonly stream: LocalStream;
  readonly receiver: Receiver;
  readonly survivors: Survivors;
}

export class CatchingUp {
  readonly #options: CatchingUpOptions;
  readonly #writer = new ByteWriter({ bytesMax: POSITIONS_BYTES_MAX });

  constructor(options: CatchingUpOptions) {
    this.#options = options;
  }

  /** Hands over what this node has executed, first. */
  positions(): Buffer {
    const writer = this.#writer;
    writer.clear();
    writePositions(writer, positionsOf(this.#options));
    return Buffer.from(writer.written());
  }

  /** Resolves when this node has what another one has by its positions, or with false if that is not to be soon. */
  async reach(nodeId: NodeId, bytes: Buffer): Promise<boolean> {
    const positions = readPositions(new ByteReader(rangeOf(bytes)));
    if (positions === undefined || positions.nodeId !== nodeId) return false;
    const { boot, end, received } = positions;
    const isThere = await Promise.all([
      this.received(nodeId, boot, end),
      this.soon(this.#options.survivors.catchUp(nodeId, received)),
    ]);
    return !isThere.includes(false);
  }

  /** Whether what a node executed up to a position of its stream is here soon. */
  received(nodeId: NodeId, boot: number, end: number): Promise<boolean> {
    const { receiver } = this.#options;
    const isHere = () => {
      const applied = receiver.stream(nodeId, boot)?.applied;
      return applied !== undefined && applied >= end && receiver.isInSync(nodeId, boot);
    };
    if (isHere()) return Promise.resolve(true);
    let unsubscribe = () => {};
    const here = new Promise<boolean>((resolve) => {
      unsubscribe = receiver.subscribe(() => {
        if (isHere()) resolve(true);
      });
    });
    return this.soon(here).finally(unsubscribe);
  }

  /** What something comes to, or false if that takes too long. */
  soon(outcome: Promise<boolean>): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#options.host.timers.after(REACH_TIMEOUT_MS, () => resolve(false));
      void outcome.then((value) => {
        cancel();
        resolve(value);
      });
    });
  }
}
