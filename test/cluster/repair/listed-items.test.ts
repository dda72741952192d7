import { expect } from "chai";
import { ByteReader } from "#torus/base/byte-reader.js";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { rangeOf } from "#torus/base/bytes.js";
import { Prng } from "#torus/base/prng.js";
import { type DigestedItem, differenceOf } from "#torus/cluster/repair/digest-list.js";
import { ListedItems, writeListedItems } from "#torus/cluster/repair/listed-items.js";

const DATABASES = 16;
const CLOCK_MAX = 2 ** 53 - 1;

function itemsOf(prng: Prng, count: number): DigestedItem[] {
  return Array.from({ length: count }, (_, i) => ({
    db: prng.below(DATABASES),
    hash: prng.uint32() | 0,
    version: { clock: i === 0 ? CLOCK_MAX : prng.below(2 ** 32) * 2 ** 20, origin: prng.below(2 ** 16) },
    type: prng.below(32),
    isTable: prng.below(2) === 1,
    low: prng.uint32() | 0,
    high: prng.uint32() | 0,
  }));
}

function bytesOf(items: readonly DigestedItem[]): Buffer {
  const writer = new ByteWriter({ bytesMax: 2 ** 20 });
  writeListedItems(writer, items);
  return Buffer.from(writer.written());
}

function read(bytes: Buffer, count: number, databases = DATABASES): ListedItems | undefined {
  return ListedItems.read(new ByteReader(rangeOf(bytes)), count, databases);
}

describe("listed items", () => {
  it("tell by their bytes what values tell", () => {
    const prng = new Prng("listed items");
    for (let round = 0; round < 50; round++) {
      const mine = itemsOf(prng, prng.below(100));
      const theirs = [...mine.filter(() => prng.below(3) > 0), ...itemsOf(prng, prng.below(20))];
      const listed = read(bytesOf(theirs), theirs.length)!;
      const { missing, extra } = differenceOf(mine, theirs);
      const expected = extra.map(({ db, hash, version, type, isTable }) => ({
        db,
        hash,
        version,
        type,
        isTable,
      }));
      expect(listed.count).to.equal(theirs.length);
      expect(listed.differenceFrom(mine)).to.deep.equal({ missing, extra: expected });
    }
  });

  it("are refused where they are cut off, or make no sense", () => {
    const bytes = bytesOf(itemsOf(new Prng("nonsense"), 2));
    expect(read(bytes, 2)).not.to.equal(undefined);
    for (let end = 0; end < bytes.length; end++) expect(read(bytes.subarray(0, end), 2)).to.equal(undefined);
    for (const [at, byte] of [
      [24, 64],
      [25, DATABASES],
      [36, 0x20],
      [37, 1],
    ] as const) {
      const wrong = Buffer.from(bytes);
      wrong[at] = byte;
      expect(read(wrong, 2), `${at}`).to.equal(undefined);
    }
  });
});
