/**
 * What the node that executes for slots asks the other owners of them before it collects what remains there of what was deleted, by the
 * service `collect` of a link. Integers are little-endian.
 *
 *     request := crc:u32 format:u8 floor:version placement:sized slots:sized
 *     answer  := crc:u32 slots:sized                                     those of them of which the node agrees
 */
import { ByteReader } from "../../base/byte-reader.js";
import { ByteWriter } from "../../base/byte-writer.js";
import { rangeOf } from "../../base/bytes.js";
import type { Checksum } from "../../base/crc32.js";
import { VERSION_BYTES, type Version, writeVersion } from "../../delta/version.js";
import { CHECK_BYTES, isSound, seal } from "../checked-message.js";
import { SlotSet } from "../slot-set.js";

export const COLLECT_SERVICE = "collect";

const FORMAT = 1;
/** A text of all slots, no two of which are neighbours, and a name. */
const MESSAGE_BYTES_MAX = 2 ** 17;

export interface CollectRequest {
  readonly floor: Version;
  /** Names who owns what, as the node that asks sees it. */
  readonly placement: string;
  readonly slots: SlotSet;
}

export function writeRequest({ floor, placement, slots }: CollectRequest, checksum: Checksum): Uint8Array {
  const writer = begun();
  writer.u8(FORMAT);
  writer.ensure(VERSION_BYTES);
  writeVersion(writer.bytes, writer.length, floor);
  writer.length += VERSION_BYTES;
  writer.sized(rangeOf(Buffer.from(placement)));
  writeSlots(writer, slots);
  return seal(writer.written(), checksum);
}

/** Undefined if it makes no sense, or is damaged. */
export function readRequest(bytes: Buffer, checksum: Checksum): CollectRequest | undefined {
  const reader = readerOf(bytes, checksum);
  if (reader === undefined || reader.u8() !== FORMAT) return undefined;
  const floor = { clock: reader.u64(), origin: reader.u16() };
  const placement = Buffer.from(reader.sized()).toString();
  const slots = readSlots(reader);
  return slots && { floor, placement, slots };
}

export function writeAnswer(slots: SlotSet, checksum: Checksum): Uint8Array {
  const writer = begun();
  writeSlots(writer, slots);
  return seal(writer.written(), checksum);
}

export function readAnswer(bytes: Buffer, checksum: Checksum): SlotSet | undefined {
  const reader = readerOf(bytes, checksum);
  return reader && readSlots(reader);
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

/** The last thing of a message. */
function readSlots(reader: ByteReader): SlotSet | undefined {
  const text = Buffer.from(reader.sized()).toString("latin1");
  return reader.failed || reader.remaining > 0 ? undefined : SlotSet.parse(text);
}
