import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { Arena, type Location, NOWHERE, UNIT_BITS, UNIT_MASK } from "#torus/keyspace/arena.js";
import { HEADER_BYTES, KEY_LENGTH, TYPE_FLAGS_ORIGIN } from "#torus/keyspace/record.js";
import { TableIndex } from "#torus/keyspace/table-index.js";

const HASHES = 2 ** 32;
/** Of the largest page. */
const PAGE_BYTES = 8 << 12;

/** An index of a few tables over bare records, whose hashes the test chooses. */
class Fixture {
  readonly records = new Arena();
  readonly index = new TableIndex(this.records, 4);
  readonly keys = new Map<string, { hash: number; at: Location }>();

  add(table: number, key: string, hash: number): void {
    const bytes = Buffer.from(key);
    expect(this.index.find(table, hash, bytes, 0, bytes.length)).to.equal(NOWHERE);
    const at = this.records.allocate(HEADER_BYTES + bytes.length);
    const slab = this.records.slabs[at >>> UNIT_BITS]!;
    const unit = at & UNIT_MASK;
    slab.words[unit * 2 + TYPE_FLAGS_ORIGIN] = 1;
    slab.words[unit * 2 + KEY_LENGTH] = bytes.length;
    bytes.copy(slab.bytes, unit * 8 + HEADER_BYTES);
    this.index.insert(table, hash, at);
    this.keys.set(key, { hash, at });
  }

  find(table: number, key: string, hash: number): Location {
    const bytes = Buffer.from(key);
    return this.index.find(table, hash, bytes, 0, bytes.length);
  }

  remove(table: number, key: string): void {
    const { hash, at } = this.keys.get(key)!;
    expect(this.find(table, key, hash)).to.equal(at);
    this.index.remove(table);
    this.records.free(at);
    this.keys.delete(key);
  }

  /** Walks a table in ranges and answers how often each location came. */
  walk(table: number, homes: number, between: () => void = () => {}): Map<Location, number> {
    const times = new Map<Location, number>();
    for (let from = 0; from < HASHES; ) {
      const found: Location[] = [];
      const next = this.index.collect(table, from, homes, found);
      expect(next).to.be.above(from);
      from = next;
      for (const at of found) times.set(at, (times.get(at) ?? 0) + 1);
      between();
    }
    return times;
  }
}

/** How the hashes of a run are drawn: at random, few different ones, all with equal top bits. */
const spreads: readonly [string, number, (prng: Prng) => number][] = [
  ["random hashes", 20_000, (prng) => prng.uint32() | 0],
  ["hashes of which many are equal", 3000, (prng) => Math.imul(prng.below(300), 0x9e3779b1)],
  ["hashes with equal top bits", 8000, (prng) => (0xabc << 20) | prng.below(2 ** 20) | 0],
];

