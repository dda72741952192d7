/** The order of a large sorted set, against a sorted array: whatever comes, goes, or lies elsewhere. */
import { expect } from "chai";
import fc from "fast-check";
import { compareRanges, scoreBytes } from "#torus/delta/score.js";
import { type Location, NOWHERE } from "#torus/keyspace/arena.js";
import { FieldTables } from "#torus/keyspace/field-table.js";
import { Records } from "#torus/keyspace/records.js";
import { BEFORE, BEHIND } from "#torus/keyspace/score-order.js";

interface Ranked {
  readonly member: string;
  readonly score: number;
}

/** Nobody looks for members by their hashes here, so any number may be one. */
class Sorted {
  readonly records = new Records();
  readonly tables = new FieldTables(this.records);
  readonly table = this.tables.create(true);
  readonly scores = new Map<string, number>();

  set(member: string, score: number): void {
    const name = Buffer.from(member, "latin1");
    const hash = hashOf(member);
    const at = this.tables.find(this.table, hash, name, 0, name.length);
    const value = scoreBytes(score);
    this.tables.write(this.table, hash, at, {
      field: { bytes: name, start: 0, end: name.length },
      value: { bytes: value, start: 0, end: value.length },
      version: { clock: 1, origin: 1 },
    });
    this.scores.set(member, score);
  }

  mark(member: string): void {
    const name = Buffer.from(member, "latin1");
    const hash = hashOf(member);
    const at = this.tables.find(this.table, hash, name, 0, name.length);
    const field = { bytes: name, start: 0, end: name.length };
    this.tables.write(this.table, hash, at, { field, value: null, version: { clock: 2, origin: 1 } });
    this.scores.delete(member);
  }

  remove(member: string): void {
    const at = this.locate(member);
    if (at !== NOWHERE) this.tables.remove(this.table, at);
    this.scores.delete(member);
  }

  locate(member: string): Location {
    const name = Buffer.from(member, "latin1");
    return this.tables.find(this.table, hashOf(member), name, 0, name.length);
  }

  get sorted(): Ranked[] {
    return [...this.scores]
      .map(([member, score]) => ({ member, score }))
      .sort((a, b) => a.score - b.score || compareTexts(a.member, b.member));
  }

  /** The members in the order of the tree. */
  get told(): string[] {
    const found: Location[] = [];
    const { size } = this.scores;
    while (found.length < size) {
      const before = found.length;
      this.tables.order.collect(this.table, before, size - before, found);
      if (found.length === before) break;
    }
    return found.map((at) => this.nameOf(at));
  }

  nameOf(at: Location): string {
    const { bytes, start, end } = this.records.key(at);
    return bytes.toString("latin1", start, end);
  }
}

function hashOf(member: string): number {
  let hash = 0;
  for (const letter of member) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0;
  return Math.imul(hash, 0x9e3779b1);
}

function compareTexts(a: string, b: string): number {
  const [left, right] = [Buffer.from(a, "latin1"), Buffer.from(b, "latin1")];
  return compareRanges(
    { bytes: left, start: 0, end: left.length },
    { bytes: right, start: 0, end: right.length },
  );
}

const score = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    1,
    -1,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    5e-324,
    1 + Number.EPSILON,
  ),
  fc.double({ noNaN: true }),
  fc.integer({ min: -3, max: 3 }),
);

function expectOrder(set: Sorted): void {
  const { sorted, tables, table } = set;
  expect(set.told).to.deep.equal(sorted.map(({ member }) => member));
  for (const [rank, { member, score }] of sorted.entries()) {
    if (rank % 7 !== 0 || (sorted.length > 1000 && rank % 101 !== 0)) continue;
    expect(tables.order.rankOf(table, set.locate(member))).to.equal(rank);
    const below = sorted.filter((each) => each.score < score).length;
    const upTo = sorted.filter((each) => each.score <= score).length;
    expect(tables.order.countByScore(table, score, BEFORE)).to.equal(below);
    expect(tables.order.countByScore(table, score, BEHIND)).to.equal(upTo);
  }
}

