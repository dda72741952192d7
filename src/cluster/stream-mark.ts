/**
 * How far a node was that executed commands of a connection: whoever has as much of that node's stream, and has agreed with it on all else
 * (replication/agreements.ts), has all that the replies told of.
 *
 *     mark := node:16 boot:u32 generation:u32 position:u64
 */
import { ByteReader } from "../base/byte-reader.js";
import { ByteWriter } from "../base/byte-writer.js";
import { rangeOf } from "../base/bytes.js";

const NODE_ID_BYTES = 16;
export const MARK_BYTES = NODE_ID_BYTES + 16;

export interface StreamMark {
  /** 32 hexadecimal digits. */
  readonly nodeId: string;
  readonly boot: number;
  /** Rises whenever the node has got what it executes for by another way than executing. */
  readonly generation: number;
  /** Behind all that it executed since it started: a local position (durability/change-stream.ts). */
  readonly position: number;
}

export function writeMark({ nodeId, boot, generation, position }: StreamMark): Buffer {
  const writer = new ByteWriter({ capacityBytes: MARK_BYTES, bytesMax: MARK_BYTES });
  writer.range(rangeOf(Buffer.from(nodeId, "hex")));
  writer.u32(boot);
  writer.u32(generation);
  writer.u64(position);
  return Buffer.from(writer.written());
}

/** Undefined if the bytes are none. */
export function readMark(bytes: Buffer, start: number, end: number): StreamMark | undefined {
  if (end - start !== MARK_BYTES) return undefined;
  const reader = new ByteReader({ bytes, start, end });
  const nodeId = Buffer.from(reader.view(NODE_ID_BYTES)).toString("hex");
  const mark = { nodeId, boot: reader.u32(), generation: reader.u32(), position: reader.u64() };
  return reader.failed ? undefined : mark;
}

/** What a connection has been shown: of each node that executed something for it, how far that was. */
export class SeenMarks {
  readonly #byNode = new Map<string, StreamMark>();

  /** `isWhole`: nothing was executed elsewhere for the connection of which no mark tells. */
  constructor(readonly isWhole: boolean) {}

  /** Another answer of a node. An earlier life of it is over: what is left of that its later ones have. */
  note(mark: StreamMark): void {
    const known = this.#byNode.get(mark.nodeId);
    if (known === undefined || known.boot < mark.boot) {
      this.#byNode.set(mark.nodeId, mark);
      return;
    }
    if (known.boot > mark.boot) return;
    const generation = Math.max(known.generation, mark.generation);
    const position = Math.max(known.position, mark.position);
    this.#byNode.set(mark.nodeId, { ...mark, generation, position });
  }

  of(nodeId: string): StreamMark | undefined {
    return this.#byNode.get(nodeId);
  }

  get all(): Iterable<StreamMark> {
    return this.#byNode.values();
  }
}
