import { expect } from "chai";
import { NOWHERE } from "#torus/keyspace/arena.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { copy, cut, graft } from "#torus/keyspace/transplant.js";
import { fieldsOf, isPacked, removeFields, setFields } from "../support/hash-fields.js";
import { openKey, START_MS, smallKeyspace } from "../support/small-keyspace.js";

const FORMS = [
  ["packed", 3],
  ["large", 3000],
] as const;

const numbered = (count: number) => Array.from({ length: count }, (_, i) => [`f${i}`, `${i}`] as const);

/** COPY from one key to another, maybe of another database. */
function copyKey(keyspace: Keyspace, from: string, to: string, database: number): void {
  openKey(keyspace, from);
  const value = copy(keyspace, keyspace.databases[database]!);
  keyspace.select(database);
  openKey(keyspace, to);
  graft(keyspace, value);
}

/** RENAME. */
function rename(keyspace: Keyspace, from: string, to: string): void {
  openKey(keyspace, from);
  const value = cut(keyspace);
  openKey(keyspace, to);
  graft(keyspace, value);
}

function setDeadline(keyspace: Keyspace, key: string, deadlineMs: number): void {
  openKey(keyspace, key);
  keyspace.setDeadline(deadlineMs);
}

describe("a hash that becomes that of another key", () => {
  for (const [form, count] of FORMS) {
    for (const database of [0, 1]) {
      it(`is copied while it is ${form}, ${database === 0 ? "in its database" : "to another one"}`, () => {
        const keyspace = smallKeyspace();
        setFields(keyspace, "from", numbered(count));
        setDeadline(keyspace, "from", START_MS + 1000);
        setFields(keyspace, "to", [["gone", "before"]]);
        copyKey(keyspace, "from", "to", database);
        expect(isPacked(keyspace, "to")).to.equal(form === "packed");
        expect(keyspace.records.deadline(keyspace.at)).to.equal(START_MS + 1000);
        expect(new Map(fieldsOf(keyspace, "to"))).to.deep.equal(new Map(numbered(count)));
        setFields(keyspace, "to", [["f0", "changed"]]);
        keyspace.select(0);
        expect(new Map(fieldsOf(keyspace, "from"))).to.deep.equal(new Map(numbered(count)));
      });
    }

    for (const keepTombstones of [false, true]) {
      it(`moves whole while it is ${form}${keepTombstones ? ", and leaves a tombstone" : ", and leaves nothing"}`, () => {
        const keyspace = smallKeyspace({ keepTombstones });
        setFields(keyspace, "from", numbered(count));
        setDeadline(keyspace, "from", START_MS + 1000);
        removeFields(keyspace, "from", ["f1"]);
        rename(keyspace, "from", "to");
        expect(isPacked(keyspace, "to")).to.equal(form === "packed");
        const expected = numbered(count).filter(([field]) => field !== "f1");
        expect(new Map(fieldsOf(keyspace, "to"))).to.deep.equal(new Map(expected));
        expect(keyspace.size).to.equal(1);
        expect(keyspace.database.expiringCount).to.equal(1);
        openKey(keyspace, "from");
        expect(keyspace.at).to.equal(NOWHERE);
        expect(keyspace.ghost !== NOWHERE).to.equal(keepTombstones);
        openKey(keyspace, "to");
        keyspace.remove();
        keyspace.releaseSlice(count);
        if (!keepTombstones) expect(keyspace.records.arena.usedBytes).to.equal(0);
      });
    }
  }

  it("stays a table though it has few fields left", () => {
    const keyspace = smallKeyspace();
    setFields(keyspace, "from", numbered(10));
    removeFields(keyspace, "from", ["f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9"]);
    copyKey(keyspace, "from", "to", 0);
    expect(isPacked(keyspace, "to")).to.equal(false);
    expect(fieldsOf(keyspace, "to")).to.deep.equal([["f0", "0"]]);
  });
});
