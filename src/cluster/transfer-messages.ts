/**
 * What the owner of slots says to their next owner, by the service `slots` of a link. One message after the other: the next is sent
 * when the last one is answered, and one whose answer is lost is sent again as it is.
 *
 *     message := kind:u8 change:sized session:u64 number:u32 rest
 *     rest    := of open and settle nothing; of copy delta*; of take count:u16 slot:u16{count} delta*
 *     answer  := verdict:u8 rest          rest: of an accepted open the slots taken already, as text (slot-set.ts); else nothing
 *
 * | kind | | number |
 * |---|---|---|
 * | 1 open | forget what was copied; what follows is told anew | 0 |
 * | 2 copy | records, and drops of those that were told before and changed | 1, 2, ... |
 * | 3 settle | answered when all of it lasts | goes on |
 * | 4 take | these slots are whole: the floors, and then they are yours | goes on |
 */
import { ByteReader } from "../base/byte-reader.js";
import type { ByteWriter } from "../base/byte-writer.js";
import { rangeOf } from "../base/bytes.js";
import { SLOT_COUNT } from "../base/key-hash.js";

export const SLOTS_SERVICE = "slots";

export const OPEN = 1;
export const COPY = 2;
export const SETTLE = 3;
export const TAKE = 4;

export type MessageKind = typeof OPEN | typeof COPY | typeof SETTLE | typeof TAKE;

/** `later`: not now, but the same may be asked again. `reopen`: the copy is lost; nothing but an `open` helps. */
export type Verdict = "accepted" | "later" | "reopen";

/** As bytes: a verdict's number is its place here. */
const VERDICTS: readonly Verdict[] = ["accepted", "later", "reopen"];

/** A message is about so long; one record, or a part of one, may exceed it. */
export const MESSAGE_BYTES = 128 * 1024;
/** Keys, fields of hashes and members of sets are told in one piece, and may be as long as a request. */
export const MESSAGE_BYTES_MAX = 2 ** 30;

export interface MessageHead {
  readonly kind: MessageKind;
  /** Its name: slot-plan.ts. */
  readonly change: string;
  /** Rises with every `open` of a node, over its restarts too. */
  readonly session: number;
  readonly number: number;
}

export interface Message extends MessageHead {
  /** Of a `take`. */
  readonly slots: readonly number[];
  /** The deltas: `bytes[start, end)`. */
  readonly bytes: Buffer;
  readonly start: number;
}

/** Writes the beginning of a message, and nothing else; deltas are written next. */
export function beginMessage(writer: ByteWriter, head: MessageHead, slots: readonly number[] = []): void {
  writer.clear();
  writer.u8(head.kind);
  writer.sized(rangeOf(Buffer.from(head.change)));
  writer.u64(head.session);
  writer.u32(head.number);
  if (head.kind !== TAKE) return;
  writer.u16(slots.length);
  for (const slot of slots) writer.u16(slot);
}

/** Undefined if it makes no sense. The deltas are not looked at. */
export function readMessage(bytes: Buffer): Message | undefined {
  const reader = new ByteReader(rangeOf(bytes));
  const kind = reader.u8();
  const change = Buffer.from(reader.sized()).toString();
  const session = reader.u64();
  const number = reader.u32();
  const slots: number[] = [];
  if (kind === TAKE) {
    const count = reader.u16();
    for (let i = 0; i < count && !reader.failed; i++) slots.push(reader.u16());
  }
  if (reader.failed || kind < OPEN || kind > TAKE || slots.some((slot) => slot >= SLOT_COUNT))
    return undefined;
  return { kind: kind as MessageKind, change, session, number, slots, bytes, start: reader.at };
}

export function writeAnswer(verdict: Verdict, text = ""): Uint8Array {
  return Buffer.concat([Uint8Array.of(VERDICTS.indexOf(verdict)), Buffer.from(text)]);
}

export function readAnswer(bytes: Buffer): { verdict: Verdict; text: string } | undefined {
  const verdict = bytes.length === 0 ? undefined : VERDICTS[bytes[0]!];
  return verdict && { verdict, text: bytes.toString("latin1", 1) };
}
