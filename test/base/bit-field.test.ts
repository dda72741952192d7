import { expect } from "chai";
import fc from "fast-check";
import {
  type BitField,
  type BitFieldOverflow,
  increasedBitField,
  newBitField,
  readBitField,
  writeBitField,
} from "#torus/base/bit-field.js";
import { INT64_MAX, INT64_MIN, type Int64, toInt64 } from "#torus/base/int64.js";

const BYTES = 24;

const fields: fc.Arbitrary<BitField> = fc
  .record({ bits: fc.integer({ min: 1, max: 64 }), offset: fc.nat(BYTES * 8 - 65), isSigned: fc.boolean() })
  .map((field) => ({ ...field, isSigned: field.isSigned || field.bits === 64 }));

const contents = fc.uint8Array({ minLength: BYTES, maxLength: BYTES }).map((bytes) => Buffer.from(bytes));

const int64s: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -300n, max: 300n }),
  fc.integer({ min: 0, max: 63 }).map((shift) => BigInt.asIntN(64, 1n << BigInt(shift))),
  fc.constantFrom(BigInt(INT64_MIN), BigInt(INT64_MAX)),
);

/** The same by the digits of all bits. */
function modelOf(bytes: Uint8Array, { offset, bits, isSigned }: BitField): bigint {
  const digits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const value = BigInt(`0b${digits.padEnd(offset + bits, "0").slice(offset, offset + bits)}`);
  return isSigned ? BigInt.asIntN(bits, value) : value;
}

function boundsOf({ bits, isSigned }: BitField): { min: bigint; max: bigint } {
  const size = 1n << BigInt(isSigned ? bits - 1 : bits);
  return { min: isSigned ? -size : 0n, max: size - 1n };
}

/** What fits `exact`, by the rule of an overflow. */
function confined(field: BitField, exact: bigint, overflow: BitFieldOverflow): bigint | undefined {
  const { min, max } = boundsOf(field);
  if (exact >= min && exact <= max) return exact;
  if (overflow === "fail") return undefined;
  if (overflow === "sat") return exact > max ? max : min;
  return field.isSigned ? BigInt.asIntN(field.bits, exact) : BigInt.asUintN(field.bits, exact);
}

function int64(value: bigint | undefined): Int64 | undefined {
  return value === undefined ? undefined : toInt64(value)!;
}

const overflows = fc.constantFrom<BitFieldOverflow>("wrap", "sat", "fail");

describe("an integer of any width in a run of bytes", () => {
  it("is read as its bits say, with zeros behind the end", () => {
    fc.assert(
      fc.property(contents, fields, fc.nat(BYTES), (bytes, field, end) => {
        const run = bytes.subarray(0, end);
        expect(readBitField(bytes, 0, end, field)).to.equal(int64(modelOf(run, field)));
      }),
    );
  });

  it("is where the run begins, wherever that is", () => {
    fc.assert(
      fc.property(contents, fields, fc.integer({ min: 1, max: 9 }), (bytes, field, start) => {
        const shifted = Buffer.concat([Buffer.alloc(start, 0xff), bytes, Buffer.alloc(3, 0xff)]);
        const there = readBitField(shifted, start, start + BYTES, field);
        expect(there).to.equal(readBitField(bytes, 0, BYTES, field));
      }),
    );
  });

  it("is what was written last, and no other bit is changed", () => {
    fc.assert(
      fc.property(contents, fields, int64s, (bytes, field, drawn) => {
        const value = confined(field, drawn, "wrap")!;
        const before = BigInt(`0x${bytes.toString("hex")}`);
        writeBitField(bytes, 0, field, int64(value)!);
        expect(readBitField(bytes, 0, BYTES, field)).to.equal(int64(value));
        const after = BigInt(`0x${bytes.toString("hex")}`);
        const shift = BigInt(BYTES * 8 - field.offset - field.bits);
        const mask = ((1n << BigInt(field.bits)) - 1n) << shift;
        expect((before ^ after) & ~mask).to.equal(0n);
      }),
    );
  });

  it("lies beyond 4 GiB of bits as it does before", () => {
    const bytes = Buffer.alloc(12);
    const field = { offset: 2 ** 32 + 3, bits: 13, isSigned: true };
    const near = { ...field, offset: 3 };
    writeBitField(bytes, -(2 ** 29), field, -4096);
    expect(readBitField(bytes, 0, 12, near)).to.equal(-4096);
    expect(readBitField(bytes, -(2 ** 29), 12, field)).to.equal(-4096);
  });

  it("takes sums as its overflow says", () => {
    fc.assert(
      fc.property(fields, int64s, int64s, overflows, (field, drawn, by, overflow) => {
        const value = confined(field, drawn, "wrap")!;
        const sum = increasedBitField(field, int64(value)!, int64(by)!, overflow);
        expect(sum).to.equal(int64(confined(field, value + by, overflow)));
      }),
      { numRuns: 500 },
    );
  });

  it("takes new values as its overflow says", () => {
    fc.assert(
      fc.property(fields, int64s, overflows, (field, asked, overflow) => {
        // Negative ones are too high where there is no sign, and the lowest ones are everywhere.
        const isTooHigh = field.isSigned
          ? field.bits < 64 && asked <= BigInt(INT64_MIN) + boundsOf(field).max
          : asked < 0n;
        const value = newBitField(field, int64(asked)!, overflow);
        const expected =
          isTooHigh && overflow === "sat" ? boundsOf(field).max : confined(field, asked, overflow);
        expect(value).to.equal(int64(expected));
      }),
      { numRuns: 500 },
    );
  });
});
