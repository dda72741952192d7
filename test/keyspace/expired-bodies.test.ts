import { expect } from "chai";
import fc from "fast-check";
import type { Delta } from "#torus/delta/delta.js";
import type { FieldsBody } from "#torus/delta/record-state.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import { applyDelta } from "#torus/keyspace/delta-application.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { Sweeper } from "#torus/keyspace/sweeper.js";
import { CommandRunner } from "../support/command-runner.js";
import { DeltaTap } from "../support/delta-tap.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { contentsOf, expectSoundCounts } from "../support/keyspace-contents.js";
import { START_MS, smallKeyspace } from "../support/small-keyspace.js";
import { stateOf } from "../support/state-of.js";

// docs/decisions/0005: what each owner still has of a record whose deadline has passed.

/** One of several owners of all keys, with a clock of its own. */
class Owner {
  readonly keyspace: Keyspace;
  readonly #tap: DeltaTap;
  readonly #runner: CommandRunner;
  /** What was done here and not told yet. */
  #untold: Delta[] = [];
  /** How many records others asked for, since they lacked what they were told of. */
  sent = 0;
  #nowMs = START_MS;

  constructor(origin: number) {
    this.keyspace = smallKeyspace({ origin, keepTombstones: true });
    this.#tap = new DeltaTap(this.keyspace);
    this.#runner = new CommandRunner(this.keyspace, SMALL_LIMITS);
  }

  wait(ms: number): void {
    this.#nowMs += ms;
    this.keyspace.tick(this.#nowMs);
  }

  run(command: string): string {
    this.keyspace.select(0);
    const reply = this.#runner.run(...command.split(" "));
    this.#untold.push(...this.#tap.take());
    return reply;
  }

  /** Tells another owner all that happened here since the last time. */
  tell(other: Owner): void {
    const deltas = this.#untold;
    this.#untold = [];
    for (const delta of deltas) {
      if (applyDelta(other.keyspace, SMALL_LIMITS, delta) === "needs-record") this.#send(other, delta);
    }
  }

  #send({ keyspace }: Owner, delta: Delta): void {
    if (delta.kind !== "record" && delta.kind !== "patch") throw new Error("it is of no key");
    const { db, slot, key } = delta;
    this.sent++;
    this.keyspace.select(db);
    const state = stateOf(this.keyspace, Buffer.from(key).toString("latin1"));
    if (state !== undefined) applyDelta(keyspace, SMALL_LIMITS, { kind: "record", db, slot, key, state });
  }
}

/** Two owners that know the same of `k`, which was made by commands at the first. */
function pair(...commands: string[]): [Owner, Owner] {
  const [one, other] = [new Owner(1), new Owner(2)];
  for (const command of commands) one.run(command);
  one.tell(other);
  return [one, other];
}

const MAKING = {
  "a packed hash": ["HSET k f 1"],
  "a large hash": ["HSET k f 1 g 2 h 3 i 4 j 5 l 6"],
} as const;

