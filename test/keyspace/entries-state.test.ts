import { expect } from "chai";
import fc from "fast-check";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { merge } from "#torus/delta/merge.js";
import type { Field, RecordState } from "#torus/delta/record-state.js";
import { noExpiry } from "#torus/delta/record-state.js";
import { VERSION_ZERO } from "#torus/delta/version.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import { liveLength } from "#torus/keyspace/entries-body.js";
import { fillEntries, mergeEntries, packPart } from "#torus/keyspace/entries-state.js";
import { isGhost } from "#torus/keyspace/ghost.js";
import type { Journal } from "#torus/keyspace/journal.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { TYPE_HASH } from "#torus/keyspace/record.js";
import {
  copyOf,
  entriesOf,
  fieldsOf,
  removeFields,
  SMALL_LIMITS,
  setFields,
} from "../support/hash-fields.js";
import { openKey, START_MS, smallKeyspace } from "../support/small-keyspace.js";

/** The hash of a key as a value, whatever a client sees of it. */
function stateOf(keyspace: Keyspace, key: string): RecordState {
  const entries = entriesOf(keyspace, key);
  const at = keyspace.at !== NOWHERE ? keyspace.at : keyspace.ghost;
  const { records } = keyspace;
  const life =
    at === NOWHERE ? VERSION_ZERO : { clock: records.lifeClock(at), origin: records.lifeOrigin(at) };
  return stateWith(new Map(entries), life);
}

function stateWith(fields: Map<string, Field>, life = VERSION_ZERO): RecordState {
  return { life, expiry: noExpiry(life), body: { kind: "hash", fields } };
}

/** The hash of a key in parts of about so many fields. */
function partsOf(keyspace: Keyspace, key: string, fieldsMax: number): Buffer[] {
  openKey(keyspace, key);
  const at = keyspace.at !== NOWHERE ? keyspace.at : keyspace.ghost;
  if (at === NOWHERE) return [];
  const parts: Buffer[] = [];
  let cursor = 0;
  do {
    const writer = new ByteWriter({ bytesMax: 2 ** 24 });
    cursor = packPart(keyspace.database, at, { cursor, fieldsMax }, writer);
    parts.push(writer.written());
  } while (cursor !== 0);
  return parts;
}

/** Does what a node does with a state of a hash that arrives: a new one where there is nothing, else a join. */
function receive(keyspace: Keyspace, key: string, part: Buffer): void {
  openKey(keyspace, key);
  const entries = { bytes: part, start: 0, end: part.length };
  if (keyspace.at === NOWHERE && keyspace.ghost === NOWHERE) {
    fillEntries(keyspace, SMALL_LIMITS, { type: TYPE_HASH, life: VERSION_ZERO }, entries);
    if (isGhost(keyspace.database, keyspace.at)) keyspace.hide();
  } else {
    mergeEntries(keyspace, SMALL_LIMITS, entries);
  }
}

interface Edit {
  /** Which of two nodes does it. */
  readonly side: 0 | 1;
  readonly removes: boolean;
  readonly fields: readonly string[];
  readonly value: string;
  /** Milliseconds that pass before. */
  readonly pauseMs: number;
}

const edits: fc.Arbitrary<Edit> = fc.record({
  side: fc.constantFrom(0, 1),
  removes: fc.boolean(),
  fields: fc.array(fc.constantFrom("", "f", "g", "h", "i", "j", "k", "l", "a long field"), {
    minLength: 1,
    maxLength: 4,
  }),
  value: fc.constantFrom("", "1", "two", "x".repeat(100), "y".repeat(20_000)),
  pauseMs: fc.constantFrom(0, 0, 1, 5000, 1e9),
});

function perform(keyspace: Keyspace, { removes, fields, value }: Edit): void {
  if (removes) removeFields(keyspace, "h", fields);
  else
    setFields(
      keyspace,
      "h",
      fields.map((field) => [field, value] as const),
    );
}

function pair(): readonly [Keyspace, Keyspace] {
  return [1, 2].map((origin) => smallKeyspace({ origin, keepTombstones: true })) as unknown as readonly [
    Keyspace,
    Keyspace,
  ];
}

