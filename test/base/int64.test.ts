import { expect } from "chai";
import fc from "fast-check";
import { rangeOf } from "#torus/base/bytes.js";
import {
  addInt64,
  compareInt64Digits,
  formatInt64,
  INT64_DIGITS_MAX,
  INT64_MAX,
  INT64_MIN,
  type Int64,
  maxInt64,
  negateInt64,
  parseInt64,
  readInt64,
  saturateInt64,
  toInt64,
  writeInt64,
} from "#torus/base/int64.js";

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

function parse(text: string): Int64 | undefined {
  const bytes = Buffer.from(`<${text}>`, "latin1");
  return parseInt64(bytes, 1, bytes.length - 1);
}

function format(value: Int64): string {
  const bytes = Buffer.alloc(INT64_DIGITS_MAX + 2, "#");
  const end = formatInt64(bytes, 1, value);
  expect(bytes[0]).equal(0x23);
  expect(bytes[end]).equal(0x23);
  return bytes.toString("latin1", 1, end);
}

/** Values near every border: of digits, of words, of the safe integers, of 64 bits. */
const bordering = fc
  .tuple(
    fc.constantFrom(...[0n, 2n ** 31n, 2n ** 32n, 10n ** 9n, 2n ** 53n, 10n ** 15n, 10n ** 18n, 2n ** 63n]),
    fc.bigInt({ min: -20n, max: 20n }),
    fc.constantFrom(1n, -1n),
  )
  .map(([border, off, sign]) => BigInt.asIntN(64, sign * border + off));
const powers = fc
  .tuple(fc.integer({ min: 0, max: 18 }), fc.bigInt({ min: -1n, max: 1n }), fc.constantFrom(1n, -1n))
  .map(([power, off, sign]) => sign * 10n ** BigInt(power) + off);
const exact = fc.oneof(bordering, powers, fc.bigInt({ min: MIN, max: MAX }));

describe("64-bit integers", () => {
  it("keeps a value as a number if and only if it is a safe integer", () => {
    expect(toInt64(2n ** 53n - 1n)).equal(Number.MAX_SAFE_INTEGER);
    expect(toInt64(2n ** 53n)).equal(2n ** 53n);
    expect(toInt64(-(2n ** 53n) + 1n)).equal(Number.MIN_SAFE_INTEGER);
    expect(toInt64(-(2n ** 53n))).equal(-(2n ** 53n));
    expect(toInt64(MAX)).equal(INT64_MAX);
    expect(toInt64(MIN)).equal(INT64_MIN);
    expect(toInt64(MAX + 1n)).equal(undefined);
    expect(toInt64(MIN - 1n)).equal(undefined);
  });

  it("orders the digits of integers as the integers", () => {
    fc.assert(
      fc.property(exact, exact, (a, b) => {
        const order = compareInt64Digits(rangeOf(Buffer.from(`${a}`)), rangeOf(Buffer.from(`${b}`)));
        expect(Math.sign(order)).equal(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  it("reads what Redis's string2ll reads", () => {
    for (const [text, value] of [
      ["0", 0],
      ["7", 7],
      ["-1", -1],
      ["10", 10],
      ["999999999999999", 999999999999999],
      ["9007199254740991", Number.MAX_SAFE_INTEGER],
      ["9007199254740992", 2n ** 53n],
      ["9223372036854775807", MAX],
      ["-9223372036854775808", MIN],
    ] as const) {
      expect(parse(text), text).equal(value);
    }
  });

  it("refuses what Redis's string2ll refuses", () => {
    const overflows = [
      "9223372036854775808",
      "-9223372036854775809",
      "18446744073709551616",
      "99999999999999999999",
    ];
    const malformed = [
      "",
      "-",
      "+1",
      "-0",
      "00",
      "01",
      "-01",
      " 1",
      "1 ",
      "1.0",
      "1e3",
      "0x1",
      "--1",
      "1-",
      "/",
      ":",
    ];
    const longJunk = [
      "1234567890123456x",
      "x234567890123456789",
      "-1234567890 123456789",
      "100000000000000000000",
    ];
    for (const text of [...overflows, ...malformed, ...longJunk]) expect(parse(text), text).equal(undefined);
  });

  it("reads only digits, whatever byte stands anywhere", () => {
    for (const digits of ["5", "4321", "1234567890123456"]) {
      for (let at = 0; at < digits.length; at++) {
        for (let byte = 0; byte < 256; byte++) {
          const bytes = Buffer.from(digits);
          bytes[at] = byte;
          const text = bytes.toString("latin1");
          const isNumber = /^(0|-?[1-9][0-9]*)$/.test(text);
          expect(parseInt64(bytes, 0, bytes.length), JSON.stringify(text)).equal(
            isNumber ? toInt64(BigInt(text)) : undefined,
          );
        }
      }
    }
  });

  it("formats and reads back every value", () => {
    fc.assert(
      fc.property(exact, (value) => {
        const int64 = toInt64(value)!;
        expect(format(int64)).equal(String(value));
        expect(parse(String(value))).equal(int64);
      }),
      { numRuns: 2000 },
    );
  });

  it("stores every value in eight little-endian bytes of two's complement", () => {
    fc.assert(
      fc.property(exact, (value) => {
        const expected = Buffer.alloc(10, "#");
        expected.writeBigInt64LE(value, 1);
        const bytes = Buffer.alloc(10, "#");
        writeInt64(bytes, 1, toInt64(value)!);
        expect(bytes).deep.equal(expected);
        expect(readInt64(bytes, 1)).equal(toInt64(value));
      }),
      { numRuns: 2000 },
    );
  });

  it("adds exactly, and tells an overflow", () => {
    fc.assert(
      fc.property(exact, exact, (a, b) => {
        expect(addInt64(toInt64(a)!, toInt64(b)!)).equal(toInt64(a + b));
      }),
      { numRuns: 2000 },
    );
    expect(addInt64(INT64_MAX, 1)).equal(undefined);
    expect(addInt64(INT64_MIN, -1)).equal(undefined);
    expect(addInt64(INT64_MAX, INT64_MIN)).equal(-1);
  });

  it("negates all but the lowest value, and never makes a negative zero", () => {
    expect(negateInt64(5)).equal(-5);
    expect(Object.is(negateInt64(0), 0)).equal(true);
    expect(negateInt64(INT64_MAX)).equal(-MAX);
    expect(negateInt64(-(2n ** 53n))).equal(2n ** 53n);
    expect(negateInt64(INT64_MIN)).equal(undefined);
  });

  it("saturates at both ends", () => {
    expect(saturateInt64(MAX + 1n)).equal(INT64_MAX);
    expect(saturateInt64(MIN - 1n)).equal(INT64_MIN);
    expect(saturateInt64(2n ** 90n)).equal(INT64_MAX);
    expect(saturateInt64(-5n)).equal(-5);
  });

  it("orders the two forms alike", () => {
    fc.assert(
      fc.property(exact, exact, (a, b) => {
        expect(toInt64(a)! < toInt64(b)!).equal(a < b);
        expect(toInt64(a) === toInt64(b)).equal(a === b);
        const [, higher] = [a, b].sort((x, y) => (x < y ? -1 : 1));
        expect(maxInt64(toInt64(a)!, toInt64(b)!)).equal(toInt64(higher!));
      }),
    );
  });
});
