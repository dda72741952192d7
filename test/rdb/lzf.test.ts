import { expect } from "chai";
import fc from "fast-check";
import { WriterFull } from "#torus/base/byte-writer.js";
import { compress, decompress } from "#torus/rdb/lzf.js";

const BYTES_MAX = 2 ** 24;

describe("LZF", () => {
  it("gives back what it was given, whatever that is", () => {
    const texts = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc
        .array(fc.constantFrom(...Buffer.from("abc")), { maxLength: 3000 })
        .map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 600 }))
        .map(([part, times]) => Buffer.concat(Array.from({ length: times }, () => part))),
    );
    fc.assert(
      fc.property(texts, (plain) => {
        const packed = compress(plain, plain.length + 1);
        if (packed !== undefined)
          expect(decompress(packed, plain.length, BYTES_MAX)).to.deep.equal(Buffer.from(plain));
      }),
    );
  });

  it("shortens what repeats itself, across more than a copy can reach too", () => {
    expect(compress(Buffer.alloc(1000, "a"), 996)).to.have.lengthOf.below(20);
    const far = Buffer.concat([Buffer.from("needle"), Buffer.alloc(9000, "xy"), Buffer.from("needle")]);
    expect(decompress(compress(far, far.length)!, far.length, BYTES_MAX)).to.deep.equal(far);
  });

  it("takes no memory for a length that its bytes cannot fill, and reads beyond neither end", () => {
    expect(decompress(Buffer.of(0, 1), 2 ** 40, BYTES_MAX)).to.equal(undefined);
    const wrong = [[0], [5, 1, 2], [0x20, 0], [0xe0, 0], [0xe0], [0, 7, 0x3f, 0xff], [0, 7, 0x40, 0]];
    for (const bytes of wrong)
      expect(decompress(Buffer.from(bytes), 2, BYTES_MAX), String(bytes)).to.equal(undefined);
  });

  it("makes no more than there is room for, though its bytes could fill it", () => {
    const packed = compress(Buffer.alloc(1000), 1000)!;
    expect(decompress(packed, 1000, 1000)).to.deep.equal(Buffer.alloc(1000));
    expect(() => decompress(packed, 1000, 999)).to.throw(WriterFull);
  });
});
