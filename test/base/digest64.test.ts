import { expect } from "chai";
import fc from "fast-check";
import { Digest64 } from "#torus/base/digest64.js";
import { Prng } from "#torus/base/prng.js";

const digest = new Digest64();

function shown(): string {
  return `${digest.low >>> 0} ${digest.high >>> 0}`;
}

function digestOf(take: () => void): string {
  digest.begin();
  take();
  digest.finish();
  return shown();
}

/** The bytes somewhere in memory that ends right behind them, or not. */
function placed(bytes: Uint8Array, before: number, behind: number): { memory: ArrayBuffer; start: number } {
  const memory = new ArrayBuffer(before + bytes.length + behind);
  new Uint8Array(memory).fill(0xee).set(bytes, before);
  return { memory, start: before };
}

const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 250, maxLength: 300 }));

describe("a digest", () => {
  it("is the same of the same bytes, wherever they lie and however they are seen", () => {
    fc.assert(
      fc.property(bytes, fc.nat(9), fc.nat(9), (bytes, before, behind) => {
        const { memory, start } = placed(bytes, before, behind);
        const end = start + bytes.length;
        const expected = digestOf(() => digest.bytes(bytes, 0, bytes.length));
        const whole = new Uint8Array(memory);
        expect(digestOf(() => digest.bytes(whole, start, end))).to.equal(expected);
        const part = new Uint8Array(memory, start, bytes.length);
        expect(digestOf(() => digest.bytes(part, 0, bytes.length))).to.equal(expected);
        const words = new Int32Array(
          new Uint8Array([...whole, ...Array(8).fill(0xee)]).buffer.slice(0, (end + 7) & ~3),
        );
        expect(digestOf(() => digest.range(words, start, end))).to.equal(expected);
      }),
      { numRuns: 500 },
    );
  });

  it("is the same of bytes that are taken in pieces of whole words", () => {
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(80)), (bytes, cuts) => {
        const ends = [...new Set(cuts.map((cut) => Math.min(4 * cut, bytes.length)))].sort((a, b) => a - b);
        const inPieces = digestOf(() => {
          let start = 0;
          for (const end of [...ends.filter((end) => end % 4 === 0), bytes.length]) {
            digest.bytes(bytes, start, end);
            start = end;
          }
        });
        expect(inPieces).to.equal(digestOf(() => digest.bytes(bytes, 0, bytes.length)));
      }),
    );
  });

  it("differs by about half of its bits when one bit of the input does", () => {
    const prng = new Prng("bits");
    const flips = new Uint32Array(64);
    const rounds = 4000;
    for (let round = 0; round < rounds; round++) {
      const bytes = Uint8Array.from({ length: 1 + (prng.uint32() % 24) }, () => prng.uint32());
      digestOf(() => digest.bytes(bytes, 0, bytes.length));
      const { low, high } = digest;
      const bit = prng.uint32() % (8 * bytes.length);
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
      digestOf(() => digest.bytes(bytes, 0, bytes.length));
      for (let i = 0; i < 32; i++) {
        if (((low ^ digest.low) >>> i) & 1) flips[i]!++;
        if (((high ^ digest.high) >>> i) & 1) flips[32 + i]!++;
      }
    }
    for (const count of flips) expect(count / rounds).to.be.within(0.45, 0.55);
  });

  it("has lanes that collide independently, and no oftener than chance has it, for input that counts", () => {
    const seen = { low: new Set<number>(), high: new Set<number>(), both: new Set<string>() };
    const total = 200_000;
    for (let i = 0; i < total; i++) {
      digestOf(() => {
        digest.word(i >>> 9);
        digest.word(i & 511);
        digest.word(0);
      });
      seen.low.add(digest.low);
      seen.high.add(digest.high);
      seen.both.add(shown());
    }
    // n^2 / 2^33 = 4.7 collisions are to be expected in each lane, none in both.
    expect(total - seen.low.size).to.be.lessThan(20);
    expect(total - seen.high.size).to.be.lessThan(20);
    expect(seen.both.size).to.equal(total);
  });
});
