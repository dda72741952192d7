/**
 * What a node says to another owner of its slots, by the service `replicate`, and what those say to each other of a third, by the
 * service `received` (docs/formats/replication.md).
 *
 *     request  := 1 session:u32 end:u64 owned:u32 boot:u32 position:u64 crc:u32 slot:u16*    open
 *               | 2 session:u32 flags:u8 from:u64 to:u64 crc:u32 batch*                batches
 *     answer   := verdict:u8 flags:u8 boot:u32 taken:u32 applied:u64 durable:u64
 *
 *     question := 1 node:16 boot:u32 from:u64 count:u16 slot:u16{count}                pull
 *               | 2                                                                    how far
 *     pulled   := found:u8 from:u64 to:u64 end:u64 crc:u32 batch*
 *     told     := crc:u32 received                                                     positions.ts
 *
 * Positions are local ones of the sender, in a pull those of the node asked about. `crc` is the CRC-32 of all but itself.
 */
import { ByteReader } from "../../base/byte-reader.js";
import { ByteWriter } from "../../base/byte-writer.js";
import { rangeOf } from "../../base/bytes.js";
import type { Checksum } from "../../base/crc32.js";
import { SLOT_COUNT } from "../../base/key-hash.js";
import type { LocalPosition } from "../../durability/local-tail.js";
import {
  readNodeId,
  readReceived,
  receivedBytes,
  type StreamPosition,
  writeNodeId,
  writeReceived,
} from "./positions.js";

export const REPLICATE_SERVICE = "replicate";
export const RECEIVED_SERVICE = "received";

const OPEN = 1;
const BATCHES = 2;

const PULL = 1;
const HOW_FAR = 2;

/** In a request: the stream begins, or goes on, at `from`, whatever came before. */
const STARTS = 1;
/** In a request: nothing before `from` is missing. */
const WHOLE = 2;

/** In an answer. */
const KNOWN = 1;
const IS_WHOLE = 2;
const KEEPS = 4;
const KEEPS_WHOLE = 8;

export interface OpenRequest {
  readonly kind: "open";
  /** Rises with every one that a node opens while it runs. */
  readonly session: number;
  /** Who has all up to here is in sync. */
  readonly end: number;
  /** A checksum of the slots that are shipped (slot-filter.ts). */
  readonly owned: number;
  /**
   * The stream goes on, from its beginning, where that of an earlier life was, of which more may have been executed: who lacks nothing up to
   * there lacks nothing. Undefined if it does not, or nobody knows.
   */
  readonly continues: LocalPosition | undefined;
  /** What concerns these slots may build on what is missing: they are shipped for a while only, and not copied yet. */
  readonly newSlots: readonly number[];
  /** Whether the checksum is right. */
  readonly isSound: boolean;
}

export interface BatchesHead {
  readonly session: number;
  readonly starts: boolean;
  readonly isWhole: boolean;
  readonly from: number;
  readonly to: number;
}

export interface BatchesRequest extends BatchesHead {
  readonly kind: "batches";
  readonly batches: Buffer;
  /** Whether the checksum is right. */
  readonly isSound: boolean;
}

/**
 * `accepted`: what was sent is applied. `later`: not now, but the same may be tried again. `reopen`: it does not follow what came before, or
 * was damaged on its way. `refused`: it makes no sense here.
 */
export type Verdict = "accepted" | "later" | "reopen" | "refused";

/** As bytes: a verdict's number is its place here. */
const VERDICTS: readonly Verdict[] = ["accepted", "later", "reopen", "refused"];

/** What of a stream an owner has. */
export interface Reach {
  /** All up to here since the stream started for it; undefined if it knows nothing of the stream. */
  readonly applied: number | undefined;
  /** Whether nothing before that is missing. */
  readonly isWhole: boolean;
  /** What lies below survives its end, and the loss of power; undefined if nothing does. */
  readonly durable: number | undefined;
  /** Whether nothing before that would be missing. */
  readonly isDurablyWhole: boolean;
}

export interface Answer extends Reach {
  readonly verdict: Verdict;
  /** Of who answers. */
  readonly boot: number;
  /** How often it had taken its word from whom it answers, when it took what it was sent (`Words`). */
  readonly taken: number;
}

export interface PullRequest {
  readonly kind: "pull";
  /** 32 hexadecimal digits. */
  readonly nodeId: string;
  readonly boot: number;
  readonly from: number;
  /** All slots, or what concerns these. */
  readonly slots: readonly number[] | null;
}

export interface HowFarRequest {
  readonly kind: "how far";
}

