import { expect } from "chai";
import { packBody, unpackBody } from "#torus/delta/body-codec.js";
import { RANKS } from "#torus/delta/record-state.js";
import type { PackingLimits } from "#torus/keyspace/packing-limits.js";
import { CommandRunner } from "../support/command-runner.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { contentsOf } from "../support/keyspace-contents.js";
import { Side } from "../support/side.js";
import { openKey, smallKeyspace } from "../support/small-keyspace.js";
import { stateOf } from "../support/state-of.js";

const LIMITS: PackingLimits = { ...SMALL_LIMITS, streamNodeMaxBytes: 4096, streamNodeMaxEntries: 100 };
const LARGEST = String(Number.MAX_SAFE_INTEGER);

/** Two owners of a stream of so many entries, with a group that has read nothing. */
function owners(entries: number): [Side, Side] {
  const sides: [Side, Side] = [new Side(1, { limits: LIMITS }), new Side(2, { limits: LIMITS })];
  for (let ms = 1; ms <= entries; ms++) sides[0].run("xadd", "s", `${ms}-0`, "f", "v");
  sides[0].run("xgroup", "create", "s", "g", "0");
  return sides;
}

function bodyOf({ keyspace }: Side) {
  openKey(keyspace, "s");
  return keyspace.openStream.body;
}

/** The other owner hears of all that this one has done, and has the same then. */
function expectAlike(one: Side, other: Side): void {
  other.hearAllOf(one);
  expect(contentsOf(other.keyspace, ["s"])).to.deep.equal(contentsOf(one.keyspace, ["s"]));
  const { body } = stateOf(one.keyspace, "s")!;
  expect(unpackBody(RANKS.stream, packBody(body))).to.not.equal(undefined);
}

