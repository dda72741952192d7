/**
 * Messages on their way to another node: the body of the service `publish`, which is told, not asked.
 *
 *     body    := message+
 *     message := kind:u8 length:varint channel{length} length:varint payload{length}       kind: 0 channel, 1 shard channel
 */
import { ByteReader } from "../../base/byte-reader.js";
import type { ByteWriter } from "../../base/byte-writer.js";
import { rangeOf } from "../../base/bytes.js";
import type { ChannelKind } from "../../pubsub/message.js";

const kinds: readonly ChannelKind[] = ["channel", "shard"];

export function writeMessage(
  writer: ByteWriter,
  kind: ChannelKind,
  channel: Uint8Array,
  payload: Uint8Array,
): void {
  writer.u8(kinds.indexOf(kind));
  writer.sized(rangeOf(channel));
  writer.sized(rangeOf(payload));
}

/** Calls `take` for each; the payload is valid during the call. False where the bytes make no sense. */
export function readMessages(
  body: Buffer,
  take: (kind: ChannelKind, channel: string, payload: Buffer) => void,
): boolean {
  const reader = new ByteReader(rangeOf(body));
  while (reader.remaining > 0) {
    const kind = kinds[reader.u8()];
    const channel = reader.sized();
    const payload = reader.sized();
    if (kind === undefined || reader.failed) return false;
    take(kind, viewOf(channel).toString("latin1"), viewOf(payload));
  }
  return true;
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
