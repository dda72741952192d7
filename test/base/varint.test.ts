import { expect } from "chai";
import fc from "fast-check";
import { readVarint, skipVarint, VARINT_BYTES_MAX, varintBytes, writeVarint } from "#torus/base/varint.js";

const borders = Array.from({ length: 53 }, (_, bit) => 2 ** bit).flatMap((power) => [
  power - 1,
  power,
  power + 1,
]);
const values = [...new Set([...borders, Number.MAX_SAFE_INTEGER])];

describe("variable-length integers", () => {
  it("spends seven bits a byte, lowest first", () => {
    const bytes = Buffer.alloc(4);
    expect(writeVarint(bytes, 0, 300)).equal(2);
    expect(bytes.toString("hex")).equal("ac020000");
  });

  it("reads back every value that it wrote, and steps over it", () => {
    for (const value of values) {
      const bytes = Buffer.alloc(VARINT_BYTES_MAX + 2, "#");
      const end = writeVarint(bytes, 1, value);
      expect(end - 1, String(value)).equal(varintBytes(value));
      expect(bytes[end]).equal(0x23);
      expect(readVarint(bytes, 1)).equal(value);
      expect(skipVarint(bytes, 1)).equal(end);
    }
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const bytes = Buffer.alloc(VARINT_BYTES_MAX);
        expect(writeVarint(bytes, 0, value)).equal(varintBytes(value));
        expect(readVarint(bytes, 0)).equal(value);
      }),
    );
  });
});
