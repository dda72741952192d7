import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import type { Location } from "#torus/keyspace/arena.js";
import { Compactor } from "#torus/keyspace/compactor.js";
import { tableOf } from "#torus/keyspace/entries-body.js";
import { Evictor } from "#torus/keyspace/evictor.js";
import { WALK_END } from "#torus/keyspace/field-table.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { setText } from "#torus/keyspace/text.js";
import { fieldsOf, removeFields, setFields } from "../support/hash-fields.js";
import { openKey, START_MS, smallKeyspace } from "../support/small-keyspace.js";

const numbered = (count: number) => Array.from({ length: count }, (_, i) => [`f${i}`, `${i}`] as const);

function tableAt(keyspace: Keyspace, key: string): number {
  openKey(keyspace, key);
  return tableOf(keyspace.database, keyspace.at);
}

function locationsOf(keyspace: Keyspace, table: number): Location[] {
  const found: Location[] = [];
  for (let from = 0; from < WALK_END; ) from = keyspace.database.fields.collect(table, from, 100, found);
  return found;
}

describe("tables of fields", () => {
  describe("given up with many entries", () => {
    const GIVING_UP: Record<string, (keyspace: Keyspace) => void> = {
      DEL: (keyspace) => {
        openKey(keyspace, "h");
        keyspace.remove();
      },
      SET: (keyspace) => {
        openKey(keyspace, "h");
        setText(keyspace, Buffer.from("text"), 0, 4, 0);
      },
      expiry: (keyspace) => {
        openKey(keyspace, "h");
        keyspace.setDeadline(START_MS + 1);
        keyspace.tick(START_MS + 2);
        openKey(keyspace, "h");
      },
    };
    for (const [cause, giveUp] of Object.entries(GIVING_UP)) {
      it(`by ${cause}, are freed in slices, and count as used until then`, () => {
        const keyspace = smallKeyspace();
        setFields(keyspace, "h", numbered(5000));
        const { arena } = keyspace.records;
        const full = arena.usedBytes;
        giveUp(keyspace);
        expect(arena.usedBytes).to.be.greaterThan(full - 1000);
        expect(keyspace.database.fields.queuedEntries).to.equal(5000);
        let slices = 0;
        for (let freed = keyspace.releaseSlice(500); freed > 0; freed = keyspace.releaseSlice(500)) {
          expect(freed).to.be.at.most(700);
          slices++;
        }
        expect(slices).to.be.at.least(8);
        expect(keyspace.database.fields.queuedEntries).to.equal(0);
        openKey(keyspace, "h");
        if (cause === "SET") keyspace.remove();
        expect(arena.usedBytes).to.equal(0);
      });
    }

    it("are freed one after the other, while a new hash takes the key and the fields", () => {
      const keyspace = smallKeyspace();
      for (let round = 0; round < 5; round++) {
        setFields(keyspace, "h", numbered(1000));
        keyspace.releaseSlice(300);
        openKey(keyspace, "h");
        keyspace.remove();
      }
      setFields(keyspace, "h", [...numbered(100), ["round", "last"]]);
      while (keyspace.releaseSlice(100) > 0);
      expect(new Map(fieldsOf(keyspace, "h"))).to.deep.equal(new Map([...numbered(100), ["round", "last"]]));
      openKey(keyspace, "h");
      keyspace.remove();
      while (keyspace.releaseSlice(100) > 0);
      expect(keyspace.records.arena.usedBytes).to.equal(0);
    });

    it("make room for others by being freed, before another key is evicted", () => {
      const keyspace = smallKeyspace();
      setFields(keyspace, "h", numbered(20_000));
      const full = keyspace.usedBytes;
      for (let i = 0; i < 100; i++) {
        openKey(keyspace, `other ${i}`);
        setText(keyspace, Buffer.from("text"), 0, 4, 0);
      }
      openKey(keyspace, "h");
      keyspace.remove();
      const clock = { monotonicMs: () => 0, wallMs: () => START_MS };
      const evictor = new Evictor(keyspace, new Prng(1), clock);
      evictor.configure(full / 2, "allkeys-random", 5);
      expect(evictor.makeRoom()).to.equal(true);
      expect(evictor.isOverLimit()).to.equal(false);
      expect(keyspace.stats.evicted).to.equal(0);
      expect(keyspace.size).to.equal(100);
    });

    it("are forgotten with all else when the database is flushed", () => {
      const keyspace = smallKeyspace();
      setFields(keyspace, "h", numbered(5000));
      openKey(keyspace, "h");
      keyspace.remove();
      setFields(keyspace, "other", numbered(5000));
      keyspace.flush(0);
      expect(keyspace.releaseSlice(1)).to.equal(0);
      expect(keyspace.records.arena.usedBytes).to.equal(0);
      expect(setFields(keyspace, "h", numbered(10))).to.equal(10);
    });
  });

  it("given up with few entries are freed at once", () => {
    const keyspace = smallKeyspace();
    setFields(keyspace, "h", numbered(20));
    openKey(keyspace, "h");
    keyspace.remove();
    expect(keyspace.records.arena.usedBytes).to.equal(0);
  });

  for (const keepTombstones of [false, true]) {
    it(`free what values take outside the arena${keepTombstones ? ", though marks stay" : ""}`, () => {
      const keyspace = smallKeyspace({ keepTombstones });
      const value = "x".repeat(100_000);
      setFields(keyspace, "h", [
        ["a", value],
        ["b", value],
        ["c", "small"],
      ]);
      expect(keyspace.records.outsideBytes).to.equal(200_000);
      setFields(keyspace, "h", [
        ["a", "small"],
        ["c", value],
      ]);
      expect(keyspace.records.outsideBytes).to.equal(200_000);
      removeFields(keyspace, "h", ["b"]);
      expect(keyspace.records.outsideBytes).to.equal(100_000);
      removeFields(keyspace, "h", ["a", "c"]);
      expect(keyspace.records.outsideBytes).to.equal(0);
      expect(keyspace.records.arena.usedBytes === 0).to.equal(!keepTombstones);
    });
  }

  it("have their entries moved out of sparse slabs, which go back", () => {
    const keyspace = smallKeyspace();
    const { arena } = keyspace.records;
    setFields(keyspace, "h", [...numbered(20_000), ["large", "y".repeat(50_000)]]);
    const full = arena.reservedBytes;
    const kept = numbered(20_000).filter((_, i) => i % 20 === 0);
    removeFields(
      keyspace,
      "h",
      numbered(20_000)
        .filter((_, i) => i % 20 !== 0)
        .map(([field]) => field),
    );
    expect(arena.reservedBytes).to.equal(full);
    const { usedBytes } = arena;
    const clock = { monotonicMs: () => 0, wallMs: () => START_MS };
    expect(new Compactor(keyspace, clock).compact(1)).to.equal(true);
    expect(arena.reservedBytes).to.be.lessThan(full / 2);
    expect(arena.usedBytes).to.equal(usedBytes);
    expect(new Map(fieldsOf(keyspace, "h"))).to.deep.equal(new Map([...kept, ["large", "y".repeat(50_000)]]));
  });

  it("leave entries where they are that wait to be freed", () => {
    const keyspace = smallKeyspace();
    setFields(keyspace, "h", numbered(500));
    const [at] = locationsOf(keyspace, tableAt(keyspace, "h"));
    keyspace.remove();
    expect(keyspace.database.fields.relocate(keyspace.hasher, at!)).to.equal(false);
  });

  it("tell about what they take, from a sample of their entries", () => {
    const keyspace = smallKeyspace();
    // The first key brings along what is there once for all.
    setFields(keyspace, "g", numbered(10));
    const before = keyspace.usedBytes;
    setFields(keyspace, "h", numbered(10_000));
    const taken = keyspace.usedBytes - before;
    const told = keyspace.database.fields.bytesOf(tableAt(keyspace, "h"), 64);
    expect(told).to.be.within(taken * 0.9, taken * 1.1);
  });
});