describe("the state of a hash", () => {
  it("joins in place to what merging makes of two states, whatever parts it travels in", () => {
    fc.assert(
      fc.property(
        fc.array(edits, { maxLength: 40, size: "max" }),
        fc.integer({ min: 1, max: 10 }),
        (run, fieldsMax) => {
          const sides = pair();
          let nowMs = START_MS;
          for (const edit of run) {
            nowMs += edit.pauseMs;
            sides[edit.side].tick(nowMs);
            perform(sides[edit.side], edit);
          }
          const states = sides.map((side) => stateOf(side, "h"));
          const merged = merge(states[0]!, states[1]!);
          const parts = sides.map((side) => partsOf(side, "h", fieldsMax));
          sides.forEach((side, i) => {
            for (const part of parts[1 - i]!) receive(side, "h", part);
            expect(stateOf(side, "h")).to.deep.equal(merged);
            // Once more, and one's own: nothing is news any more.
            const { dirty } = side;
            for (const part of [...parts[0]!, ...parts[1]!]) receive(side, "h", part);
            expect(stateOf(side, "h")).to.deep.equal(merged);
            expect(side.dirty).to.equal(dirty);
          });
          expect(fieldsOf(sides[0], "h")).to.have.deep.members(fieldsOf(sides[1], "h"));
        },
      ),
      { numRuns: 100 },
    );
  });

  it("counts the keys that clients see, while fields come and go from elsewhere", () => {
    fc.assert(
      fc.property(fc.array(edits, { maxLength: 20, size: "max" }), (run) => {
        const sides = pair();
        for (const edit of run) {
          perform(sides[edit.side], edit);
          for (const part of partsOf(sides[edit.side], "h", 3)) receive(sides[1 - edit.side]!, "h", part);
          for (const side of sides) expect(side.size).to.equal(fieldsOf(side, "h").length > 0 ? 1 : 0);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("after each edit is what merging makes of the state before and the entries that the journal was told", () => {
    fc.assert(
      fc.property(fc.array(edits, { maxLength: 30, size: "max" }), (run) => {
        const keyspace = smallKeyspace({ keepTombstones: true });
        let told = new Map<string, Field>();
        let closed = 0;
        const journal: Partial<Journal> = {
          fieldChanged: (entry) => told.set(...copyOf(entry)),
          fieldsChanged: () => closed++,
        };
        keyspace.journal = journal as Journal;
        for (const edit of run) {
          told = new Map();
          closed = 0;
          const before = stateOf(keyspace, "h");
          perform(keyspace, edit);
          expect(stateOf(keyspace, "h")).to.deep.equal(merge(before, stateWith(told)));
          expect(closed).to.equal(told.size > 0 ? 1 : 0);
          const versions = new Set([...told.values()].map(({ version }) => version.clock));
          expect(versions.size).to.be.at.most(1);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("goes into a record as it is while it is small, in its order", () => {
    const keyspace = smallKeyspace();
    setFields(keyspace, "h", [
      ["b", "1"],
      ["a", "2"],
    ]);
    const [part] = partsOf(keyspace, "h", 100);
    const other = smallKeyspace({ origin: 9 });
    openKey(other, "h");
    const life = { clock: 5, origin: 7 };
    fillEntries(
      other,
      SMALL_LIMITS,
      { type: TYPE_HASH, life },
      { bytes: part!, start: 0, end: part!.length },
    );
    expect(fieldsOf(other, "h")).to.deep.equal([
      ["b", "1"],
      ["a", "2"],
    ]);
    expect(other.records.lifeClock(other.at)).to.equal(5);
    expect(partsOf(other, "h", 100)).to.deep.equal([part]);
  });

  it("ends a hash whose last field it removes, and raises the floor of births, where no marks are kept", () => {
    const keyspace = smallKeyspace({ origin: 1 });
    const other = smallKeyspace({ origin: 2, keepTombstones: true });
    setFields(keyspace, "h", [["f", "1"]]);
    const [part] = partsOf(keyspace, "h", 1);
    other.tick(START_MS + 1);
    receive(other, "h", part!);
    removeFields(other, "h", ["f"]);
    const [, mark] = entriesOf(other, "h")[0]!;
    receive(keyspace, "h", partsOf(other, "h", 1)[0]!);
    openKey(keyspace, "h");
    expect(keyspace.at).to.equal(NOWHERE);
    expect(keyspace.size).to.equal(0);
    expect(keyspace.database.birthFloors.clock(keyspace.slot)).to.equal(mark.version.clock + 1);
    expect(keyspace.records.arena.usedBytes).to.equal(0);
  });

  it("of a large hash travels in parts of bounded size, which together have every field once", () => {
    const keyspace = smallKeyspace();
    const fields = Array.from({ length: 5000 }, (_, i) => [`field ${i}`, `${i}`] as const);
    setFields(keyspace, "h", fields);
    const parts = partsOf(keyspace, "h", 50);
    expect(parts.length).to.be.greaterThan(80);
    for (const part of parts) expect(part.length).to.be.lessThan(100 * 32);
    const other = smallKeyspace({ origin: 9 });
    for (const part of parts) receive(other, "h", part);
    openKey(other, "h");
    expect(liveLength(other.database, other.at)).to.equal(5000);
    expect(new Map(fieldsOf(other, "h"))).to.deep.equal(new Map(fields));
  });
});
