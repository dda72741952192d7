import { crc32 as zlibCrc32 } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { crc32 } from "#torus/base/crc32.js";

describe("CRC-32", () => {
  it("gives the check value of the standard", () => {
    expect(crc32(Buffer.from("123456789"), 0, 9)).equal(0xcbf43926);
  });

  it("agrees with zlib on any bytes, at any offset, whole or in pieces", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (bytes, at) => {
        const middle = at % (bytes.length + 1);
        expect(crc32(bytes, 0, bytes.length)).equal(zlibCrc32(bytes));
        expect(crc32(bytes, middle, bytes.length)).equal(zlibCrc32(bytes.subarray(middle)));
        expect(crc32(bytes, middle, bytes.length, crc32(bytes, 0, middle))).equal(zlibCrc32(bytes));
      }),
    );
  });
});
