import { expect } from "chai";
import fc from "fast-check";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { packBody, unpackBody } from "#torus/delta/body-codec.js";
import type { Delta } from "#torus/delta/delta.js";
import { merge } from "#torus/delta/merge.js";
import { RANKS } from "#torus/delta/record-state.js";
import { StreamId } from "#torus/delta/stream-id.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import { packPart, packWhole } from "#torus/keyspace/entries-state.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import type { PackingLimits } from "#torus/keyspace/packing-limits.js";
import { CommandRunner } from "../support/command-runner.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { contentsOf } from "../support/keyspace-contents.js";
import { type Reply, textOf } from "../support/reply.js";
import { Side } from "../support/side.js";
import { openKey, START_MS, smallKeyspace } from "../support/small-keyspace.js";
import { stateOf } from "../support/state-of.js";

const USUAL_LIMITS: PackingLimits = { ...SMALL_LIMITS, streamNodeMaxBytes: 4096, streamNodeMaxEntries: 100 };

class StreamSide extends Side {
  ids(...words: readonly string[]): string[] {
    return itemsOf(this.commands.ask(...words)).map((entry) => textOf(itemsOf(entry)[0]!)!);
  }

  topId(): string {
    openKey(this.keyspace, "s");
    if (this.keyspace.at === NOWHERE) return "0-0";
    return this.keyspace.openStream.body.topId(new StreamId()).toString();
  }
}

function itemsOf(reply: Reply): readonly Reply[] {
  if (reply.kind !== "array") throw new Error("not an array");
  return reply.items;
}

const id = fc.constantFrom("1-0", "1-1", "2-0", "2-7", "3-0", "4-0", "5-1", "9-0", "9007199254740993-5");
const value = fc.constantFrom("", "v", "w".repeat(100), "z".repeat(700));
const group = fc.constantFrom("g", "h");
const consumer = fc.constantFrom("alice", "bob");
const c = fc.constant;

const words: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(c("xadd"), c("s"), fc.oneof(id, c("*")), c("f"), value) },
  { weight: 2, arbitrary: fc.tuple(c("xadd"), c("s"), c("*"), c("f"), value, c("g"), value) },
  { weight: 3, arbitrary: fc.tuple(c("xdel"), c("s"), id, id) },
  { weight: 2, arbitrary: fc.tuple(c("xtrim"), c("s"), c("maxlen"), fc.constantFrom("0", "2", "5")) },
  { weight: 1, arbitrary: fc.tuple(c("xtrim"), c("s"), c("minid"), id) },
  { weight: 1, arbitrary: fc.tuple(c("xsetid"), c("s"), id) },
  { weight: 2, arbitrary: fc.tuple(c("xgroup"), c("create"), c("s"), group, c("0")) },
  { weight: 1, arbitrary: fc.tuple(c("xgroup"), c("destroy"), c("s"), group) },
  { weight: 1, arbitrary: fc.tuple(c("xgroup"), c("delconsumer"), c("s"), group, consumer) },
  { weight: 1, arbitrary: fc.tuple(c("xgroup"), c("setid"), c("s"), group, id) },
  {
    weight: 5,
    arbitrary: fc.tuple(
      c("xreadgroup"),
      c("group"),
      group,
      consumer,
      c("streams"),
      c("s"),
      fc.constantFrom(">", "0"),
    ),
  },
  { weight: 4, arbitrary: fc.tuple(c("xack"), c("s"), group, id, id) },
  { weight: 3, arbitrary: fc.tuple(c("xclaim"), c("s"), group, consumer, c("0"), id, c("force")) },
);