describe("a record whose deadline has passed, where others own it too", () => {
  for (const [what, commands] of Object.entries(MAKING)) {
    it(`keeps what nobody else has seen of ${what}, for an owner to whom it is not over`, () => {
      const [slow, fast] = pair(...commands, "PEXPIRE k 50");
      fast.run("HSET k new 7");
      fast.run("HDEL k f");
      fast.wait(60);
      expect(fast.run("EXISTS k")).to.equal("0");
      slow.run("PERSIST k");
      slow.tell(fast);
      expect(fast.run("HGET k new")).to.equal('"7"');
      fast.tell(slow);
      for (const { keyspace } of [slow, fast]) expectSoundCounts(keyspace, ["k"]);
      expect(contentsOf(fast.keyspace, ["k"])).to.deep.equal(contentsOf(slow.keyspace, ["k"]));
      expect(slow.run("HMGET k f new")).to.equal('[nil "7"]');
    });
  }

  it("keeps what a counter was given here", () => {
    const [slow, fast] = pair("SET n 10 PX 50");
    fast.run("INCRBY n 5");
    slow.run("INCRBY n 100");
    fast.wait(60);
    expect(fast.run("GET n")).to.equal("nil");
    slow.run("PERSIST n");
    slow.tell(fast);
    fast.tell(slow);
    for (const owner of [slow, fast]) expect(owner.run("GET n")).to.equal('"115"');
  });

  it("keeps the text that others made a counter of, if nobody has looked since: they may put its end off", () => {
    const [slow, fast] = pair("SET n 10 PX 50");
    fast.wait(60);
    slow.run("INCRBY n 5");
    slow.run("PERSIST n");
    slow.tell(fast);
    expect(slow.sent).to.equal(0);
    expect(fast.run("GET n")).to.equal('"15"');
    expectSoundCounts(fast.keyspace, ["n"]);
    expect(contentsOf(fast.keyspace, ["n"])).to.deep.equal(contentsOf(slow.keyspace, ["n"]));
  });

  it("is over for who merges what a text became, and it is counted once", () => {
    const [slow, fast] = pair("SET n 10 PX 50");
    fast.wait(60);
    slow.run("INCRBY n 5");
    slow.tell(fast);
    expect(fast.keyspace.stats.expired).to.equal(0);
    expect(fast.run("GET n")).to.equal("nil");
    slow.run("INCRBY n 5");
    slow.tell(fast);
    expect(fast.run("GET n")).to.equal("nil");
    expect([slow.sent, fast.keyspace.stats.expired]).to.deep.equal([0, 1]);
    expectSoundCounts(fast.keyspace, ["n"]);
  });

  it("takes what others add to it, and stays over", () => {
    const [slow, fast] = pair("HSET k f 1", "PEXPIRE k 50");
    fast.wait(60);
    expect(fast.run("EXISTS k")).to.equal("0");
    const { dirty, stats } = fast.keyspace;
    expect(stats.expired).to.equal(1);
    slow.run("HSET k g 2");
    slow.tell(fast);
    expect(fast.run("EXISTS k")).to.equal("0");
    expect([...(stateOf(fast.keyspace, "k")!.body as FieldsBody).fields.keys()]).to.have.members(["f", "g"]);
    expect([fast.keyspace.dirty, fast.keyspace.stats.expired]).to.deep.equal([dirty, 1]);
    expectSoundCounts(fast.keyspace, ["k"]);
  });

  it("is over for its own owner's clients: what they write is new, and has nothing of it", () => {
    for (const commands of [[], ["HDEL k f"]]) {
      const [one, other] = pair("HSET k f 1", "PEXPIRE k 50", ...commands);
      for (const owner of [one, other]) owner.wait(60);
      one.run("HSET k g 2");
      expect(one.run("HGETALL k")).to.equal('["g" "2"]');
      expect(one.run("PTTL k")).to.equal("-1");
      one.tell(other);
      expect(other.run("HGETALL k")).to.equal('["g" "2"]');
      expect(contentsOf(other.keyspace, ["k"])).to.deep.equal(contentsOf(one.keyspace, ["k"]));
      expect([...(stateOf(one.keyspace, "k")!.body as FieldsBody).fields.keys()]).to.deep.equal(["g"]);
    }
  });

  it("loses the bytes of a text at once, and those of all else when all know what it said", () => {
    const { keyspace } = new Owner(1);
    const runner = new CommandRunner(keyspace, SMALL_LIMITS);
    const fields = Array.from({ length: 100 }, (_, i) => [`f${i}`, "v".repeat(100)]).flat();
    runner.run("SET", "text", "x".repeat(20_000), "PX", 50);
    runner.run("HSET", "k", ...fields);
    runner.run("PEXPIRE", "k", 50);
    keyspace.tick(START_MS + 60);
    const sweeper = new Sweeper(keyspace, { wallMs: () => START_MS, monotonicMs: () => 0 });
    while (!sweeper.expire(1));
    expect(keyspace.stats.expired).to.equal(2);
    expect([keyspace.database.size, keyspace.records.outsideBytes]).to.deep.equal([0, 0]);
    expect(keyspace.records.arena.usedBytes).to.be.greaterThan(100 * 100);
    for (const key of ["k", "text"]) {
      keyspace.peek(Buffer.from(key), 0, key.length);
      expect(keyspace.at).to.equal(NOWHERE);
      const floor = { clock: keyspace.clock.next(), origin: keyspace.origin };
      applyDelta(keyspace, SMALL_LIMITS, { kind: "collect", db: null, slot: keyspace.slot, floor });
    }
    while (keyspace.releaseSlice(1000) > 0);
    expect(keyspace.records.arena.usedBytes).to.equal(0);
  });

  it("is the same for all who have told each other all, whatever they did and whenever it was over for each", () => {
    const commands = fc.constantFrom(
      ...["HSET k f 1", "HSET k g 2", "HDEL k f", "INCR k", "APPEND k 1", "SET k 7 PX 20", "DEL k"],
      ...["PEXPIRE k 1", "PEXPIRE k 20", "PEXPIRE k 20", "PEXPIRE k 1000", "PERSIST k", "PERSIST k", "GET k"],
    );
    const step = fc.tuple(fc.constantFrom(0, 0, 1, 5, 30), commands);
    const turn = fc.tuple(fc.boolean(), fc.boolean(), fc.array(step, { maxLength: 4 }));
    const turns = fc.array(turn, { maxLength: 12, size: "max" });
    fc.assert(
      fc.property(turns, (turns) => {
        const [one, other] = [new Owner(1), new Owner(2)];
        for (const [isFirst, tells, steps] of turns) {
          const [at, partner] = isFirst ? [one, other] : [other, one];
          for (const [pauseMs, command] of steps) {
            at.wait(pauseMs);
            at.run(command);
          }
          if (tells) at.tell(partner);
        }
        for (let round = 0; round < 2; round++) {
          one.tell(other);
          other.tell(one);
        }
        const nowMs = Math.max(one.keyspace.nowMs, other.keyspace.nowMs);
        for (const { keyspace } of [one, other]) {
          keyspace.tick(nowMs);
          expectSoundCounts(keyspace, ["k"]);
        }
        expect(contentsOf(other.keyspace, ["k"])).to.deep.equal(contentsOf(one.keyspace, ["k"]));
      }),
      { numRuns: 1000 },
    );
  });
});
