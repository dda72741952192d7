/** Payloads of every form, made here byte by byte by the descriptions of the forms, for what no present Redis writes any more. */
import { ByteWriter } from "#torus/base/byte-writer.js";
import { writeCrc64 } from "#torus/rdb/crc64.js";
import { writeLength } from "#torus/rdb/strings.js";

/** Makes a payload of a value's bytes. */
export function payloadOf(value: Uint8Array, version = 10): Buffer {
  const body = Buffer.concat([value, Buffer.of(version, version >> 8)]);
  const crc = Buffer.alloc(8);
  writeCrc64({ bytes: body, start: 0, end: body.length }, crc, 0);
  return Buffer.concat([body, crc]);
}

/** A type, and one string. */
export function typed(type: number, bytes: Uint8Array): Buffer {
  const writer = new ByteWriter({ bytesMax: 2 ** 20 });
  writer.u8(type);
  writeLength(writer, bytes.length);
  writer.range({ bytes, start: 0, end: bytes.length });
  return Buffer.from(writer.written());
}

/** A ziplist of these entries, heads and all. */
export function ziplist(entries: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [];
  let before = 0;
  let last = 10;
  let length = 10;
  for (const entry of entries) {
    const head = Buffer.alloc(before < 254 ? 1 : 5);
    if (before < 254) head[0] = before;
    else {
      head[0] = 254;
      head.writeUInt32LE(before, 1);
    }
    last = length;
    before = head.length + entry.length;
    length += before;
    parts.push(head, entry);
  }
  const head = Buffer.alloc(10);
  head.writeUInt32LE(length + 1, 0);
  head.writeUInt32LE(last, 4);
  head.writeUInt16LE(entries.length, 8);
  return Buffer.concat([head, ...parts, Buffer.of(0xff)]);
}

/** An entry of a ziplist that is a string of up to 63 bytes. */
export function shortString(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text, "latin1")]);
}
