import { crc32 as zlibCrc32 } from "node:zlib";
import { type Checksum, crc32 } from "../../base/crc32.js";

/** From here on the call into zlib pays: measured, 75 bytes take 97 ns here and 246 there, 64 KiB 79 us and 13. */
const NATIVE_BYTES_MIN = 192;

/** CRC-32 of short ranges in JavaScript and of long ones in zlib, which agree. */
export const nodeChecksum: Checksum = (bytes, start, end, seed = 0) => {
  if (end - start < NATIVE_BYTES_MIN) return crc32(bytes, start, end, seed);
  return zlibCrc32(bytes.subarray(start, end), seed);
};
