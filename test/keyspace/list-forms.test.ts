import { expect } from "chai";
import fc from "fast-check";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { unpackBody } from "#torus/delta/body-codec.js";
import type { Delta } from "#torus/delta/delta.js";
import { merge } from "#torus/delta/merge.js";
import { RANKS } from "#torus/delta/record-state.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import { PACKED, tableOf } from "#torus/keyspace/entries-body.js";
import { packPart } from "#torus/keyspace/entries-state.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import type { PackingLimits } from "#torus/keyspace/packing-limits.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { contentsOf } from "../support/keyspace-contents.js";
import { textOf } from "../support/reply.js";
import { Side } from "../support/side.js";
import { openKey } from "../support/small-keyspace.js";
import { stateOf } from "../support/state-of.js";

const USUAL_LIMITS: PackingLimits = { ...SMALL_LIMITS, listMaxListpackSize: -2 };

class ListSide extends Side {
  elements(): string[] {
    const reply = this.commands.ask("lrange", "l", "0", "-1");
    if (reply.kind !== "array") throw new Error("not an array");
    return reply.items.map((item) => textOf(item)!);
  }
}

const value = fc.constantFrom(
  "a",
  "b",
  "",
  "7",
  "-3",
  "127",
  "-129",
  "70000",
  "8388608",
  "2147483648",
  "140737488355328",
  "01",
  "x".repeat(47),
  "y".repeat(48),
  "z".repeat(700),
  "w".repeat(20_000),
);
const words = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constantFrom("rpush", "lpush"), fc.constant("l"), value) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom("rpush", "lpush"), fc.constant("l"), value, value, value),
  },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom("lpop", "rpop"), fc.constant("l")) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom("lpop", "rpop"), fc.constant("l"), fc.constantFrom("2", "5")),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant("lset"),
      fc.constant("l"),
      fc.constantFrom("0", "3", "-1", "-4", "7"),
      value,
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(
      fc.constant("linsert"),
      fc.constant("l"),
      fc.constantFrom("before", "after"),
      value,
      value,
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant("lrem"),
      fc.constant("l"),
      fc.constantFrom("0", "1", "-1", "2", "-2"),
      value,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant("ltrim"),
      fc.constant("l"),
      fc.constantFrom("0", "1", "-5"),
      fc.constantFrom("-1", "-2", "9"),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant("lmove"),
      fc.constant("l"),
      fc.constant("l"),
      fc.constantFrom("left", "right"),
      fc.constantFrom("left", "right"),
    ),
  },
) as fc.Arbitrary<readonly string[]>;

/** What Redis does to a list, as an array does it. */
function perform(
  list: string[],
  [name, , first, second, third]: readonly string[],
  all: readonly string[],
): string[] {
  const at = (index: string) => (Number(index) < 0 ? list.length + Number(index) : Number(index));
  switch (name) {
    case "rpush":
      return [...list, ...all.slice(2)];
    case "lpush":
      return [...all.slice(2).reverse(), ...list];
    case "lpop":
      return list.slice(Number(first ?? 1));
    case "rpop":
      return list.slice(0, Math.max(0, list.length - Number(first ?? 1)));
    case "lset":
      return list.map((each, i) => (i === at(first!) ? second! : each));
    case "linsert": {
      const pivot = list.indexOf(second!);
      if (pivot < 0) return list;
      return list.toSpliced(first === "before" ? pivot : pivot + 1, 0, third!);
    }
    case "lrem": {
      const count = Number(first) === 0 ? list.length : Math.abs(Number(first));
      const order = Number(first) < 0 ? list.map((_, i) => list.length - 1 - i) : list.map((_, i) => i);
      const removed = new Set(order.filter((i) => list[i] === second).slice(0, count));
      return list.filter((_, i) => !removed.has(i));
    }
    case "ltrim":
      return list.slice(Math.max(0, at(first!)), Math.max(0, at(second!) + 1));
    default: {
      if (list.length === 0) return list;
      const moved = second === "left" ? list[0]! : list.at(-1)!;
      const rest = second === "left" ? list.slice(1) : list.slice(0, -1);
      return third === "left" ? [moved, ...rest] : [...rest, moved];
    }
  }
}

