import { expect } from "chai";
import fc from "fast-check";
import { rangeOf } from "#torus/base/bytes.js";
import { INT64_MAX, INT64_MIN, saturateInt64, toInt64 } from "#torus/base/int64.js";
import { packBody } from "#torus/delta/body-codec.js";
import {
  CONTRIBUTION_BYTES,
  COUNTER_BASE_BYTES,
  contributionBoot,
  contributionClock,
  contributionOrigin,
  contributionSum,
  counterValue,
  findContribution,
  isPackedCounter,
  packedCounterValue,
  writeContribution,
} from "#torus/delta/packed-counter.js";
import type { CounterBody } from "#torus/delta/record-state.js";

const int64 = fc
  .oneof(
    fc.constantFrom(BigInt(INT64_MAX), BigInt(INT64_MIN), 2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n)),
    fc.bigInt({ min: -1000n, max: 1000n }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  )
  .map((value) => toInt64(value)!);

const contribution = fc.record({
  origin: fc.constantFrom(1, 2, 0x100, 0xffff),
  boot: fc.constantFrom(0, 1, 0x100, 2 ** 32 - 1),
  sum: int64,
  clock: fc.maxSafeNat(),
});

const counter: fc.Arbitrary<CounterBody> = fc.record({
  kind: fc.constant("counter" as const),
  base: int64,
  contributions: fc
    .uniqueArray(contribution, { selector: ({ origin, boot }) => `${origin}:${boot}`, maxLength: 6 })
    .map((all) => all.sort((a, b) => a.origin - b.origin || a.boot - b.boot)),
});

describe("packed counter", () => {
  it("is its base and 24 bytes for each contribution", () => {
    const bytes = packBody({
      kind: "counter",
      base: -2,
      contributions: [{ origin: 0x0102, boot: 0xfffefdfc, sum: 5, clock: 7 }],
    });
    const contribution = "0500000000000000 0700000000000000 0201 0000 fcfdfeff";
    const expected = `feffffffffffffff ${contribution}`.replaceAll(" ", "");
    expect(Buffer.from(bytes).toString("hex")).equal(expected);
  });

  it("has the exact sum for its value, saturated at both ends", () => {
    fc.assert(
      fc.property(counter, (body) => {
        const exact = [body.base, ...body.contributions.map(({ sum }) => sum)].map(BigInt);
        const value = saturateInt64(exact.reduce((a, b) => a + b));
        const amid = Buffer.concat([Buffer.from("#"), packBody(body), Buffer.from("#")]);
        expect(packedCounterValue(amid, 1, amid.length - 1)).equal(value);
        expect(counterValue(body)).equal(value);
      }),
      { numRuns: 1000 },
    );
  });

  it("does not saturate on the way", () => {
    const contributions = [INT64_MAX, INT64_MAX, INT64_MIN, INT64_MIN, 5].map((sum, index) => {
      return { origin: 1, boot: index, sum, clock: 1 };
    });
    const bytes = packBody({ kind: "counter", base: 1, contributions });
    expect(packedCounterValue(bytes, 0, bytes.length)).equal(4);
  });

  it("finds the contribution of each, and where one would belong", () => {
    fc.assert(
      fc.property(counter, contribution, (body, other) => {
        const bytes = packBody(body);
        for (const [index, each] of body.contributions.entries()) {
          const at = findContribution(bytes, 0, bytes.length, each);
          expect(at).equal(COUNTER_BASE_BYTES + index * CONTRIBUTION_BYTES);
          expect(contributionSum(bytes, at)).equal(each.sum);
          expect(contributionClock(bytes, at)).equal(each.clock);
          expect(contributionOrigin(bytes, at)).equal(each.origin);
          expect(contributionBoot(bytes, at)).equal(each.boot);
        }
        const at = findContribution(bytes, 0, bytes.length, other);
        if (at >= 0) return;
        const grown = Buffer.alloc(bytes.length + CONTRIBUTION_BYTES);
        grown.set(bytes.subarray(0, ~at));
        writeContribution(grown, ~at, other);
        grown.set(bytes.subarray(~at), ~at + CONTRIBUTION_BYTES);
        expect(isPackedCounter(rangeOf(grown))).equal(true);
        expect(findContribution(grown, 0, grown.length, other)).equal(~at);
      }),
      { numRuns: 1000 },
    );
  });

  it("is vouched for as it was written, and with nothing missing or out of order", () => {
    fc.assert(
      fc.property(counter, (body) => {
        const bytes = packBody(body);
        for (let end = 0; end <= bytes.length; end++) {
          const isWhole = end >= COUNTER_BASE_BYTES && (end - COUNTER_BASE_BYTES) % CONTRIBUTION_BYTES === 0;
          expect(isPackedCounter({ bytes, start: 0, end })).equal(isWhole);
        }
        const reversed = packBody({ ...body, contributions: body.contributions.toReversed() });
        expect(isPackedCounter(rangeOf(reversed))).equal(body.contributions.length < 2);
        const [first] = body.contributions;
        if (first === undefined) return;
        const twice = packBody({ ...body, contributions: [first, first] });
        expect(isPackedCounter(rangeOf(twice))).equal(false);
      }),
    );
  });

  it("is refused with a reserved byte set or a clock that is no safe integer", () => {
    const written = packBody({
      kind: "counter",
      base: 0,
      contributions: [{ origin: 1, boot: 1, sum: 1, clock: 1 }],
    });
    for (const [at, byte] of [
      [COUNTER_BASE_BYTES + 18, 1],
      [COUNTER_BASE_BYTES + 19, 1],
      [COUNTER_BASE_BYTES + 15, 1],
    ] as const) {
      const bytes = Uint8Array.from(written);
      bytes[at] = byte;
      expect(isPackedCounter(rangeOf(bytes)), `byte ${at}`).equal(false);
    }
  });
});
