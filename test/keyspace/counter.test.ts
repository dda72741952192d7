import { expect } from "chai";
import { addInt64, type Int64 } from "#torus/base/int64.js";
import { packBody } from "#torus/delta/body-codec.js";
import type { Contribution, CounterBody } from "#torus/delta/record-state.js";
import { compareVersions } from "#torus/delta/version.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import { addToCounter, integerOf, textOf } from "#torus/keyspace/counter.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { TYPE_COUNTER } from "#torus/keyspace/record.js";
import { setText } from "#torus/keyspace/text.js";
import { patchText } from "#torus/keyspace/text-edit.js";
import { DeltaTap } from "../support/delta-tap.js";
import { openKey, START_MS, smallKeyspace } from "../support/small-keyspace.js";
import { stateOf } from "../support/state-of.js";

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

function set(keyspace: Keyspace, text: string, deadlineMs = 0): void {
  openKey(keyspace, "k");
  setText(keyspace, Buffer.from(text), 0, text.length, deadlineMs);
}

/** INCRBY, which must not overflow; answers what clients see then. */
function add(keyspace: Keyspace, by: Int64): string {
  openKey(keyspace, "k");
  addToCounter(keyspace, by, addInt64(integerOf(keyspace, keyspace.at)!, by)!);
  return read(keyspace);
}

function read(keyspace: Keyspace): string {
  openKey(keyspace, "k");
  const { bytes, start, end } = textOf(keyspace, keyspace.at);
  return bytes.toString("latin1", start, end);
}

function bodyOf(keyspace: Keyspace): CounterBody {
  return stateOf(keyspace, "k")!.body as CounterBody;
}

/** Makes a counter of the key as it comes from other nodes. */
function place(keyspace: Keyspace, base: Int64, contributions: readonly Contribution[]): void {
  const bytes = packBody({ kind: "counter", base, contributions });
  openKey(keyspace, "k");
  const at = keyspace.place(TYPE_COUNTER, keyspace.clock.next(), 0, bytes.length);
  const body = keyspace.records.body(at);
  body.bytes.set(bytes, body.start);
}

function contribution(origin: number, sum: Int64, boot = 0): Contribution {
  return { origin, boot, sum, clock: origin };
}