describe("a list", () => {
  for (const keepTombstones of [false, true]) {
    for (const limits of [SMALL_LIMITS, USUAL_LIMITS]) {
      const form = `in blocks of ${limits === SMALL_LIMITS ? "three" : "many"}, marks ${keepTombstones ? "kept" : "not kept"}`;

      it(`has the elements that an array has after the same commands, ${form}`, () => {
        fc.assert(
          fc.property(fc.array(words, { maxLength: 60, size: "max" }), (run) => {
            const side = new ListSide(1, { limits, keepTombstones });
            let model: string[] = [];
            for (const each of run) {
              side.run(...each);
              model = perform(model, each, each);
              expect(side.elements(), each.join(" ").slice(0, 60)).to.deep.equal(model);
              expect(side.run("llen", "l")).to.equal(`${model.length}`);
            }
            model.forEach((element, i) => {
              expect(side.run("lindex", "l", `${i}`)).to.equal(JSON.stringify(element));
              expect(side.run("lindex", "l", `${i - model.length}`)).to.equal(JSON.stringify(element));
            });
            side.run("del", "l");
            if (!keepTombstones) {
              while (side.keyspace.releaseSlice(100) > 0);
              expect(side.keyspace.records.arena.usedBytes).to.equal(0);
              expect(side.keyspace.records.outsideBytes).to.equal(0);
            }
          }),
          { numRuns: 60 },
        );
      });
    }
  }

  it("has what both sides of a partition pushed, in one order, and nothing that either took, whatever parts travel", () => {
    fc.assert(
      fc.property(
        fc.array(words, { maxLength: 12 }),
        fc.array(fc.record({ at: fc.nat(1), words }), { maxLength: 40, size: "max" }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(SMALL_LIMITS, USUAL_LIMITS),
        (before, run, elementsMax, limits) => {
          const sides = [new ListSide(1, { limits }), new ListSide(2, { limits })];
          for (const each of before) sides[0]!.run(...each);
          for (const delta of sides[0]!.deltas) sides[1]!.hear(delta);
          for (const side of sides) side.deltas.length = 0;
          for (const { at, words } of run) sides[at]!.run(...words);
          const states = sides.map((side) => stateOf(side.keyspace, "l"));
          const parts = sides.map((side) => partsOf(side.keyspace, elementsMax));
          const [one, other] = states;
          const merged = one !== undefined && other !== undefined ? merge(one, other) : (one ?? other);
          sides.forEach((side, i) => {
            for (const delta of [...parts[1 - i]!, ...parts[i]!]) side.hear(delta);
            for (const delta of sides[1 - i]!.deltas) side.hear(delta);
            expect(contentsOf(side.keyspace, ["l"])).to.deep.equal(contentsOf(sides[0]!.keyspace, ["l"]));
          });
          expect(stateOf(sides[0]!.keyspace, "l")).to.deep.equal(merged);
          expect(sides[0]!.elements()).to.deep.equal(sides[1]!.elements());
        },
      ),
      { numRuns: 150 },
    );
  });

  it("keeps what two sides pushed by itself together, and the rest where it was", () => {
    const sides = [new ListSide(1), new ListSide(2)];
    sides[0]!.run("rpush", "l", "a", "b", "c");
    for (const delta of sides[0]!.deltas) sides[1]!.hear(delta);
    sides[0]!.run("rpush", "l", "x1", "x2", "x3");
    sides[1]!.run("rpush", "l", "y1", "y2", "y3");
    sides[0]!.run("lpop", "l");
    sides[1]!.run("lset", "l", "0", "changed");
    sides[1]!.run("linsert", "l", "before", "c", "between");
    for (const delta of sides[1]!.deltas) sides[0]!.hear(delta);
    for (const delta of sides[0]!.deltas) sides[1]!.hear(delta);
    const expected = ["b", "between", "c", "x1", "x2", "x3", "y1", "y2", "y3"];
    for (const side of sides) expect(side.elements()).to.deep.equal(expected);
  });

  it("takes few bytes an element when it is long", () => {
    const side = new ListSide(1, { limits: USUAL_LIMITS, keepTombstones: false });
    const count = 5000;
    for (let i = 0; i < count; i++) side.run("rpush", "l", `${i + 100_000}`);
    openKey(side.keyspace, "l");
    expect(tableOf(side.keyspace.database, side.keyspace.at)).to.not.equal(PACKED);
    const { records, lists } = side.keyspace.database;
    expect((records.arena.usedBytes + lists.rowBytes) / count).to.be.below(6.5);
    expect(side.run("lindex", "l", "1234")).to.equal('"101234"');
  });

  it("gives the bytes of a long element back when it is taken or changed, and does not fill its place with short ones", () => {
    for (const keepTombstones of [false, true]) {
      const side = new ListSide(1, { limits: USUAL_LIMITS, keepTombstones });
      const long = "x".repeat(200_000);
      side.run("rpush", "l", "first", long, long, "last");
      const { records } = side.keyspace;
      expect(records.outsideBytes).to.be.within(2 * long.length, 2 * long.length + 100);
      side.run("lset", "l", "1", "short");
      side.run("lpop", "l");
      side.run("lpop", "l");
      side.run("lpop", "l");
      expect(records.outsideBytes).to.equal(0);
      const elements = Array.from({ length: 4000 }, (_, i) => `an element of many: ${i}`);
      for (let i = 0; i < elements.length; i += 100) side.run("lpush", "l", ...elements.slice(i, i + 100));
      expect(side.elements()).to.deep.equal([...elements.toReversed(), "last"]);
      const parts = partsOf(side.keyspace, 1000);
      const other = new ListSide(2, { limits: USUAL_LIMITS, keepTombstones });
      for (const part of parts) other.hear(part);
      expect(other.elements()).to.deep.equal(side.elements());
    }
  });

  it("changes no long element in place: who digests or sends it may still be reading it", () => {
    const side = new ListSide(1, { limits: USUAL_LIMITS });
    side.run("rpush", "l", "first", "x".repeat(20_000));
    openKey(side.keyspace, "l");
    const { database, at } = side.keyspace;
    const { bytes, start, end } = database.lists.elements(database.lists.row(tableOf(database, at)), 1);
    const element = bytes.subarray(start, end);
    const before = Buffer.from(element);
    side.run("lset", "l", "1", "y".repeat(20_000));
    expect(element.equals(before)).to.equal(true);
    side.run("lset", "l", "1", "y".repeat(19_000));
    side.run("rpop", "l");
    expect(element.equals(before)).to.equal(true);
  });

  it("of more elements than a version has ranks is told by several deltas, each of a version of its own", () => {
    const [side, other] = [
      new ListSide(1, { limits: USUAL_LIMITS }),
      new ListSide(2, { limits: USUAL_LIMITS }),
    ];
    const elements = Array.from({ length: 1000 }, (_, i) => `${i}`);
    side.run("lpush", "l", ...elements);
    expect(side.elements()).to.deep.equal(elements.toReversed());
    expect(side.deltas.length).to.equal(4);
    for (const delta of side.deltas) other.hear(delta);
    expect(other.elements()).to.deep.equal(elements.toReversed());
  });
});

/** The list as deltas of a few elements each. */
function partsOf(keyspace: Keyspace, fieldsMax: number): Delta[] {
  openKey(keyspace, "l");
  const { at, ghost, database } = keyspace;
  const place = at !== NOWHERE ? at : ghost;
  const state = stateOf(keyspace, "l");
  if (state === undefined || state.body.kind !== "list") return [];
  const parts: Delta[] = [];
  let cursor = 0;
  do {
    const writer = new ByteWriter({ bytesMax: 2 ** 24 });
    cursor = packPart(database, place, { cursor, fieldsMax }, writer);
    const body = unpackBody(RANKS.list, writer.written())!;
    parts.push({
      kind: "record",
      db: 0,
      slot: keyspace.slot,
      key: Buffer.from("l"),
      state: { ...state, body },
    });
  } while (cursor !== 0);
  return parts;
}