describe("the order of a large sorted set", () => {
  it("holds whichever of its nodes are moved", () => {
    const edit = fc.tuple(fc.constantFrom("set", "set", "remove"), fc.nat(2000), score);
    fc.assert(
      fc.property(fc.array(edit, { minLength: 300, maxLength: 1500, size: "max" }), (edits) => {
        const set = new Sorted();
        const { order } = set.tables;
        // Other slabs of each size, to move to.
        const others = Array.from({ length: 40 }, () => new Sorted());
        expect(others).to.have.length(40);
        for (const [i, [what, number, score]] of edits.entries()) {
          if (what === "set") set.set(`m${number}`, score);
          else set.remove(`m${number}`);
          if (i % 100 !== 0) continue;
          for (const slab of [...order.arena.slabs])
            for (let cell = 0; cell < slab.untouched; cell++)
              if (slab.isLive(cell)) order.relocate(slab.location(cell));
        }
        expectOrder(set);
      }),
      { numRuns: 20 },
    );
  });

  it("is that of scores, then of members, whatever is set, set anew and removed", () => {
    const edit = fc.tuple(fc.constantFrom("set", "set", "set", "remove", "mark"), fc.nat(300), score);
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 600, size: "max" }), (edits) => {
        const set = new Sorted();
        for (const [what, number, score] of edits) {
          const member = `m${number}`;
          if (what === "set") set.set(member, score);
          else if (what === "remove") set.remove(member);
          else set.mark(member);
        }
        expectOrder(set);
      }),
      { numRuns: 50 },
    );
  });

  const arrivals: readonly (readonly [string, (i: number) => number])[] = [
    ["ascending", (i) => i],
    ["descending", (i) => -i],
    ["random", (i) => Math.imul(i, 0x9e3779b1) / 7],
    ["equal", () => 1],
  ];
  for (const [name, scoreOf] of arrivals) {
    it(`holds for many members of ${name} scores, until the last one is gone`, () => {
      const set = new Sorted();
      const count = 6000;
      for (let i = 0; i < count; i++) set.set(`member:${i}`, scoreOf(i));
      expectOrder(set);
      for (let i = 0; i < count; i++) if (i % 3 !== 0) set.remove(`member:${i}`);
      expectOrder(set);
      for (let i = 0; i < count; i += 3) set.set(`member:${i}`, scoreOf(i) + 0.5);
      expectOrder(set);
      const empty = new Sorted().tables.usedBytes;
      for (let i = 0; i < count; i += 3) set.remove(`member:${i}`);
      expect(set.told).to.deep.equal([]);
      expect(set.tables.usedBytes).to.equal(empty);
    });
  }

  it("counts members by their bytes where all scores are one", () => {
    const set = new Sorted();
    for (let i = 0; i < 2000; i++) set.set(String(i).padStart(4, "0"), 7);
    for (const [text, before, upTo] of [
      ["", 0, 0],
      ["0000", 0, 1],
      ["00000", 1, 1],
      ["1234", 1234, 1235],
      ["x", 2000, 2000],
    ] as const) {
      const member = { bytes: Buffer.from(text), start: 0, end: text.length };
      expect(set.tables.order.countByMember(set.table, member, BEFORE)).to.equal(before);
      expect(set.tables.order.countByMember(set.table, member, BEHIND)).to.equal(upTo);
    }
  });

  it("takes no more than 12 bytes a member, and 9 where they come in their order", () => {
    for (const [scoreOf, most] of [
      [(i: number) => i, 9],
      [(i: number) => Math.imul(i, 0x9e3779b1), 12.5],
    ] as const) {
      const set = new Sorted();
      for (let i = 0; i < 30_000; i++) set.set(`${i}`, scoreOf(i));
      expect(set.tables.order.bytesOf(set.table) / 30_000).to.be.lessThan(most);
    }
  });

  it("takes little besides the leaves where these are few", () => {
    for (const [count, leaves] of [
      [128, 2],
      [127 * 3, 3],
      [127 * 3 + 1, 4],
      [127 * 20, 20],
    ] as const) {
      const set = new Sorted();
      for (let i = 0; i < count; i++) set.set(`${i}`, i);
      expectOrder(set);
      expect(set.tables.order.bytesOf(set.table)).to.be.within(
        leaves * 1024,
        leaves * 1024 + Math.max(64, 32 * leaves),
      );
    }
  });

  it("takes no more than 17 bytes a member whatever gaps they come into, and in whichever order", () => {
    for (const scoreOf of [
      // A leaf has 127. From the top of all down to one that is full, then in a gap between full ones, and in each of many gaps.
      (i: number) => (i < 127 ? i : 1e9 - i),
      (i: number) => (i < 12_700 ? i * 1000 : 6_477_000 - i / 1000),
      (i: number) => (i < 12_700 ? i * 1000 : 6_476_500 + i / 1000),
      (i: number) => (i < 12_700 ? i : 127 * (i % 100) - i / 1e6),
      (i: number) => (i % 200) * 1e6 - i,
      (i: number) => (i % 200) * 1e6 + i,
    ]) {
      const set = new Sorted();
      for (let i = 0; i < 30_000; i++) set.set(`${i}`, scoreOf(i));
      expectOrder(set);
      expect(set.tables.order.bytesOf(set.table) / 30_000).to.be.lessThan(17);
    }
  });

  it("is freed with its table, in slices", () => {
    const set = new Sorted();
    const before = set.tables.usedBytes;
    for (let i = 0; i < 20_000; i++) set.set(`${i}`, i);
    set.tables.release(set.table);
    while (set.tables.queuedEntries > 0) expect(set.tables.releaseSlice(100)).to.be.lessThan(400);
    expect(set.tables.usedBytes).to.equal(before);
  });
});
