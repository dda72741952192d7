/**
 * What the node that executes for slots asks the other owners of them before it collects what remains there of what was deleted, by the
 * service `collect` of a link. Integers are little-endian.
 *
 *     request := crc:u32 format:u8 floor:version placement:sized slots:sized absent
 *     absent  := count:u16 node:16{count}                                those that are left out where they are owners
 *     answer  := crc:u32 slots:sized                                     those of them of which the node agrees
 */
import { ByteReader } from "../../base/byte-reader.js";
import { ByteWriter } from "../../base/byte-writer.js";
import { rangeOf } from "../../base/bytes.js";
import type { Checksum } from "../../base/crc32.js";
import { VERSION_BYTES, type Version, writeVersion } from "../../delta/version.js";
import { CHECK_BYTES, isSound, seal } from "../checked-message.js";
import { SlotSet } from "../slot-set.js";
import { readNodeId, writeNodeId } from "./positions.js";

export const COLLECT_SERVICE = "collect";

const FORMAT = 2;
/** A text of all slots, no two of which are neighbours, and a name. */
const MESSAGE_BYTES_MAX = 2 ** 17;
/** As many as may own slots together, many times over. */
const ABSENT_MAX = 1024;

export interface CollectRequest {
  readonly floor: Version;
  /** Names who owns what, as the node that asks sees it. */
  readonly placement: string;
  readonly slots: SlotSet;
  /** Ids, 32 hexadecimal digits. */
  readonly absent: ReadonlySet<string>;
}

export function writeRequest(
  { floor, placement, slots, absent }: CollectRequest,
  checksum: Checksum,
): Uint8Array {
  const writer = begun();
  writer.u8(FORMAT);
  writer.ensure(VERSION_BYTES);
  writeVersion(writer.bytes, writer.length, floor);
  writer.length += VERSION_BYTES;
  writer.sized(rangeOf(Buffer.from(placement)));
  writeSlots(writer, slots);
  writer.u16(absent.size);
  for (const id of absent) writeNodeId(writer, id);
  return seal(writer.written(), checksum);
}

/** Undefined if it makes no sense, or is damaged. */
export function readRequest(bytes: Buffer, checksum: Checksum): CollectRequest | undefined {
  const reader = readerOf(bytes, checksum);
  if (reader === undefined || reader.u8() !== FORMAT) return undefined;
  const floor = { clock: reader.u64(), origin: reader.u16() };
  const placement = Buffer.from(reader.sized()).toString();
  const slots = readSlots(reader);
  const absent = Array.from({ length: Math.min(reader.u16(), ABSENT_MAX) }, () => readNodeId(reader));
  if (slots === undefined || reader.failed || reader.remaining > 0) return undefined;
  return { floor, placement, slots, absent: new Set(absent) };
}

export function writeAnswer(slots: SlotSet, checksum: Checksum): Uint8Array {
  const writer = begun();
  writeSlots(writer, slots);
  return seal(writer.written(), checksum);
}

export function readAnswer(bytes: Buffer, checksum: Checksum): SlotSet | undefined {
  const reader = readerOf(bytes, checksum);
  const slots = reader && readSlots(reader);
  return reader?.remaining === 0 ? slots : undefined;
}

function begun(): ByteWriter {
  const writer = new ByteWriter({ bytesMax: MESSAGE_BYTES_MAX });
  writer.length = CHECK_BYTES;
  return writer;
}

function readerOf(bytes: Buffer, checksum: Checksum): ByteReader | undefined {
  return isSound(bytes, checksum)
    ? new ByteReader({ bytes, start: CHECK_BYTES, end: bytes.length })
    : undefined;
}

function writeSlots(writer: ByteWriter, slots: SlotSet): void {
  writer.sized(rangeOf(Buffer.from(slots.toString())));
}

function readSlots(reader: ByteReader): SlotSet | undefined {
  const text = Buffer.from(reader.sized()).toString("latin1");
  return reader.failed ? undefined : SlotSet.parse(text);
}