export interface Pulled {
  /** False if what follows `from` is not there any more, or never was. */
  readonly isFound: boolean;
  /** What was asked for, or somewhat before. */
  readonly from: number;
  readonly to: number;
  /** Up to where there is more to pull. */
  readonly end: number;
  readonly batches: Buffer;
}

// ---- Requests ----

const OPEN_HEAD_BYTES = 33;
/** In place of the life that goes on. */
const NO_BOOT = 0;
const BATCHES_HEAD_BYTES = 26;

export function writeOpen(
  { session, end, owned, continues, newSlots }: Omit<OpenRequest, "kind" | "isSound">,
  checksum: Checksum,
): Buffer {
  const byteLength = OPEN_HEAD_BYTES + 2 * newSlots.length;
  const writer = new ByteWriter({ capacityBytes: byteLength, bytesMax: byteLength });
  writer.u8(OPEN);
  writer.u32(session);
  writer.u64(end);
  writer.u32(owned);
  writer.u32(continues?.boot ?? NO_BOOT);
  writer.u64(continues?.position ?? 0);
  const head = writer.written();
  writer.u32(0);
  for (const slot of newSlots) writer.u16(slot);
  writer.patchU32(head.length, checksumOf([head, writer.written().subarray(OPEN_HEAD_BYTES)], checksum));
  return writer.written();
}

/** What stands before the batches, which are given in parts. */
export function writeBatchesHead(
  { session, starts, isWhole, from, to }: BatchesHead,
  parts: readonly Buffer[],
  checksum: Checksum,
): Buffer {
  const writer = new ByteWriter({ capacityBytes: BATCHES_HEAD_BYTES, bytesMax: BATCHES_HEAD_BYTES });
  writer.u8(BATCHES);
  writer.u32(session);
  writer.u8((starts ? STARTS : 0) | (isWhole ? WHOLE : 0));
  writer.u64(from);
  writer.u64(to);
  writer.u32(checksumOf([writer.written(), ...parts], checksum));
  return writer.written();
}

/** Undefined if it makes no sense. The batches are a view. */
export function readRequest(bytes: Buffer, checksum: Checksum): OpenRequest | BatchesRequest | undefined {
  const reader = new ByteReader(rangeOf(bytes));
  const kind = reader.u8();
  if (kind === OPEN) return readOpen(reader, bytes, checksum);
  const session = reader.u32();
  const flags = reader.u8();
  const [from, to] = [reader.u64(), reader.u64()];
  const head = bytes.subarray(0, reader.at);
  const crc = reader.u32();
  if (kind !== BATCHES || reader.failed || flags > (STARTS | WHOLE) || to < from) return undefined;
  const batches = bytes.subarray(reader.at);
  return {
    kind: "batches",
    session,
    starts: (flags & STARTS) !== 0,
    isWhole: (flags & WHOLE) !== 0,
    from,
    to,
    batches,
    isSound: checksumOf([head, batches], checksum) === crc,
  };
}

function readOpen(reader: ByteReader, bytes: Buffer, checksum: Checksum): OpenRequest | undefined {
  const session = reader.u32();
  const end = reader.u64();
  const owned = reader.u32();
  const [boot, position] = [reader.u32(), reader.u64()];
  const continues = boot === NO_BOOT ? undefined : { boot, position };
  const head = bytes.subarray(0, reader.at);
  const crc = reader.u32();
  const slots = bytes.subarray(reader.at);
  const newSlots = Array.from({ length: slots.length >>> 1 }, () => reader.u16());
  if (!isRead(reader) || newSlots.some((slot) => slot >= SLOT_COUNT)) return undefined;
  const isSound = checksumOf([head, slots], checksum) === crc;
  return { kind: "open", session, end, owned, continues, newSlots, isSound };
}

// ---- Answers ----

const ANSWER_BYTES = 26;

export function writeAnswer(answer: Answer): Buffer {
  const { verdict, boot, taken, applied, isWhole, durable, isDurablyWhole } = answer;
  const writer = new ByteWriter({ capacityBytes: ANSWER_BYTES, bytesMax: ANSWER_BYTES });
  writer.u8(VERDICTS.indexOf(verdict));
  writer.u8(
    (applied === undefined ? 0 : KNOWN) |
      (isWhole ? IS_WHOLE : 0) |
      (durable === undefined ? 0 : KEEPS) |
      (isDurablyWhole ? KEEPS_WHOLE : 0),
  );
  writer.u32(boot);
  writer.u32(taken);
  writer.u64(applied ?? 0);
  writer.u64(durable ?? 0);
  return writer.written();
}

