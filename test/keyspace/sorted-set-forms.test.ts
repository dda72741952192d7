import { expect } from "chai";
import fc from "fast-check";
import { encodingName } from "#torus/commands/type-names.js";
import { readScore } from "#torus/delta/score.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import { RankedMembers } from "#torus/keyspace/ranked-members.js";
import { entriesOf } from "../support/hash-fields.js";
import { contentsOf } from "../support/keyspace-contents.js";
import { Side } from "../support/side.js";
import { openKey } from "../support/small-keyspace.js";

class SortedSetSide extends Side {
  /** The members by rank, as commands see them. */
  get ranked(): string[] {
    openKey(this.keyspace, "z");
    if (this.keyspace.at === NOWHERE) return [];
    const members = new RankedMembers();
    members.open(this.keyspace);
    const found: string[] = [];
    members.forEach({ from: 0, end: members.length }, false, ({ field }) => {
      found.push(field.bytes.toString("latin1", field.start, field.end));
    });
    return found;
  }

  /** The same by the entries, whatever order they have. */
  get sorted(): string[] {
    return entriesOf(this.keyspace, "z")
      .flatMap(([member, { value }]) =>
        value === null ? [] : [{ member, score: readScore(value, 0, value.length) }],
      )
      .sort((a, b) => (a.score !== b.score ? (a.score < b.score ? -1 : 1) : a.member < b.member ? -1 : 1))
      .map(({ member }) => member);
  }

  get encoding(): string | undefined {
    openKey(this.keyspace, "z");
    return this.keyspace.at === NOWHERE ? undefined : encodingName(this.keyspace, this.keyspace.at);
  }
}

const member = fc.constantFrom("", "a", "aa", "b", "c", "\xff");
const score = fc.constantFrom("0", "-0", "1", "-2.5", "1e300", "inf", "-inf");
const command = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant("zadd"), fc.constant("z"), score, member) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("zrem"), fc.constant("z"), member) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constant("zincrby"), fc.constant("z"), fc.constantFrom("1", "-2"), member),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom("zpopmin", "zpopmax"), fc.constant("z")) },
);
const edit = fc.record({ at: fc.nat(1), words: command });

describe("a sorted set", () => {
  it("is in its order wherever its members came from, and the same in the end at all owners", () => {
    fc.assert(
      fc.property(
        fc.array(edit, { maxLength: 24, size: "max" }),
        fc.infiniteStream(fc.nat()),
        (edits, draws) => {
          const sides = [new SortedSetSide(1), new SortedSetSide(2)] as const;
          for (const { at, words } of edits) sides[at]!.run(...words);
          const [one, other] = sides;
          for (const [target, source] of [
            [one, other],
            [other, one],
          ] as const) {
            const told = [...source.deltas];
            while (told.length > 0) {
              target.hear(told.splice(draws.next().value! % told.length, 1)[0]!);
              expect(target.ranked).to.deep.equal(target.sorted);
            }
          }
          expect(contentsOf(one.keyspace, ["z"])).to.deep.equal(contentsOf(other.keyspace, ["z"]));
          expect(one.ranked).to.deep.equal(other.ranked);
        },
      ),
      { numRuns: 400 },
    );
  });

  it("keeps what both sides added, loses what either removed, and has the score that was set last", () => {
    const [one, other] = [new SortedSetSide(1), new SortedSetSide(2)];
    one.run("zadd", "z", "1", "old", "2", "gone");
    for (const delta of one.deltas.splice(0)) other.hear(delta);
    one.run("zadd", "z", "5", "one", "7", "old");
    other.run("zrem", "z", "gone");
    other.run("zadd", "z", "4", "other");
    other.run("zincrby", "z", "100", "old");
    for (const delta of one.deltas) other.hear(delta);
    for (const delta of other.deltas) one.hear(delta);
    const later = one.run("zscore", "z", "old");
    expect(["7", "101"].map((score) => `"${score}"`)).to.include(later);
    for (const side of [one, other]) {
      expect(side.run("zscore", "z", "old")).to.equal(later);
      expect(side.run("zrange", "z", "0", "1")).to.equal('["other" "one"]');
      expect(side.run("zcard", "z")).to.equal("3");
    }
  });

  for (const keepTombstones of [false, true]) {
    const where = keepTombstones ? "where removed members leave marks" : "where none are left";

    it(`is packed or not by what arrives as a whole, ${where}`, () => {
      const side = new SortedSetSide(1, { keepTombstones });
      const copy = () => {
        const other = new SortedSetSide(2, { keepTombstones });
        for (const delta of side.deltas) other.hear(delta);
        return other;
      };
      side.run("zadd", "z", "3", "c", "1", "a", "2", "b");
      expect(copy().encoding).to.equal("listpack");
      expect(copy().ranked).to.deep.equal(["a", "b", "c"]);
      side.run("zadd", "z", "0", "longer than 8");
      expect(copy().encoding).to.equal("skiplist");
      expect(copy().ranked).to.deep.equal(["longer than 8", "a", "b", "c"]);
      side.run("zunionstore", "z", "1", "z", "WEIGHTS", "-1");
      expect(copy().ranked).to.deep.equal(["c", "b", "a", "longer than 8"]);
    });
  }
});
