import { expect } from "chai";
import fc from "fast-check";
import { encodingName } from "#torus/commands/type-names.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { entriesOf } from "../support/hash-fields.js";
import { contentsOf } from "../support/keyspace-contents.js";
import { Side } from "../support/side.js";
import { openKey } from "../support/small-keyspace.js";

/** The members that clients see, as they lie. */
function membersOf(keyspace: Keyspace): string[] {
  return entriesOf(keyspace, "s").flatMap(([member, { value }]) => (value === null ? [] : [member]));
}

function encodingOf(keyspace: Keyspace): string | undefined {
  openKey(keyspace, "s");
  return keyspace.at === NOWHERE ? undefined : encodingName(keyspace, keyspace.at);
}

const integer = fc.constantFrom("0", "7", "-7", "10", "9", "100", "9223372036854775807", "-9007199254740993");
const member = fc.oneof({ weight: 12, arbitrary: integer }, { weight: 1, arbitrary: fc.constant("word") });
const edit = fc.record({
  at: fc.nat(1),
  name: fc.constantFrom("sadd", "sadd", "srem"),
  members: fc.array(member, { minLength: 1, maxLength: 4 }),
});

describe("the form of a set", () => {
  it("is that of a set of integers, in their order, wherever they came from and whenever", () => {
    fc.assert(
      fc.property(
        fc.array(edit, { maxLength: 20, size: "max" }),
        fc.infiniteStream(fc.nat()),
        (edits, draws) => {
          const sides = [new Side(1), new Side(2)] as const;
          for (const { at, name, members } of edits) sides[at]!.run(name, "s", ...members);
          const [one, other] = sides;
          for (const [target, source] of [
            [one, other],
            [other, one],
          ] as const) {
            const told = [...source.deltas];
            while (told.length > 0) {
              target.hear(told.splice(draws.next().value! % told.length, 1)[0]!);
              if (encodingOf(target.keyspace) !== "intset") continue;
              const found = membersOf(target.keyspace);
              expect(found).to.deep.equal([...found].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)));
            }
          }
          expect(contentsOf(one.keyspace, ["s"])).to.deep.equal(contentsOf(other.keyspace, ["s"]));
        },
      ),
      { numRuns: 300 },
    );
  });

  for (const keepTombstones of [false, true]) {
    const where = keepTombstones ? "where removed members leave marks" : "where none are left";

    it(`is judged by the members of a set that arrives as a whole, ${where}`, () => {
      const side = new Side(1, { keepTombstones });
      const copy = () => {
        const other = new Side(2, { keepTombstones });
        for (const delta of side.deltas) other.hear(delta);
        return other.keyspace;
      };
      side.run("sadd", "s", "10", "9", "-1");
      expect(encodingOf(copy())).to.equal("intset");
      expect(membersOf(copy())).to.deep.equal(["-1", "9", "10"]);
      side.run("sadd", "s", "x");
      expect(encodingOf(copy())).to.equal("hashtable");
      side.run("sunionstore", "t", "s");
      side.run("srem", "t", "x");
      side.run("rename", "t", "s");
      side.deltas.splice(0, side.deltas.length - 2);
      expect(encodingOf(side.keyspace)).to.equal("hashtable");
      if (!keepTombstones) expect(encodingOf(copy())).to.equal("intset");
      expect(membersOf(copy())).to.have.members(["-1", "9", "10"]);
    });
  }

  it("changes with the limits when the next member comes", () => {
    const side = new Side(1, { keepTombstones: false });
    side.run("sadd", "s", "1", "2", "3", "4", "5", "6");
    expect(encodingOf(side.keyspace)).to.equal("intset");
    side.run("sadd", "s", "7");
    expect(encodingOf(side.keyspace)).to.equal("hashtable");
    expect(membersOf(side.keyspace)).to.have.members(["1", "2", "3", "4", "5", "6", "7"]);
  });
});
