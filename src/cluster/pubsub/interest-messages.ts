/**
 * How a node tells another one what its clients are subscribed to: the body of the service `interest`, and its answer.
 *
 *     part    := epoch:varint number:varint flags:u8 want*          parts of an epoch have numbers from 0 on
 *     want    := kind:u8 count:varint length:varint name{length}    count 0: nobody wants it any more
 *     answer  := isTaken:u8                                         0: begin a new epoch
 *
 * Flags: 1, with this part an epoch begins, of which the parts up to the one with flag 2 tell all that is wanted; what was told before
 * and is not among it is over then. 4: everything is wanted. Kinds: 0 channel, 1 pattern, 2 shard channel.
 */
import { ByteReader } from "../../base/byte-reader.js";
import { ByteWriter } from "../../base/byte-writer.js";
import { rangeOf } from "../../base/bytes.js";
import type { Want } from "../../pubsub/interest.js";
import { subscriptionKinds } from "../../pubsub/subscriber.js";

export const BEGINS = 1;
export const ENDS = 2;
export const WANTS_ALL = 4;
const FLAGS = BEGINS | ENDS | WANTS_ALL;

export interface InterestPart {
  readonly epoch: number;
  readonly number: number;
  readonly flags: number;
  readonly wants: readonly Want[];
}

/** More than any part has: a name may be as long as an argument. */
const BYTES_MAX = 2 ** 30;

export function writePart({ epoch, number, flags, wants }: InterestPart): Buffer {
  const writer = new ByteWriter({ bytesMax: BYTES_MAX });
  writer.varint(epoch);
  writer.varint(number);
  writer.u8(flags);
  for (const { kind, name, count } of wants) {
    writer.u8(subscriptionKinds.indexOf(kind));
    writer.varint(count);
    writer.sized(rangeOf(Buffer.from(name, "latin1")));
  }
  return writer.written();
}

/** Undefined if it makes no sense. */
export function readPart(bytes: Buffer): InterestPart | undefined {
  const reader = new ByteReader(rangeOf(bytes));
  const epoch = reader.varint();
  const number = reader.varint();
  const flags = reader.u8();
  const wants: Want[] = [];
  while (!reader.failed && reader.remaining > 0) {
    const kind = subscriptionKinds[reader.u8()];
    const count = reader.varint();
    const name = Buffer.from(reader.sized()).toString("latin1");
    if (kind === undefined) return undefined;
    wants.push({ kind, name, count });
  }
  return reader.failed || (flags & ~FLAGS) !== 0 ? undefined : { epoch, number, flags, wants };
}