describe("a group of consumers", () => {
  it("takes no memory for consumers that were removed, however many names come and go", () => {
    for (const keepTombstones of [false, true]) {
      const side = new Side(1, { limits: LIMITS, keepTombstones });
      side.run("xadd", "s", "1-0", "f", "v");
      side.run("xgroup", "create", "s", "g", "0");
      side.run("xgroup", "createconsumer", "s", "g", "stays");
      const before = bodyOf(side).bytes(1);
      for (let i = 0; i < 100; i++) {
        side.run("xgroup", "createconsumer", "s", "g", `consumer ${i}`);
        side.run("xreadgroup", "group", "g", `reader ${i}`, "streams", "s", i === 0 ? ">" : "0");
        side.run("xclaim", "s", "g", "stays", "0", "1-0");
        side.run("xgroup", "delconsumer", "s", "g", `reader ${i}`);
        side.run("xgroup", "delconsumer", "s", "g", `consumer ${i}`);
      }
      const body = bodyOf(side);
      body.dropMarks(null);
      const [{ life }] = body.groups() as [ReturnType<typeof body.groups>[0]];
      expect([...life.consumers.keys()]).to.deep.equal(["stays"]);
      expect(body.bytes(1)).to.be.below(before + 200);
      expect(side.run("xpending", "s", "g")).to.equal('[1 "1-0" "1-0" [["stays" "1"]]]');
    }
  });

  it("is copied with what is pending for whom, though consumers have come and gone in another order", () => {
    const [side] = owners(6);
    for (const name of ["zoe", "bob", "alice"]) {
      side.run("xreadgroup", "group", "g", name, "count", "2", "streams", "s", ">");
    }
    side.run("xgroup", "delconsumer", "s", "g", "bob");
    side.run("xclaim", "s", "g", "carol", "0", "3-0", "force");
    side.run("copy", "s", "t");
    for (const words of [
      ["xpending", "KEY", "g"],
      ["xpending", "KEY", "g", "-", "+", "10", "carol"],
    ]) {
      const [ofSource, ofCopy] = ["s", "t"].map((key) =>
        side.run(...words.map((word) => (word === "KEY" ? key : word))),
      );
      expect(ofCopy).to.equal(ofSource);
    }
    expect(side.run("xgroup", "delconsumer", "t", "g", "zoe")).to.equal("2");
    expect(side.run("xgroup", "delconsumer", "t", "g", "carol")).to.equal("1");
    expect(side.run("xpending", "t", "g")).to.equal('[2 "5-0" "6-0" [["alice" "2"]]]');
  });

  it("delivers, claims and gives up many messages at once as it does one by one, and tells of each", () => {
    const [one, other] = owners(450);
    one.run("xreadgroup", "group", "g", "alice", "count", "300", "streams", "s", ">");
    one.run("xack", "s", "g", "7-0", "150-0", "300-0");
    one.run("xreadgroup", "group", "g", "bob", "count", "50", "streams", "s", ">");
    one.run("xdel", "s", "9-0", "10-0");
    const ids = Array.from({ length: 120 }, (_, i) => `${2 * (120 - i)}-0`);
    expect(one.run("xclaim", "s", "g", "bob", "0", ...ids, "force", "justid")).to.include('"150-0"');
    one.run("xreadgroup", "group", "g", "alice", "streams", "s", "20");
    one.run("xgroup", "setid", "s", "g", "290");
    one.run("xreadgroup", "group", "g", "carol", "streams", "s", ">");
    expect(one.run("xpending", "s", "g")).to.match(/\[\["alice" "169"\] \["bob" "119"\] \["carol" "160"\]\]/);
    expectAlike(one, other);
    expect(one.run("xpending", "s", "g", "19-0", "22-0", "10")).to.match(
      /^\[\["19-0" "alice" \d+ 1\] \["20-0" "bob" \d+ 1\] \["21-0" "alice" \d+ 2\] \["22-0" "bob" \d+ 1\]\]$/,
    );
    expect(one.run("xgroup", "delconsumer", "s", "g", "alice")).to.equal("169");
    expect(one.run("xpending", "s", "g")).to.match(/\[\["bob" "119"\] \["carol" "160"\]\]/);
    expectAlike(one, other);
    expect(other.run("xpending", "s", "g")).to.equal(one.run("xpending", "s", "g"));
  });

  it("counts on from whatever number a client has set, and others can read what it tells", () => {
    const [one, other] = owners(3);
    one.run("xsetid", "s", "3-0", "entriesadded", LARGEST);
    one.run("xadd", "s", "*", "f", "v");
    one.run("xgroup", "setid", "s", "g", "0", "entriesread", LARGEST);
    for (let i = 0; i < 3; i++)
      one.run("xreadgroup", "group", "g", "alice", "count", "1", "streams", "s", ">");
    one.run("xclaim", "s", "g", "alice", "0", "1-0", "retrycount", "9223372036854775807");
    for (let i = 0; i < 2; i++) {
      one.run("xclaim", "s", "g", "alice", "0", "1-0");
      one.run("xreadgroup", "group", "g", "alice", "streams", "s", "0");
    }
    expectAlike(one, other);
    expect(other.run("xinfo", "stream", "s")).to.include(`"entries-added" ${LARGEST}`);
    expect(other.run("xinfo", "groups", "s")).to.include(`"entries-read" ${Number.MAX_SAFE_INTEGER - 1}`);
    expect(other.run("xpending", "s", "g", "1-0", "1-0", "1")).to.equal(`[["1-0" "alice" 0 ${LARGEST}]]`);
  });

  it("does not know how many entries it has read where more are there than were ever added", () => {
    const [one, other] = owners(3);
    one.run("xtrim", "s", "maxlen", "0");
    other.hearAllOf(one);
    one.deltas.length = 0;
    one.run("xsetid", "s", "3-0", "entriesadded", "1");
    for (let i = 0; i < 5; i++) other.run("xadd", "s", "*", "f", "v");
    one.hearAllOf(other);
    other.hearAllOf(one);
    one.deltas.length = other.deltas.length = 0;
    one.run("xgroup", "setid", "s", "g", "1");
    one.run("xreadgroup", "group", "g", "alice", "count", "1", "streams", "s", ">");
    expectAlike(one, other);
    expect(other.run("xinfo", "groups", "s")).to.include('"entries-read" nil');
  });

  it("changes nothing by an answer for which there is no room", () => {
    const keyspace = smallKeyspace();
    const commands = new CommandRunner(keyspace, LIMITS, 38);
    expect(commands.run("xadd", "s", "1-0", "f", "v")).to.equal('"1-0"');
    commands.run("set", "text", "x".repeat(30));
    for (const words of [
      ["get", "text"],
      ["xadd", "s", "2-0", "f", "v"],
    ])
      commands.execute(...words);
    expect(commands.takeReplies().at(-1)!.kind).to.equal("error");
    expect(commands.run("xlen", "s")).to.equal("1");
  });
});
