import { expect } from "chai";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { crc32 } from "#torus/base/crc32.js";
import { ArenaFull, NOWHERE } from "#torus/keyspace/arena.js";
import { textOf } from "#torus/keyspace/counter.js";
import { DeltaJournal } from "#torus/keyspace/delta-journal.js";
import { packWhole } from "#torus/keyspace/entries-state.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { ACCESS } from "#torus/keyspace/record.js";
import { setText } from "#torus/keyspace/text.js";
import { patchText } from "#torus/keyspace/text-edit.js";
import { abandon, copy, graft, isTellable, take } from "#torus/keyspace/transplant.js";
import { CommandRunner } from "../support/command-runner.js";
import { fieldsOf, isPacked, removeFields, SMALL_LIMITS, setFields } from "../support/hash-fields.js";
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
  const value = take(keyspace);
  openKey(keyspace, to);
  graft(keyspace, value);
  openKey(keyspace, from);
  abandon(keyspace);
}

function setDeadline(keyspace: Keyspace, key: string, deadlineMs: number): void {
  openKey(keyspace, key);
  keyspace.setDeadline(deadlineMs);
}

describe("a value that is to become that of another key", () => {
  for (const [type, command] of [
    ["list", (i: number) => ["RPUSH", "k", i]],
    ["hash", (i: number) => ["HSET", "k", `field:${i}`, i]],
    ["stream", (i: number) => ["XADD", "k", `${i + 1}-1`, "field", i]],
  ] as const) {
    it(`is refused if it is a ${type} larger than can be told, where changes are told at all`, () => {
      const keyspace = smallKeyspace();
      const commands = new CommandRunner(keyspace);
      for (let i = 0; i < 2000; i++) commands.run(...command(i));
      openKey(keyspace, "k");
      expect(isTellable(keyspace, 1000), "without a journal").to.equal(true);
      keyspace.journal = new DeltaJournal(keyspace, new ByteWriter({ bytesMax: 2 ** 20 }), crc32);
      const composed = new ByteWriter({ bytesMax: 2 ** 20 });
      packWhole(keyspace.database, keyspace.at, composed);
      expect(isTellable(keyspace, composed.length - 1)).to.equal(false);
      expect(isTellable(keyspace, 4 * composed.length)).to.equal(true);
    });
  }
});

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

describe("a text too long for the arena that becomes that of another key", () => {
  const LONG = "long text ".repeat(10_000);

  function put(keyspace: Keyspace, key: string, text: string): void {
    openKey(keyspace, key);
    const bytes = Buffer.from(text);
    setText(keyspace, bytes, 0, bytes.length, 0);
  }

  function textAt(keyspace: Keyspace, key: string): string {
    openKey(keyspace, key);
    const { bytes, start, end } = textOf(keyspace, keyspace.at);
    return bytes.toString("latin1", start, end);
  }

  function overwrite(keyspace: Keyspace, key: string, offset: number, text: string): void {
    openKey(keyspace, key);
    const bytes = Buffer.from(text);
    patchText(keyspace, offset, bytes, 0, bytes.length);
  }

  for (const database of [0, 1]) {
    it(`is shared until one of them is edited, ${database === 0 ? "in its database" : "with another one"}`, () => {
      const keyspace = smallKeyspace();
      put(keyspace, "from", LONG);
      copyKey(keyspace, "from", "to", database);
      const { buffer } = keyspace.records.body(keyspace.at).bytes;
      overwrite(keyspace, "to", 3, "COPY");
      expect(keyspace.records.body(keyspace.at).bytes.buffer).not.to.equal(buffer);
      expect(textAt(keyspace, "to")).to.equal(`lonCOPY${LONG.slice(7)}`);
      keyspace.select(0);
      expect(textAt(keyspace, "from")).to.equal(LONG);
      overwrite(keyspace, "from", LONG.length, "!");
      expect(textAt(keyspace, "from")).to.equal(`${LONG}!`);
      keyspace.select(database);
      expect(textAt(keyspace, "to")).to.equal(`lonCOPY${LONG.slice(7)}`);
    });
  }

  it("is counted for each key that has it, down to zero", () => {
    const keyspace = smallKeyspace();
    put(keyspace, "a", LONG);
    copyKey(keyspace, "a", "b", 0);
    expect(keyspace.records.outsideBytes).to.equal(2 * LONG.length);
    rename(keyspace, "a", "c");
    expect(textAt(keyspace, "c")).to.equal(LONG);
    for (const key of ["b", "c"]) {
      openKey(keyspace, key);
      keyspace.remove();
    }
    expect(keyspace.records.outsideBytes).to.equal(0);
    expect(keyspace.records.arena.usedBytes).to.equal(0);
  });

  it("is not copied for a deadline, though a reply still reads it", () => {
    const keyspace = smallKeyspace();
    put(keyspace, "k", LONG);
    openKey(keyspace, "k");
    const lent = keyspace.records.lend(keyspace.at)!;
    keyspace.setDeadline(START_MS + 1000);
    expect(keyspace.records.body(keyspace.at).bytes.buffer).to.equal(lent.buffer);
    overwrite(keyspace, "k", 0, "L");
    expect(lent.toString()).to.equal(LONG);
    expect(textAt(keyspace, "k")).to.equal(`L${LONG.slice(1)}`);
  });
});