export function readAnswer(bytes: Uint8Array): Answer | undefined {
  const reader = new ByteReader(rangeOf(bytes));
  const verdict = VERDICTS[reader.u8()];
  const flags = reader.u8();
  const [boot, taken] = [reader.u32(), reader.u32()];
  const [applied, durable] = [reader.u64(), reader.u64()];
  if (!isRead(reader) || verdict === undefined) return undefined;
  return {
    verdict,
    boot,
    taken,
    applied: (flags & KNOWN) === 0 ? undefined : applied,
    isWhole: (flags & IS_WHOLE) !== 0,
    durable: (flags & KEEPS) === 0 ? undefined : durable,
    isDurablyWhole: (flags & KEEPS_WHOLE) !== 0,
  };
}

// ---- What was received of a third node ----

const PULL_BYTES_MAX = 31 + 2 * SLOT_COUNT;
const PULLED_HEAD_BYTES = 29;
const CHECKSUM_BYTES = 4;

/** No slots stand for all of them: nobody pulls for none. */
export function writePull({ nodeId, boot, from, slots }: Omit<PullRequest, "kind">): Buffer {
  const writer = new ByteWriter({ bytesMax: PULL_BYTES_MAX });
  writer.u8(PULL);
  writeNodeId(writer, nodeId);
  writer.u32(boot);
  writer.u64(from);
  writer.u16(slots?.length ?? 0);
  for (const slot of slots ?? []) writer.u16(slot);
  return writer.written();
}

export function writeHowFar(): Buffer {
  return Buffer.from([HOW_FAR]);
}

/** Undefined if it makes no sense. */
export function readQuestion(bytes: Buffer): PullRequest | HowFarRequest | undefined {
  const reader = new ByteReader(rangeOf(bytes));
  const kind = reader.u8();
  if (kind === PULL) return readPull(reader);
  return kind === HOW_FAR && isRead(reader) ? { kind: "how far" } : undefined;
}

function readPull(reader: ByteReader): PullRequest | undefined {
  const nodeId = readNodeId(reader);
  const boot = reader.u32();
  const from = reader.u64();
  const count = reader.u16();
  if (reader.failed || reader.remaining !== 2 * count) return undefined;
  const slots = Array.from({ length: count }, () => reader.u16());
  if (slots.some((slot) => slot >= SLOT_COUNT)) return undefined;
  return { kind: "pull", nodeId, boot, from, slots: count === 0 ? null : slots };
}

export function writePulled(
  { isFound, from, to, end }: Omit<Pulled, "batches">,
  parts: readonly Buffer[],
  checksum: Checksum,
): Buffer {
  const writer = new ByteWriter({ capacityBytes: PULLED_HEAD_BYTES, bytesMax: PULLED_HEAD_BYTES });
  writer.u8(isFound ? 1 : 0);
  writer.u64(from);
  writer.u64(to);
  writer.u64(end);
  writer.u32(checksumOf([writer.written(), ...parts], checksum));
  return Buffer.concat([writer.written(), ...parts]);
}

/** Undefined if it makes no sense, or was damaged on its way. */
export function readPulled(bytes: Buffer, checksum: Checksum): Pulled | undefined {
  const reader = new ByteReader(rangeOf(bytes));
  const isFound = reader.u8() === 1;
  const [from, to, end] = [reader.u64(), reader.u64(), reader.u64()];
  const head = bytes.subarray(0, reader.at);
  const crc = reader.u32();
  const batches = bytes.subarray(reader.at);
  if (reader.failed || to < from || end < to) return undefined;
  if (checksumOf([head, batches], checksum) !== crc) return undefined;
  return { isFound, from, to, end, batches };
}

export function writeTold(received: readonly StreamPosition[], checksum: Checksum): Buffer {
  const byteLength = CHECKSUM_BYTES + receivedBytes(received.length);
  const writer = new ByteWriter({ capacityBytes: byteLength, bytesMax: byteLength });
  writer.u32(0);
  writeReceived(writer, received);
  writer.patchU32(0, checksumOf([writer.written().subarray(CHECKSUM_BYTES)], checksum));
  return writer.written();
}

/** Undefined if it makes no sense, or was damaged on its way. */
export function readTold(bytes: Buffer, checksum: Checksum): readonly StreamPosition[] | undefined {
  const reader = new ByteReader(rangeOf(bytes));
  const crc = reader.u32();
  if (reader.failed || checksumOf([bytes.subarray(CHECKSUM_BYTES)], checksum) !== crc) return undefined;
  const received = readReceived(reader);
  return isRead(reader) ? received : undefined;
}

function checksumOf(parts: readonly Buffer[], checksum: Checksum): number {
  let crc = 0;
  for (const part of parts) crc = checksum(part, 0, part.length, crc);
  return crc;
}

function isRead(reader: ByteReader): boolean {
  return !reader.failed && reader.remaining === 0;
}