describe("a stream", () => {
  it("is the same on both sides of a partition once each has heard of the other, whatever parts travel in whichever order", () => {
    fc.assert(
      fc.property(
        fc.array(words, { maxLength: 15 }),
        fc.array(fc.record({ at: fc.nat(1), words }), { maxLength: 40, size: "max" }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(SMALL_LIMITS, USUAL_LIMITS),
        (before, run, fieldsMax, limits) => {
          const sides = [new StreamSide(1, { limits }), new StreamSide(2, { limits })];
          for (const each of before) sides[0]!.run(...each);
          sides[1]!.hearAllOf(sides[0]!);
          for (const side of sides) side.deltas.length = 0;
          for (const { at, words } of run) sides[at]!.run(...words);
          const [one, other] = sides.map((side) => stateOf(side.keyspace, "s"));
          const parts = sides.map((side) => partsOf(side.keyspace, fieldsMax));
          const merged = one !== undefined && other !== undefined ? merge(one, other) : (one ?? other);
          sides.forEach((side, i) => {
            for (const delta of [...parts[1 - i]!, ...parts[i]!]) side.hear(delta);
            side.hearAllOf(sides[1 - i]!);
            expect(contentsOf(side.keyspace, ["s"])).to.deep.equal(contentsOf(sides[0]!.keyspace, ["s"]));
          });
          expect(stateOf(sides[0]!.keyspace, "s")).to.deep.equal(merged);
          // Who is told of all at once knows no more, and no less, than those who have seen it come.
          const third = new StreamSide(3, { limits });
          const place = { db: 0, slot: slotOf(third.keyspace), key: Buffer.from("s") };
          if (merged !== undefined) third.hear({ kind: "record", ...place, state: merged });
          const replies = [...sides, third].map((side) => [
            side.run("xrange", "s", "-", "+"),
            side.run("xpending", "s", "g"),
            side.run("xinfo", "stream", "s").replace(/"radix.*?" \d+/g, ""),
          ]);
          expect(replies[1]).to.deep.equal(replies[0]);
          expect(replies[2]).to.deep.equal(replies[0]);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("answers what was added, from both ends and between any two ids, however its blocks are changed", () => {
    fc.assert(
      fc.property(
        fc.array(words, { maxLength: 60, size: "max" }),
        fc.boolean(),
        fc.constantFrom(SMALL_LIMITS, USUAL_LIMITS),
        id,
        id,
        (run, keepTombstones, limits, start, end) => {
          const side = new StreamSide(1, { limits, keepTombstones });
          for (const each of run) side.run(...each);
          const all = side.ids("xrange", "s", "-", "+");
          expect(side.ids("xrevrange", "s", "+", "-")).to.deep.equal(all.toReversed());
          expect(side.run("xlen", "s")).to.equal(`${all.length}`);
          expect(side.topId()).to.equal(all.at(-1) ?? "0-0");
          const between = all.filter((each) => compareIds(start, each) <= 0 && compareIds(each, end) <= 0);
          expect(side.ids("xrange", "s", start, end)).to.deep.equal(between);
          expect(side.ids("xrevrange", "s", end, start)).to.deep.equal(between.toReversed());
          side.run("del", "s");
          if (!keepTombstones) {
            while (side.keyspace.releaseSlice(100) > 0);
            expect(side.keyspace.records.arena.usedBytes).to.equal(0);
            expect(side.keyspace.records.outsideBytes).to.equal(0);
            expect(side.keyspace.database.streams.heldBytes).to.equal(0);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it("keeps all entries of both sides of a partition for which ids were made, and of two of one given id the later one", () => {
    const [one, other] = [
      new StreamSide(1, { limits: USUAL_LIMITS }),
      new StreamSide(2, { limits: USUAL_LIMITS }),
    ];
    const made = [one, other].flatMap((side) =>
      Array.from({ length: 50 }, () => side.run("xadd", "s", "*", "f", "v")),
    );
    one.run("xadd", "s", "99999999999999-0", "f", "one");
    other.run("xadd", "s", "99999999999999-0", "f", "other");
    one.hearAllOf(other);
    other.hearAllOf(one);
    expect(new Set(made).size).to.equal(100);
    for (const side of [one, other]) {
      expect(side.run("xlen", "s")).to.equal("101");
      expect(side.run("xrevrange", "s", "+", "-", "count", "1")).to.equal(
        '[["99999999999999-0" ["f" "other"]]]',
      );
      expect(side.run("xinfo", "stream", "s")).to.include('"entries-added" 102');
    }
  });

  it("brings nothing back that one side trimmed or deleted, and keeps what the other side adds behind it", () => {
    const [one, other] = [new StreamSide(1), new StreamSide(2)];
    for (let ms = 1; ms <= 20; ms++) one.run("xadd", "s", `${ms}-0`, "f", "v");
    other.hearAllOf(one);
    one.run("xtrim", "s", "maxlen", "8");
    one.run("xdel", "s", "15-0");
    other.run("xadd", "s", "30-0", "f", "v");
    other.run("xdel", "s", "20-0");
    one.hearAllOf(other);
    other.hearAllOf(one);
    other.hearAllOf(one);
    const expected = ["13-0", "14-0", "16-0", "17-0", "18-0", "19-0", "30-0"];
    for (const side of [one, other]) expect(side.ids("xrange", "s", "-", "+")).to.deep.equal(expected);
  });

  it("loses a group that one side destroyed with what the other side delivered meanwhile, and not one that was made anew", () => {
    const [one, other] = [new StreamSide(1), new StreamSide(2)];
    one.run("xadd", "s", "1-0", "f", "v");
    one.run("xgroup", "create", "s", "g", "0");
    one.run("xgroup", "create", "s", "h", "0");
    other.hearAllOf(one);
    one.run("xgroup", "destroy", "s", "g");
    one.run("xgroup", "destroy", "s", "h");
    one.run("xgroup", "create", "s", "h", "0");
    other.run("xreadgroup", "group", "g", "alice", "streams", "s", ">");
    other.run("xreadgroup", "group", "h", "alice", "streams", "s", ">");
    one.hearAllOf(other);
    other.hearAllOf(one);
    for (const side of [one, other]) {
      expect(side.run("xpending", "s", "g")).to.match(/^-"NOGROUP/);
      expect(side.run("xpending", "s", "h")).to.equal("[0 nil nil nil[]]");
    }
  });

  it("gives no id again that somebody has an entry of, though the node that gave it has forgotten", () => {
    const [one, other] = [new StreamSide(1), new StreamSide(2)];
    one.run("xadd", "s", "1-0", "f", "v");
    const back = new StreamSide(1);
    back.hearAllOf(one);
    one.run("xadd", "s", "7-0", "f", "v");
    other.hearAllOf(one);
    back.keyspace.tick(START_MS + 60_000);
    back.run("xadd", "s", "2-0", "f", "v");
    for (const delta of one.deltas) back.hear(delta);
    other.hearAllOf(back);
    for (const side of [back, other]) {
      expect(side.ids("xrange", "s", "-", "+")).to.deep.equal(["1-0", "2-0", "7-0"]);
      expect(side.run("xadd", "s", "7-0", "f", "v")).to.match(/^-"ERR The ID specified/);
    }
    back.deltas.length = 0;
    back.run("xdel", "s", "7-0");
    other.hearAllOf(back);
    for (const side of [back, other]) {
      expect(side.run("xadd", "s", "5-0", "f", "v")).to.match(/^-"ERR The ID specified/);
      expect(side.run("xinfo", "stream", "s")).to.include('"last-generated-id" "7-0"');
    }
  });

  it("is told whole, however many groups it has", function () {
    this.timeout(60_000);
    const keyspace = smallKeyspace();
    const commands = new CommandRunner(keyspace, USUAL_LIMITS);
    const groups = 2 ** 15 + 100;
    commands.run("xadd", "s", "1-0", "f", "v");
    for (let i = 0; i < groups; i++) {
      commands.run("xgroup", "create", "s", `g${i}`, "0");
      commands.run("xreadgroup", "group", `g${i}`, "alice", "streams", "s", ">");
    }
    openKey(keyspace, "s");
    const writer = new ByteWriter({ bytesMax: 2 ** 26 });
    packWhole(keyspace.database, keyspace.at, writer);
    const body = unpackBody(RANKS.stream, writer.written())!;
    // The entry and the register of the node; of each group itself, the consumer and the message.
    expect(body.kind === "stream" && body.fields.size).to.equal(2 + 3 * groups);
  });

  it("takes few bytes an entry when it is long", () => {
    const side = new StreamSide(1, { limits: USUAL_LIMITS, keepTombstones: false });
    const count = 5000;
    for (let i = 0; i < count; i++) side.run("xadd", "s", "*", "myfield", "xxx");
    const { records, streams } = side.keyspace.database;
    expect((records.arena.usedBytes + streams.heldBytes) / count).to.be.below(15);
  });

  it("is read from bytes as it was, and no others make anything but a stream or nothing", () => {
    const side = new StreamSide(1);
    for (let ms = 1; ms <= 4; ms++) side.run("xadd", "s", `${ms}-0`, "f", "value", "g", "");
    side.run("xgroup", "create", "s", "g", "0");
    side.run("xreadgroup", "group", "g", "alice", "streams", "s", ">");
    side.run("xack", "s", "g", "2-0");
    side.run("xdel", "s", "3-0");
    side.run("xtrim", "s", "maxlen", "2");
    const { body } = stateOf(side.keyspace, "s")!;
    const bytes = Buffer.from(packBody(body));
    expect(Buffer.from(packBody(unpackBody(RANKS.stream, bytes)!)).equals(bytes)).to.equal(true);
    for (let length = 0; length < bytes.length; length++) {
      const cut = unpackBody(RANKS.stream, bytes.subarray(0, length));
      // Entries stand one behind the other: up to the end of one it is a stream with fewer.
      if (cut !== undefined) expect(packBody(cut).length).to.be.at.most(length);
    }
    for (let at = 0; at < bytes.length; at++) {
      for (const flipped of [0x01, 0x80, 0xff]) {
        const damaged = Buffer.from(bytes);
        damaged[at]! ^= flipped;
        const read = unpackBody(RANKS.stream, damaged);
        if (read?.kind !== "stream") continue;
        const other = new StreamSide(2);
        const place = { db: 0, slot: slotOf(other.keyspace), key: Buffer.from("s") };
        other.hear({ kind: "record", ...place, state: { ...stateOf(side.keyspace, "s")!, body: read } });
        expect(other.run("xinfo", "stream", "s", "full")).to.not.equal("");
      }
    }
  });
});

function compareIds(a: string, b: string): number {
  const [x, y] = [a, b].map((each) => each.split("-").map(BigInt));
  return Number(x![0]! - y![0]! || x![1]! - y![1]!);
}

function slotOf(keyspace: Keyspace): number {
  openKey(keyspace, "s");
  return keyspace.slot;
}

/** The stream as deltas of a few fields each. */
function partsOf(keyspace: Keyspace, fieldsMax: number): Delta[] {
  const state = stateOf(keyspace, "s");
  if (state === undefined || state.body.kind !== "stream") return [];
  openKey(keyspace, "s");
  const { at, ghost, database } = keyspace;
  const parts: Delta[] = [];
  let cursor = 0;
  do {
    const writer = new ByteWriter({ bytesMax: 2 ** 24 });
    cursor = packPart(database, at !== NOWHERE ? at : ghost, { cursor, fieldsMax }, writer);
    const body = unpackBody(RANKS.stream, writer.written())!;
    parts.push({
      kind: "record",
      db: 0,
      slot: keyspace.slot,
      key: Buffer.from("s"),
      state: { ...state, body },
    });
  } while (cursor !== 0);
  return parts;
}