describe("table index", () => {
  for (const [title, size, draw] of spreads) {
    it(`holds what a map holds, growing, splitting and shrinking, with ${title}`, () => {
      const prng = new Prng(title);
      const fixture = new Fixture();
      const names: string[] = [];
      for (let step = 0; step < size * 4; step++) {
        const grows = Math.floor(step / size) % 2 === 0 ? 0.9 : 0.1;
        if (names.length === 0 || prng.chance(grows)) {
          const name = `key ${step}`;
          fixture.add(1, name, draw(prng));
          names.push(name);
        } else {
          const place = prng.below(names.length);
          const name = names[place]!;
          names[place] = names.at(-1)!;
          names.pop();
          fixture.remove(1, name);
        }
        if (step % 5000 === 0)
          for (const [key, { hash, at }] of fixture.keys) expect(fixture.find(1, key, hash)).to.equal(at);
      }
      expect(fixture.index.count(1)).to.equal(names.length);
      for (const name of names) fixture.remove(1, name);
      expect(fixture.index.count(1)).to.equal(0);
      expect(fixture.records.usedBytes).to.equal(0);
      expect(fixture.index.usedBytes).to.be.below(200);
    });
  }

  for (const order of ["as they come", "in the order of their hashes"]) {
    it(`takes about the memory that its keys need, a few pages more or less at a time, for keys ${order}`, () => {
      const prng = new Prng(order);
      const hashes = Array.from({ length: 60_000 }, () => prng.uint32() | 0);
      if (order !== "as they come") hashes.sort((a, b) => (a >>> 0) - (b >>> 0));
      const fixture = new Fixture();
      const { index } = fixture;
      let before = index.usedBytes;
      const step = (act: () => void) => {
        act();
        expect(Math.abs(index.usedBytes - before)).to.be.at.most(16 * PAGE_BYTES);
        before = index.usedBytes;
      };
      for (const [i, hash] of hashes.entries()) step(() => fixture.add(1, `k${i}`, hash));
      // A cell takes 8 bytes, and pages are a third full or more, but for the last few.
      expect(index.usedBytes).to.be.below(hashes.length * 24 + 4 * PAGE_BYTES);
      const names = [...fixture.keys.keys()];
      for (const name of names.slice(6000)) step(() => fixture.remove(1, name));
      expect(index.usedBytes).to.be.below(hashes.length * 24 * 0.4 + 4 * PAGE_BYTES);
      for (const [key, { hash, at }] of fixture.keys) expect(fixture.find(1, key, hash)).to.equal(at);
      expect(fixture.walk(1, 100).size).to.equal(6000);
      for (const name of names.slice(0, 6000)) step(() => fixture.remove(1, name));
      expect(index.usedBytes).to.be.below(200);
    });
  }

  it("keeps tables apart", () => {
    const fixture = new Fixture();
    fixture.add(0, "a", 5);
    expect(fixture.find(1, "a", 5)).to.equal(NOWHERE);
    expect(fixture.index.count(0)).to.equal(1);
    expect(fixture.index.count(1)).to.equal(0);
  });

  it("collects every key of a table once, in any step", () => {
    for (const size of [1, 3, 100, 5000, 30_000]) {
      const prng = new Prng(size);
      const fixture = new Fixture();
      for (let i = 0; i < size; i++) fixture.add(2, `k${i}`, prng.uint32() | 0);
      for (const homes of [1, 7, 1000].filter((step) => size / step < 10_000)) {
        const times = fixture.walk(2, homes);
        expect(times.size).to.equal(size);
        expect([...times.values()].every((n) => n === 1)).to.equal(true);
      }
    }
  });

  it("collects every key that stays once, whatever grows or shrinks during the walk", () => {
    for (const [seed, grows] of [
      [1, true],
      [2, false],
      [3, true],
      [4, false],
    ] as const) {
      const prng = new Prng(seed);
      const fixture = new Fixture();
      for (let i = 0; i < 2000; i++) fixture.add(3, `stays ${i}`, prng.uint32() | 0);
      const stays = [...fixture.keys.values()].map(({ at }) => at);
      if (!grows) for (let i = 0; i < 12_000; i++) fixture.add(3, `goes ${i}`, prng.uint32() | 0);
      let next = 0;
      const times = fixture.walk(3, 64, () => {
        for (let i = 0; i < 150 && next < 12_000; i++, next++) {
          if (grows) fixture.add(3, `comes ${next}`, prng.uint32() | 0);
          else fixture.remove(3, `goes ${next}`);
        }
      });
      for (const at of stays) expect(times.get(at)).to.equal(1);
    }
  });

  it("glances at what it would find", () => {
    const prng = new Prng(9);
    const fixture = new Fixture();
    for (let i = 0; i < 6000; i++) fixture.add(0, `k${i}`, prng.uint32() | 0);
    const glance = (table: number, hash: number) =>
      fixture.index.glance(table, hash, fixture.index.home(table, hash));
    for (const [, { hash, at }] of fixture.keys) expect(glance(0, hash)).to.equal(at);
    for (let i = 0; i < 60; i++) fixture.add(2, `few ${i}`, prng.uint32() | 0);
    for (const [key, { hash, at }] of fixture.keys)
      if (key.startsWith("few")) expect(glance(2, hash)).to.equal(at);
    expect(glance(1, 77)).to.equal(NOWHERE);
  });

  it("finds a record near any hash of a table that has one", () => {
    const fixture = new Fixture();
    fixture.add(0, "only", 12345);
    for (const hash of [0, -1, 12345, 2 ** 31 - 1]) {
      expect(fixture.index.near(0, hash)).to.equal(fixture.keys.get("only")!.at);
    }
  });
});
