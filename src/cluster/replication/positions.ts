/**
 * How far a node is with all streams: with its own, and with those that it receives. Nodes tell it each other when one is to execute in the
 * place of another, and after the death of a third.
 *
 *     positions := node:16 boot:u32 end:u64 received          `end` of the node's own stream
 *     received  := count:u16 position{count}
 *     position  := node:16 boot:u32 applied:u64 isWhole:u8
 *
 * Positions of two nodes in the stream of a third compare for the slots that all of them own, and for no others: each gets what
 * concerns it.
 */
import type { ByteReader } from "../../base/byte-reader.js";
import type { ByteWriter } from "../../base/byte-writer.js";
import { rangeOf } from "../../base/bytes.js";
import type { LocalStream } from "../../durability/change-stream.js";

const NODE_ID_BYTES = 16;
const POSITION_BYTES = NODE_ID_BYTES + 13;

/** In the stream of a life of another node. */
export interface StreamPosition {
  /** 32 hexadecimal digits. */
  readonly nodeId: string;
  readonly boot: number;
  /** All up to here is there. */
  readonly applied: number;
  /** Whether nothing before that is missing. */
  readonly isWhole: boolean;
}

export interface Positions {
  readonly nodeId: string;
  readonly boot: number;
  /** Behind what the node executed last. */
  readonly end: number;
  readonly received: readonly StreamPosition[];
}

export interface PositionsSource {
  readonly nodeId: string;
  readonly boot: number;
  readonly stream: LocalStream;
  readonly receiver: { positions(): readonly StreamPosition[] };
}

/** Of this node, which hands over to who ships its stream all that it has executed by now. */
export function positionsOf({ nodeId, boot, stream, receiver }: PositionsSource): Positions {
  stream.flushNow();
  return { nodeId, boot, end: stream.localPosition, received: receiver.positions() };
}

/** Bytes that so many positions take. */
export function receivedBytes(count: number): number {
  return 2 + count * POSITION_BYTES;
}

export function writePositions(writer: ByteWriter, { nodeId, boot, end, received }: Positions): void {
  writeNodeId(writer, nodeId);
  writer.u32(boot);
  writer.u64(end);
  writeReceived(writer, received);
}

/** Undefined if they make no sense; what follows them is left to be read. */
export function readPositions(reader: ByteReader): Positions | undefined {
  const nodeId = readNodeId(reader);
  const boot = reader.u32();
  const end = reader.u64();
  const received = readReceived(reader);
  return received === undefined ? undefined : { nodeId, boot, end, received };
}

export function writeReceived(writer: ByteWriter, received: readonly StreamPosition[]): void {
  writer.u16(received.length);
  for (const { nodeId, boot, applied, isWhole } of received) {
    writeNodeId(writer, nodeId);
    writer.u32(boot);
    writer.u64(applied);
    writer.u8(isWhole ? 1 : 0);
  }
}

export function readReceived(reader: ByteReader): readonly StreamPosition[] | undefined {
  const count = reader.u16();
  if (reader.failed || reader.remaining < count * POSITION_BYTES) return undefined;
  const received = Array.from({ length: count }, () => ({
    nodeId: readNodeId(reader),
    boot: reader.u32(),
    applied: reader.u64(),
    isWhole: reader.u8() === 1,
  }));
  return reader.failed ? undefined : received;
}

export function writeNodeId(writer: ByteWriter, nodeId: string): void {
  writer.range(rangeOf(Buffer.from(nodeId, "hex")));
}

export function readNodeId(reader: ByteReader): string {
  return Buffer.from(reader.view(NODE_ID_BYTES)).toString("hex");
}
