import { expect } from "chai";
import fc from "fast-check";
import {
  addExtended,
  type ExtendedFloat,
  extendedFromText,
  extendedToUnits,
} from "#torus/base/extended-float.js";
import { readNumberText } from "#torus/base/number-text.js";

function extended(text: string): ExtendedFloat | undefined {
  const parts = readNumberText(text);
  if (parts === undefined || parts.kind === "infinity") throw new Error(`not a finite number: ${text}`);
  return extendedFromText(parts);
}

function whole(text: string): bigint | undefined {
  const value = extended(text);
  return value && extendedToUnits(value, 0);
}

describe("ExtendedFloat", () => {
  it("holds every integer of 64 bits exactly", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), (integer) => {
        expect(whole(String(integer))).to.equal(integer);
      }),
    );
  });

  it("rounds the 65th bit to even", () => {
    expect(whole("18446744073709551617")).to.equal(2n ** 64n);
    expect(whole("18446744073709551617.0000000000000000000000001")).to.equal(2n ** 64n + 2n);
    expect(whole("18446744073709551619")).to.equal(2n ** 64n + 4n);
    expect(whole("-18446744073709551619")).to.equal(-(2n ** 64n) - 4n);
  });

  it("is never further from the text than half of its last bit", () => {
    const decimal = fc.record({
      digits: fc.bigInt({ min: 1n, max: 10n ** 40n }),
      exponent: fc.integer({ min: -60, max: 60 }),
    });
    fc.assert(
      fc.property(decimal, ({ digits, exponent }) => {
        const value = extended(`${digits}e${exponent}`)!;
        // Everything times 2^400 * 10^60, so that it is whole.
        const exact = (digits * 10n ** BigInt(exponent + 60)) << 400n;
        const lastBit = (1n << BigInt(value.exponent + 400)) * 10n ** 60n;
        const error = value.mantissa * lastBit - exact;
        expect(2n * (error < 0n ? -error : error) <= lastBit).to.equal(true);
        expect(value.mantissa >= 2n ** 63n && value.mantissa <= 2n ** 64n).to.equal(true);
      }),
    );
  });

  it("ends at its largest value, and above that only what rounds down is in range", () => {
    expect(extended("0x1.fffffffffffffffep16383")).to.deep.equal({
      mantissa: 2n ** 64n - 1n,
      exponent: 16320,
    });
    expect(extended("0x1.fffffffffffffffeffffp16383")).to.deep.equal({
      mantissa: 2n ** 64n - 1n,
      exponent: 16320,
    });
    expect(extended("0x1.ffffffffffffffffp16383")).to.equal(undefined);
    expect(extended("1.18973149535723176502e4932")).to.deep.equal({
      mantissa: 2n ** 64n - 1n,
      exponent: 16320,
    });
    expect(extended("1.18973149535723176509e4932")).to.equal(undefined);
    expect(extended("1e999999999999")).to.equal(undefined);
  });

  it("loses bits towards its smallest value, and refuses what would become zero", () => {
    expect(extended("0x1p-16445")).to.deep.equal({ mantissa: 1n, exponent: -16445 });
    expect(extended("0x3p-16446")).to.deep.equal({ mantissa: 2n, exponent: -16445 });
    expect(extended("1.8225997659412373013e-4951")).to.deep.equal({ mantissa: 1n, exponent: -16445 });
    expect(extended("1.8225997659412373012e-4951")).to.equal(undefined);
    expect(extended("0x1p-16446")).to.equal(undefined);
    expect(extended("-1e-999999999999")).to.equal(undefined);
    expect(extended("0e-999999999999")).to.deep.equal({ mantissa: 0n, exponent: 0 });
  });

  it("rounds a sum once, and says when it overflows", () => {
    const largest = extended("0x1.fffffffffffffffep16383")!;
    expect(addExtended(largest, largest)).to.equal(undefined);
    expect(addExtended(largest, extended("-0x1p-16445")!)).to.deep.equal(largest);
    const sum = addExtended(extended("18446744073709551616")!, extended("3")!)!;
    expect(extendedToUnits(sum, 0)).to.equal(18446744073709551620n);
  });

  it("prints ties to even", () => {
    const units = (text: string, digits: number) => extendedToUnits(extended(text)!, digits);
    expect(units("0.5", 0)).to.equal(0n);
    expect(units("1.5", 0)).to.equal(2n);
    expect(units("-2.5", 0)).to.equal(-2n);
    expect(units("0.125", 2)).to.equal(12n);
    expect(units("0.375", 2)).to.equal(38n);
    expect(units("-1e-4940", 17)).to.equal(0n);
  });
});
