/** What commands put aside before they change anything: more than there is room for is refused, and then nothing has happened. */
import { WriterFull } from "../base/byte-writer.js";
import { MADE_BYTES_MAX } from "../delta/body-codec.js";
import { OUT_OF_MEMORY, ReplyError } from "../protocol/reply-error.js";

export interface Room {
  readonly bytesMax: number;
  /** What the client is told if that is not enough. */
  readonly refusal: string;
}

export const ROOM_OF_STORED: Room = { bytesMax: MADE_BYTES_MAX, refusal: OUT_OF_MEMORY };

/** Does what may throw `WriterFull`, and refuses the command if it does. */
export function withinRoom<T>({ refusal }: Room, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof WriterFull ? new ReplyError(refusal) : error;
  }
}
