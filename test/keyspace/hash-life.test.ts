import { expect } from "chai";
import { ORIGIN_NONE } from "#torus/delta/version.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { setText } from "#torus/keyspace/text.js";
import { entriesOf, fieldsOf, removeFields, SMALL_LIMITS, setFields } from "../support/hash-fields.js";
import { openKey, START_MS, smallKeyspace } from "../support/small-keyspace.js";

/** The life of what a key has, visible or not. */
function lifeOf(keyspace: Keyspace, key: string) {
  openKey(keyspace, key);
  const at = keyspace.at !== NOWHERE ? keyspace.at : keyspace.ghost;
  return { clock: keyspace.records.lifeClock(at), origin: keyspace.records.lifeOrigin(at) };
}

function isThere(keyspace: Keyspace, key: string): boolean {
  openKey(keyspace, key);
  return keyspace.at !== NOWHERE;
}

function remove(keyspace: Keyspace, key: string): void {
  openKey(keyspace, key);
  keyspace.remove();
}

describe("the life of a hash", () => {
  it("is the same at all nodes for a key that never was: the lowest", () => {
    for (const origin of [1, 2]) {
      const keyspace = smallKeyspace({ origin });
      setFields(keyspace, "h", [["f", "1"]]);
      expect(lifeOf(keyspace, "h")).to.deep.equal({ clock: 0, origin: 0 });
    }
  });

  it("goes on through later writes, each of which has a version of its own", () => {
    const keyspace = smallKeyspace();
    setFields(keyspace, "h", [
      ["a", "1"],
      ["b", "1"],
    ]);
    const life = lifeOf(keyspace, "h");
    const before = new Map(entriesOf(keyspace, "h"));
    keyspace.tick(START_MS + 5000);
    setFields(keyspace, "h", [["b", "2"]]);
    expect(lifeOf(keyspace, "h")).to.deep.equal(life);
    const after = new Map(entriesOf(keyspace, "h"));
    expect(after.get("a")).to.deep.equal(before.get("a"));
    expect(after.get("b")!.version.clock).to.be.at.least((START_MS + 5000) * 2048);
    expect(after.get("b")!.version.origin).to.equal(keyspace.origin);
  });

  for (const keepTombstones of [false, true]) {
    const where = keepTombstones ? "with" : "without";

    it(`after DEL, ${where} tombstones, is ${keepTombstones ? "that of" : "above"} the deletion`, () => {
      const keyspace = smallKeyspace({ keepTombstones });
      setFields(keyspace, "h", [["f", "1"]]);
      remove(keyspace, "h");
      const deleted = keyspace.clock.next();
      setFields(keyspace, "h", [["g", "2"]]);
      const life = keepTombstones
        ? { clock: deleted - 1, origin: keyspace.origin }
        : { clock: deleted, origin: ORIGIN_NONE };
      expect(lifeOf(keyspace, "h")).to.deep.equal(life);
      expect(fieldsOf(keyspace, "h")).to.deep.equal([["g", "2"]]);
    });

    it(`after its deadline, ${where} husks, is derived from the deadline`, () => {
      const keyspace = smallKeyspace({ keepTombstones });
      setFields(keyspace, "h", [["f", "1"]]);
      openKey(keyspace, "h");
      keyspace.setDeadline(START_MS + 10);
      keyspace.tick(START_MS + 20);
      expect(isThere(keyspace, "h")).to.equal(false);
      expect(keyspace.size).to.equal(0);
      setFields(keyspace, "h", [["g", "2"]]);
      expect(lifeOf(keyspace, "h")).to.deep.equal({ clock: (START_MS + 10) * 2048, origin: 0 });
      expect(keyspace.records.deadline(keyspace.at)).to.equal(0);
      expect(keyspace.database.expiringCount).to.equal(0);
      expect(fieldsOf(keyspace, "h")).to.deep.equal([["g", "2"]]);
    });

    it(`ends with its last field, and its deadline with it, ${where} marks`, () => {
      const keyspace = smallKeyspace({ keepTombstones });
      setFields(keyspace, "h", [["f", "1"]]);
      openKey(keyspace, "h");
      keyspace.setDeadline(START_MS + 10);
      expect(keyspace.database.expiringCount).to.equal(1);
      removeFields(keyspace, "h", ["f"]);
      expect(isThere(keyspace, "h")).to.equal(false);
      expect(keyspace.size).to.equal(0);
      expect(keyspace.database.expiringCount).to.equal(0);
      setFields(keyspace, "h", [["f", "2"]]);
      expect(keyspace.records.deadline(keyspace.at)).to.equal(0);
      keyspace.tick(START_MS + 20);
      expect(fieldsOf(keyspace, "h")).to.deep.equal([["f", "2"]]);
      expect(keyspace.size).to.equal(1);
    });
  }

  it("goes on in a hash that was emptied, where its marks are kept", () => {
    const keyspace = smallKeyspace({ keepTombstones: true });
    setFields(keyspace, "h", [
      ["f", "1"],
      ["g", "1"],
    ]);
    const life = lifeOf(keyspace, "h");
    removeFields(keyspace, "h", ["f", "g"]);
    setFields(keyspace, "h", [["f", "2"]]);
    expect(lifeOf(keyspace, "h")).to.deep.equal(life);
    expect(entriesOf(keyspace, "h").map(([field, { value }]) => [field, value !== null])).to.deep.equal([
      ["g", false],
      ["f", true],
    ]);
  });

  it("is over for a text, which leaves nothing of the marks", () => {
    const keyspace = smallKeyspace({ keepTombstones: true });
    setFields(keyspace, "h", [["f", "1"]]);
    removeFields(keyspace, "h", ["f"]);
    openKey(keyspace, "h");
    setText(keyspace, Buffer.from("text"), 0, 4, 0);
    expect(keyspace.size).to.equal(1);
    remove(keyspace, "h");
    expect(lifeOf(keyspace, "h").clock).to.be.greaterThan(0);
    setFields(keyspace, "h", [["f", "2"]]);
    expect(entriesOf(keyspace, "h")).to.have.length(1);
  });

  it("is derived from the deadline, too, when that passes after the last field went", () => {
    const keyspace = smallKeyspace({ keepTombstones: true });
    setFields(keyspace, "h", [["f", "1"]]);
    openKey(keyspace, "h");
    keyspace.setDeadline(START_MS + 10);
    removeFields(keyspace, "h", ["f"]);
    keyspace.tick(START_MS + 20);
    expect(isThere(keyspace, "h")).to.equal(false);
    expect(keyspace.stats.expired).to.equal(0);
    expect(keyspace.size).to.equal(0);
    setFields(keyspace, "h", [["g", "2"]]);
    expect(lifeOf(keyspace, "h")).to.deep.equal({ clock: (START_MS + 10) * 2048, origin: 0 });
    expect(keyspace.size).to.equal(1);
    expect(keyspace.database.expiringCount).to.equal(0);
  });

  it("raises the floor of births in its slot for each field removed without a mark", () => {
    const keyspace = smallKeyspace();
    setFields(keyspace, "h", [
      ["f", "1"],
      ["g", "1"],
    ]);
    removeFields(keyspace, "h", ["f"]);
    expect(keyspace.database.birthFloors.clock(keyspace.slot)).to.equal(keyspace.clock.next());
  });

  it("ends for watchers when the last field goes", () => {
    const keyspace = smallKeyspace();
    setFields(keyspace, "h", [["f", "1"]]);
    const watcher = { keysChanged: false };
    keyspace.watchers.watch(watcher, 0, Buffer.from("h"));
    removeFields(keyspace, "h", ["never"]);
    expect(watcher.keysChanged).to.equal(false);
    removeFields(keyspace, "h", ["f"]);
    expect(watcher.keysChanged).to.equal(true);
  });

  it("tells the journal of a deadline taken off when an emptied hash comes back", () => {
    const keyspace = smallKeyspace({ keepTombstones: true });
    setFields(keyspace, "h", [["f", "1"]], SMALL_LIMITS);
    openKey(keyspace, "h");
    keyspace.setDeadline(START_MS + 10_000);
    removeFields(keyspace, "h", ["f"]);
    const told: string[] = [];
    const tell = (what: string) => () => told.push(what);
    keyspace.journal = {
      batchBytes: 0,
      replaced: tell("replaced"),
      patched: tell("patched"),
      counted: tell("counted"),
      fieldChanged: tell("fieldChanged"),
      fieldsChanged: tell("fieldsChanged"),
      deadlineSet: tell("deadlineSet"),
      removed: tell("removed"),
      flushed: tell("flushed"),
      collected: tell("flushed"),
      swapped: tell("swapped"),
      applied: tell("applied"),
      received: tell("received"),
      ended: tell("ended"),
    };
    setFields(keyspace, "h", [["f", "2"]]);
    expect(told).to.deep.equal(["fieldChanged", "fieldsChanged"]);
  });
});