describe("a counter", () => {
  it("joins the life of the text it grows from, which is its base, and keeps its deadline", () => {
    const keyspace = smallKeyspace();
    set(keyspace, "-41", START_MS + 50);
    const { life, expiry } = stateOf(keyspace, "k")!;
    expect(add(keyspace, 2)).to.equal("-39");
    const after = stateOf(keyspace, "k")!;
    expect({ life: after.life, expiry: after.expiry }).to.deep.equal({ life, expiry });
    const { base, contributions } = bodyOf(keyspace);
    expect(base).to.equal(-41);
    expect(contributions.map(({ origin, boot, sum }) => [origin, boot, sum])).to.deep.equal([[7, 0, 2]]);
    expect(contributions[0]!.clock).to.be.greaterThan(life.clock);
  });

  it("keeps a deadline that EXPIRE gave, too", () => {
    const keyspace = smallKeyspace();
    set(keyspace, "1");
    keyspace.setDeadline(START_MS + 50);
    const { life, expiry } = stateOf(keyspace, "k")!;
    add(keyspace, 1);
    add(keyspace, 1);
    expect(read(keyspace)).to.equal("3");
    expect(stateOf(keyspace, "k")).to.deep.include({ life, expiry });
    expect(keyspace.database.expiringCount).to.equal(1);
  });

  it("begins at 0 in the lowest life where the key never was", () => {
    const keyspace = smallKeyspace();
    expect(add(keyspace, -5)).to.equal("-5");
    expect(stateOf(keyspace, "k")!.life).to.deep.equal({ clock: 0, origin: 0 });
    expect(bodyOf(keyspace).base).to.equal(0);
  });

  for (const keepTombstones of [false, true]) {
    describe(`where deleted keys leave ${keepTombstones ? "tombstones" : "nothing"}`, () => {
      it("is born into the life of the deletion", () => {
        const keyspace = smallKeyspace({ keepTombstones });
        set(keyspace, "5");
        keyspace.remove();
        const deleted = { clock: keyspace.clock.next() - 1, origin: keyspace.origin };
        expect(add(keyspace, 1)).to.equal("1");
        const { life } = stateOf(keyspace, "k")!;
        if (keepTombstones) expect(life).to.deep.equal(deleted);
        expect(compareVersions(life, deleted)).to.be.at.least(0);
        expect(compareVersions(life, bodyOf(keyspace).contributions[0]!)).to.be.lessThan(0);
      });

      it("is born into a life above the one that expired, even if that was written when its deadline was long past", () => {
        for (const deadlineMs of [1, START_MS + 1000]) {
          const keyspace = smallKeyspace({ keepTombstones });
          set(keyspace, "5", deadlineMs);
          const expired = keyspace.records.lifeClock(keyspace.at);
          keyspace.tick(START_MS + 1000);
          expect(add(keyspace, 1)).to.equal("1");
          const { life, expiry } = stateOf(keyspace, "k")!;
          expect(life.clock).to.be.greaterThan(expired);
          expect(life.origin).to.equal(0);
          expect(expiry.deadlineMs).to.equal(0);
        }
      });
    });
  }

  it("keeps a contribution for each run of each node, in their order", () => {
    const others = [contribution(3, 10), contribution(7, 20, 1), contribution(7, 30, 5), contribution(9, 40)];
    for (const [origin, boot, index] of [
      [1, 0, 0],
      [3, 1, 1],
      [7, 0, 1],
      [7, 2, 2],
      [7, 2 ** 32 - 1, 3],
      [65535, 0, 4],
    ] as const) {
      const keyspace = smallKeyspace({ origin });
      keyspace.boot = boot;
      place(keyspace, 1000, others);
      expect(add(keyspace, 5)).to.equal("1105");
      expect(add(keyspace, -1)).to.equal("1104");
      const { contributions } = bodyOf(keyspace);
      expect(contributions.filter((_, i) => i !== index)).to.deep.equal(others);
      expect(contributions[index]).to.deep.include({ origin, boot, sum: 4 });
    }
  });

  it("counts exactly through all of 64 bits", () => {
    const keyspace = smallKeyspace();
    for (const [by, sum] of [
      [2 ** 53 - 1, "9007199254740991"],
      [1, "9007199254740992"],
      [1, "9007199254740993"],
      [-2, "9007199254740991"],
      [MAX - 2n ** 53n, "9223372036854775806"],
      [1, "9223372036854775807"],
      [-MAX, "0"],
      [MIN, "-9223372036854775808"],
      [MAX, "-1"],
    ] as const) {
      expect(add(keyspace, by)).to.equal(sum);
    }
  });

  it("starts a new life where this node's contribution would not fit, though the value does", () => {
    const keyspace = smallKeyspace();
    set(keyspace, MAX.toString(), START_MS + 50);
    const tap = new DeltaTap(keyspace);
    const { life } = stateOf(keyspace, "k")!;
    expect(add(keyspace, -MAX)).to.equal("0");
    expect(add(keyspace, -MAX)).to.equal((-MAX).toString());
    const { life: later, expiry, body } = stateOf(keyspace, "k")!;
    expect(later.clock).to.be.greaterThan(life.clock);
    expect(expiry.deadlineMs).to.equal(START_MS + 50);
    expect(body.kind).to.equal("text");
    expect(tap.take()).to.have.length(2);
    expect(add(keyspace, MAX)).to.equal("0");
  });

  it("stops at the limits where contributions together exceed them, and goes on from what clients saw", () => {
    for (const [sum, limit, by] of [
      [MAX, MAX, -5],
      [MIN, MIN, 5],
      [MAX, MAX, -(2n ** 62n)],
      [MAX, MAX, -MAX],
    ] as const) {
      const keyspace = smallKeyspace();
      place(keyspace, 0, [contribution(1, sum), contribution(2, sum)]);
      expect(read(keyspace)).to.equal(limit.toString());
      const { life } = stateOf(keyspace, "k")!;
      expect(add(keyspace, by)).to.equal((limit + BigInt(by)).toString());
      expect(stateOf(keyspace, "k")!.life.clock).to.be.greaterThan(life.clock);
    }
  });

  it("becomes a text of a new life by an edit, in one step", () => {
    const keyspace = smallKeyspace();
    add(keyspace, 123);
    keyspace.setDeadline(START_MS + 50);
    const { life } = stateOf(keyspace, "k")!;
    const tap = new DeltaTap(keyspace);
    const { dirty } = keyspace;
    openKey(keyspace, "k");
    patchText(keyspace, 5, Buffer.from("!"), 0, 1);
    const state = stateOf(keyspace, "k")!;
    expect(read(keyspace)).to.equal("123\0\0!");
    expect(state.life.clock).to.be.greaterThan(life.clock);
    expect(state.expiry).to.deep.equal({ deadlineMs: START_MS + 50, version: state.life });
    const told = { kind: "record", db: 0, slot: keyspace.slot, key: Buffer.from("k"), state };
    expect(tap.take()).to.deep.equal([told]);
    expect(keyspace.dirty).to.equal(dirty + 1);
  });

  it("is no integer to whoever asks for one of a text that is none", () => {
    const keyspace = smallKeyspace();
    for (const text of [
      "",
      "-",
      "+1",
      "01",
      "-0",
      " 1",
      "1 ",
      "1.0",
      "9223372036854775808",
      "x".repeat(20_000),
    ]) {
      set(keyspace, text);
      expect(integerOf(keyspace, keyspace.at), text).to.equal(undefined);
    }
    expect(integerOf(keyspace, NOWHERE)).to.equal(0);
  });
});