describe("a value for which there is no memory under another name", () => {
  for (const count of [3, 200]) {
    it(`stays where it is, and so does what the other key has (${count} fields)`, () => {
      const keyspace = smallKeyspace();
      setFields(keyspace, "from", numbered(count));
      setFields(keyspace, "a longer name that fits no cell of its size", numbered(1));
      const [from, to] = ["from", "a longer name that fits no cell of its size"];
      const before = [fieldsOf(keyspace, from), fieldsOf(keyspace, to)];
      const { arena } = keyspace.records;
      const { allocate } = arena;
      arena.allocate = () => {
        throw new ArenaFull("a full arena");
      };
      expect(() => rename(keyspace, from, to)).to.throw(ArenaFull);
      arena.allocate = allocate;
      expect([fieldsOf(keyspace, from), fieldsOf(keyspace, to)]).to.deep.equal(before);
    });
  }
});

describe("the access clock of a key that gets another name", () => {
  it("goes with it, while a copy begins anew", () => {
    const keyspace = smallKeyspace();
    keyspace.access.isLfu = true;
    keyspace.access.lfuLogFactor = 0;
    setFields(keyspace, "from", numbered(2));
    for (let i = 0; i < 20; i++) openKey(keyspace, "from");
    const frequency = () => keyspace.access.frequency(keyspace.records.word(keyspace.at, ACCESS));
    const before = frequency();
    openKey(keyspace, "from");
    const value = copy(keyspace, keyspace.database);
    keyspace.peek(Buffer.from("copy"), 0, 4);
    graft(keyspace, value);
    expect(frequency()).to.equal(5);
    openKey(keyspace, "from");
    const moved = take(keyspace);
    keyspace.peek(Buffer.from("to"), 0, 2);
    graft(keyspace, moved);
    expect(frequency()).to.equal(before + 2);
  });
});

describe("a hash whose bytes are outside the arena", () => {
  it("is copied before a field of one of the keys that share it is set", () => {
    const keyspace = smallKeyspace();
    const limits = { ...SMALL_LIMITS, hashMaxListpackEntries: 1000, hashMaxListpackValueBytes: 1000 };
    const fields = Array.from({ length: 100 }, (_, i) => [`f${i}`, "v".repeat(300)] as const);
    setFields(keyspace, "from", fields, limits);
    expect(keyspace.records.isOutside(keyspace.at)).to.equal(true);
    copyKey(keyspace, "from", "to", 0);
    setFields(keyspace, "to", [["f0", "w".repeat(300)]], limits);
    expect(fieldsOf(keyspace, "from")[0]).to.deep.equal(["f0", "v".repeat(300)]);
    expect(new Map(fieldsOf(keyspace, "to")).get("f0")).to.equal("w".repeat(300));
  });
});
