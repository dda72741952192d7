/** Chunks of the stream that wait to be written, and their way into frames: as many as there are at once (group commit). */
import Denque from "denque";
import { ByteWriter } from "../base/byte-writer.js";
import type { Checksum } from "../base/crc32.js";
import { FRAME_HEAD_BYTES, FRAME_PART, FRAME_WHOLE, PAYLOAD_BYTES_MAX, writeFrameHead } from "./frames.js";

/** One write is not longer, so that replies do not wait for the whole of a long queue. */
const GROUP_BYTES_MAX = 4 * 2 ** 20;
/** What systems take in one gathering write (IOV_MAX), with a reserve. */
const GROUP_PARTS_MAX = 1000;

/** Frames to be written one behind the other. */
export interface FrameGroup {
  readonly parts: readonly Buffer[];
  /** The position behind their payloads. */
  readonly end: number;
  /** The durable mark in all of them. */
  readonly durable: number;
}

export interface Packing {
  /** The frames take no more; more than a frame's head. */
  readonly roomBytes: number;
  readonly durable: number;
  readonly salt: number;
  readonly checksum: Checksum;
}

export class FrameQueue {
  /** Bytes that wait, without the heads of their frames. */
  bytes = 0;
  /** Whole chunks, but for the first, of which a part may be gone. */
  readonly #chunks = new Denque<Buffer>();

  /** Where chunks begin and end that were packed into several frames, as long as that matters. */
  #split: { readonly start: number; readonly end: number }[] = [];

  /** `position`: where the bytes begin that wait. */
  constructor(public position: number) {}

  /** Behind all that waits. */
  get end(): number {
    return this.position + this.bytes;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.bytes += chunk.length;
  }

  /** Up to where a log can be read again whose frames last up to a position, which never goes back: to the end of a whole chunk. */
  wholeUpTo(lasting: number): number {
    const split = this.#split;
    while (split.length > 0 && split[0]!.end <= lasting) split.shift();
    return Math.min(lasting, split[0]?.start ?? lasting);
  }

  /** Forgets what waits. The stream goes on at `position`. */
  restart(position: number): void {
    this.#chunks.clear();
    this.bytes = 0;
    this.position = position;
    this.#split = [];
  }

  /** Takes as much from the queue as may be written at once. */
  pack(packing: Packing): FrameGroup {
    const parts: Buffer[] = [];
    let roomBytes = Math.min(packing.roomBytes, GROUP_BYTES_MAX);
    while (this.bytes > 0 && roomBytes > FRAME_HEAD_BYTES && parts.length < GROUP_PARTS_MAX) {
      roomBytes -= this.#packFrame(parts, roomBytes, packing);
    }
    return { parts, end: this.position, durable: packing.durable };
  }

  /** Appends a frame of whole chunks, or a part of one that fits into no frame. Answers its bytes. */
  #packFrame(parts: Buffer[], roomBytes: number, { durable, salt, checksum }: Packing): number {
    const { position } = this;
    const lengthMax = Math.min(PAYLOAD_BYTES_MAX, roomBytes - FRAME_HEAD_BYTES);
    const head = new ByteWriter({ capacityBytes: FRAME_HEAD_BYTES, bytesMax: FRAME_HEAD_BYTES });
    parts.push(head.bytes);
    let kind = FRAME_WHOLE;
    let length = 0;
    let payloadCheck = salt;
    const add = (payload: Buffer) => {
      payloadCheck = checksum(payload, 0, payload.length, payloadCheck);
      length += payload.length;
      parts.push(payload);
    };
    if (this.#chunks.peekFront()!.length > lengthMax) {
      const chunk = this.#chunks.shift()!;
      kind = FRAME_PART;
      const end = position + chunk.length;
      // Or another part of one that was split before.
      if (this.#split.at(-1)?.end !== end) this.#split.push({ start: position, end });
      add(chunk.subarray(0, lengthMax));
      this.#chunks.unshift(chunk.subarray(lengthMax));
    } else {
      while (length + (this.#chunks.peekFront()?.length ?? Infinity) <= lengthMax) {
        add(this.#chunks.shift()!);
        if (parts.length >= GROUP_PARTS_MAX) break;
      }
    }
    writeFrameHead(head, { kind, length, position, durable, payloadCheck }, salt);
    this.bytes -= length;
    this.position += length;
    return FRAME_HEAD_BYTES + length;
  }
}
