/**
 * Messages that begin with a checksum of all behind it: what is merged stays, so no damage on the way may get into it that the checksums of
 * the network let through.
 *
 *     message := crc:u32 byte*                                           CRC-32 (zlib's), little-endian
 */
import type { Checksum } from "../base/crc32.js";

/** Where what is checked begins. */
export const CHECK_BYTES = 4;

/** Writes the checksum into a message that is complete. */
export function seal(message: Uint8Array, checksum: Checksum): Uint8Array {
  const crc = checksum(message, CHECK_BYTES, message.length);
  for (let i = 0; i < CHECK_BYTES; i++) message[i] = crc >>> (8 * i);
  return message;
}

/** Whether a message is as it was sealed. */
export function isSound(message: Buffer, checksum: Checksum): boolean {
  if (message.length <= CHECK_BYTES) return false;
  return message.readUInt32LE(0) === checksum(message, CHECK_BYTES, message.length);
}
