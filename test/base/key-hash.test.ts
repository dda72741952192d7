import { expect } from "chai";
import fc from "fast-check";
import { crc16, KeyHasher, SLOT_COUNT, slotOf } from "#torus/base/key-hash.js";
import { Prng } from "#torus/base/prng.js";

function hasher(seed = "a seed"): KeyHasher {
  const prng = new Prng(seed);
  return new KeyHasher(() => prng.uint32());
}

function slot(key: string): number {
  return slotOf(Buffer.from(key), 0, Buffer.byteLength(key));
}

describe("key hash", () => {
  it("is the CRC16 of the cluster specification", () => {
    expect(crc16(Buffer.from("123456789"), 0, 9)).to.equal(0x31c3);
  });

  it("places keys where Redis Cluster places them", () => {
    // CLUSTER KEYSLOT of redis-server 7.0.15.
    expect(slot("foo")).to.equal(12182);
    expect(slot("")).to.equal(0);
    expect(slot("{user1000}.following")).to.equal(slot("user1000"));
    expect(slot("foo{}{bar}")).to.equal(crc16(Buffer.from("foo{}{bar}"), 0, 10) % SLOT_COUNT);
    expect(slot("foo{{bar}}zap")).to.equal(slot("{bar"));
    expect(slot("foo{bar}{zap}")).to.equal(slot("bar"));
  });

  it("finds the same slot in its fast walk as byte by byte", () => {
    const keys = hasher();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(5), (bytes, before) => {
        const buffer = Buffer.concat([Buffer.alloc(before, 0x7b), bytes]);
        keys.digest(buffer, before, buffer.length);
        expect(keys.slot).to.equal(slotOf(bytes, 0, bytes.length));
      }),
    );
  });

  it("sees a tag wherever its brace stands in a block", () => {
    const keys = hasher();
    for (let at = 0; at < 24; at++) {
      const key = `${"x".repeat(at)}{tag}y`;
      keys.digest(Buffer.from(key), 0, key.length);
      expect(keys.slot, key).to.equal(slot("tag"));
    }
  });

  it("hashes a key alike wherever it lies, and differently under another seed", () => {
    const key = Buffer.from("session:0123456789abcdef");
    const [one, same, other] = [hasher("x"), hasher("x"), hasher("y")];
    one.digest(key, 0, key.length);
    same.digest(Buffer.concat([Buffer.from("12345"), key]), 5, 5 + key.length);
    other.digest(key, 0, key.length);
    expect(same.hash).to.equal(one.hash);
    expect(other.hash).not.to.equal(one.hash);
  });

  it("hashes by another seed once it is reseeded", () => {
    const key = Buffer.from("session:0123456789abcdef");
    const [reseeded, other] = [hasher("x"), hasher("y")];
    reseeded.digestAhead(key, 0, key.length);
    const seed = new Prng("y");
    reseeded.reseed(() => seed.uint32());
    for (const keys of [reseeded, other]) keys.digest(key, 0, key.length);
    expect(reseeded.hash).to.equal(other.hash);
  });

  it("knows a digest that was asked for ahead", () => {
    const keys = hasher();
    const [ahead, asked] = [Buffer.from("{user1000}.following"), hasher()];
    expect(keys.digestAhead(ahead, 0, ahead.length)).to.equal(slot("user1000"));
    asked.digest(ahead, 0, ahead.length);
    // Another key is digested in between: what was asked for ahead is still known.
    keys.digest(Buffer.from("x"), 0, 1);
    keys.digest(ahead, 0, ahead.length);
    expect([keys.slot, keys.hash]).to.deep.equal([asked.slot, asked.hash]);
  });

  it("spreads similar keys over 32 bits as chance would", () => {
    // Simple tabulation is 3-independent: pairs collide as by chance on average, but under one seed in lumps.
    let collisions = 0;
    for (let seed = 0; seed < 16; seed++) {
      const keys = hasher(`seed ${seed}`);
      const seen = new Set<number>();
      const byTopBits = new Uint32Array(64);
      for (let i = 0; i < 100_000; i++) {
        const key = Buffer.from(`key:${String(i).padStart(12, "0")}`);
        keys.digest(key, 0, key.length);
        seen.add(keys.hash);
        byTopBits[keys.hash >>> 26]!++;
      }
      collisions += 100_000 - seen.size;
      // Chance expects 1562 keys under each value of the top bits, give or take 40.
      expect(Math.max(...byTopBits)).to.be.below(1900);
      expect(Math.min(...byTopBits)).to.be.above(1250);
    }
    // Chance expects 19 pairs in all.
    expect(collisions).to.be.below(100);
  });

  it("tells keys apart that differ in length or in the order of equal blocks", () => {
    const keys = hasher();
    const hashes = [
      "",
      "\0",
      "\0\0",
      "abcdefgh",
      "abcdefghabcdefgh",
      "12345678abcdefgh",
      "abcdefgh12345678",
    ].map((key) => {
      keys.digest(Buffer.from(key), 0, key.length);
      return keys.hash;
    });
    expect(new Set(hashes).size).to.equal(hashes.length);
  });
});
