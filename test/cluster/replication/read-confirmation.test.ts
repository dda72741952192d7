/** Reads at quorum among simulated owners of the same slots, of which some have missed what others executed. */
import { expect } from "chai";
import fc from "fast-check";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { beginBatch, endBatch } from "#torus/delta/batch.js";
import { writeDelta } from "#torus/delta/delta-codec.js";
import { merge } from "#torus/delta/merge.js";
import type { RecordState } from "#torus/delta/record-state.js";
import { isExpired, NO_BODY } from "#torus/delta/record-state.js";
import { survivesFlush } from "#torus/delta/remains.js";
import { VERSION_ZERO } from "#torus/delta/version.js";
import { ChangeStream } from "#torus/durability/change-stream.js";
import { bytesOf } from "../../delta/bytes-of.js";
import { type ReadOwner, type ReadOwners, readOwners } from "../../support/read-owners.js";
import { KEYS, type Words, writingCommand } from "../../support/writing-commands.js";
import { slot } from "./owners.js";
import { confirmed, countWith, failed, travelled } from "./reads.js";

describe("a quorum read", () => {
  it("is confirmed where most owners have the same, and no record travels", async () => {
    const nodes = await readOwners();
    const { a, b, c } = nodes;
    await confirmed(nodes, a, "nothing");
    a.run("set", "k", "v");
    a.ship(b, c);
    await confirmed(nodes, a, "k");
    expect(travelled(a)).to.equal(0);
  });

  it("is confirmed by one that has the same while another is behind", async () => {
    const nodes = await readOwners();
    const { a, b } = nodes;
    a.run("set", "k", "v");
    a.ship(b);
    await confirmed(nodes, a, "k");
    expect(a.run("get", "k")).to.equal('"v"');
  });

  it("lets the others have what they lack before it is confirmed, if most of them lack it", async () => {
    const nodes = await readOwners("abcde");
    const { a, b, all } = nodes;
    a.run("set", "k", "old");
    a.ship(...all.slice(1));
    // Say, one that has died since has shipped it to two of five.
    a.run("set", "k", "new");
    a.ship(b);
    await confirmed(nodes, a, "k");
    expect(countWith(a, all, "k")).to.be.at.least(3);
    expect(a.run("get", "k")).to.equal('"new"');
  });

  it("returns what most others have that this node has missed", async () => {
    const nodes = await readOwners();
    const { a, b, c, all } = nodes;
    b.run("set", "k", "old");
    b.ship(a, c);
    b.run("set", "k", "new");
    b.ship(c);
    expect(a.run("get", "k")).to.equal('"old"');
    await confirmed(nodes, a, "k");
    expect(a.run("get", "k")).to.equal('"new"');
    expect(countWith(a, all, "k")).to.equal(3);
  });

  it("returns what only one other has if that is needed for a majority, and then a majority has it", async () => {
    const nodes = await readOwners("abcde");
    const { a, b, c, all } = nodes;
    b.run("set", "k", "old");
    b.ship(...all.filter((owner) => owner !== b));
    b.run("set", "k", "new");
    for (const owner of all) owner.buries("d", "e");
    await confirmed(nodes, a, "k");
    expect(a.run("get", "k")).to.equal('"new"');
    expect([a, b, c].map((owner) => owner.run("get", "k"))).to.deep.equal(['"new"', '"new"', '"new"']);
  });

  it("does not return what was deleted", async () => {
    const nodes = await readOwners();
    const { a, b, c } = nodes;
    b.run("set", "k", "v");
    b.ship(a, c);
    b.run("del", "k");
    b.ship(c);
    await confirmed(nodes, a, "k");
    expect(a.run("get", "k")).to.equal("nil");
  });

  it("does not return what was flushed, nor lets others keep it", async () => {
    const nodes = await readOwners();
    const { a, b, c } = nodes;
    b.run("set", "k", "v");
    b.ship(a, c);
    b.run("flushall");
    a.buries("c");
    await confirmed(nodes, a, "k");
    expect(a.run("get", "k")).to.equal("nil");
    c.buries("b");
    await confirmed(nodes, a, "k");
    await confirmed(nodes, c, "k");
    expect(c.run("get", "k")).to.equal("nil");
  });

  it("does not let others keep what was flushed here", async () => {
    const nodes = await readOwners();
    const { a, b, c } = nodes;
    b.run("set", "k", "v");
    b.ship(a, c);
    a.run("flushall");
    await confirmed(nodes, a, "k");
    expect([b, c].map((owner) => owner.run("get", "k"))).to.include("nil");
  });

  it("asks for a body that most owners wait for, and fails without it", async () => {
    const nodes = await readOwners();
    const { a, b, c } = nodes;
    c.run("set", "k", "v");
    c.run("pexpire", "k", "100000");
    const writer = new ByteWriter({ bytesMax: 1000 });
    const start = beginBatch(writer);
    const state = { ...c.state("k")!, body: NO_BODY };
    writeDelta(writer, { kind: "record", db: 0, slot: slot("k"), key: Buffer.from("k"), state });
    endBatch(writer, start);
    for (const owner of [a, b]) owner.merge(Buffer.from(writer.written()));
    a.buries("c");
    await failed(nodes, a, "k");
    a.dead.clear();
    await confirmed(nodes, a, "k");
    expect(a.run("get", "k")).to.equal('"v"');
  });

  it("sees a record as expired or not, whether or not others have looked at it", async () => {
    const nodes = await readOwners();
    const { world, a, b, c } = nodes;
    a.run("set", "k", "v", "PX", "100");
    a.ship(b, c);
    await world.advance(200);
    b.run("get", "k");
    await confirmed(nodes, a, "k");
    expect(travelled(a)).to.equal(0);
    expect(a.run("get", "k")).to.equal("nil");
  });

  it("returns a record whose end was put off elsewhere", async () => {
    const nodes = await readOwners();
    const { world, a, b, c } = nodes;
    a.run("hset", "k", "f", "v");
    a.run("pexpire", "k", "100");
    a.ship(b, c);
    b.run("persist", "k");
    b.ship(c);
    await world.advance(200);
    expect(a.run("hget", "k", "f")).to.equal("nil");
    await confirmed(nodes, a, "k");
    expect(a.run("hget", "k", "f")).to.equal('"v"');
  });

  it("adds up what two sides have counted and put into a hash", async () => {
    const nodes = await readOwners();
    const { a, b, c, all } = nodes;
    a.run("incrby", "n", "1");
    a.run("hset", "h", "f", "1", "g", "1");
    a.ship(b, c);
    a.run("incrby", "n", "10");
    b.run("incrby", "n", "100");
    a.run("hset", "h", "a", "1", "f", "2");
    b.run("hset", "h", "b", "1");
    b.run("hdel", "h", "g");
    a.buries("c");
    for (const key of ["n", "h"]) {
      await confirmed(nodes, a, key);
      expect(countWith(a, all, key)).to.equal(2);
    }
    for (const owner of [a, b]) {
      expect(owner.run("get", "n")).to.equal('"111"');
      expect(owner.run("hmget", "h", "a", "b", "f", "g")).to.equal('["1" "1" "2" nil]');
    }
  });

  it("moves long texts and large hashes whole", async () => {
    const nodes = await readOwners();
    const { a, b, c, all } = nodes;
    b.run("set", "t", "x".repeat(700_000));
    b.run("hset", "h", ...Array.from({ length: 3000 }, (_, i) => [`f${i}`, "v".repeat(100)]).flat());
    a.run("hset", "h", "mine", "1");
    a.ship(c);
    a.buries("c");
    await confirmed(nodes, a, "t");
    await confirmed(nodes, a, "h");
    expect(countWith(a, all, "t")).to.equal(2);
    expect(countWith(a, all, "h")).to.equal(2);
    expect(a.run("strlen", "t")).to.equal("700000");
    expect(a.run("hlen", "h")).to.equal("3001");
    // What is long and the same does not travel again.
    const before = travelled(a);
    await confirmed(nodes, a, "t");
    await confirmed(nodes, a, "h");
    expect(travelled(a)).to.equal(before);
  });

  it("is of one database", async () => {
    const nodes = await readOwners();
    const { world, a, b, c } = nodes;
    b.run("set", "k", "v");
    b.ship(c);
    expect(await world.complete(a.confirm("k", { database: 1 }))).to.equal("confirmed");
    expect(a.run("get", "k")).to.equal("nil");
  });

  it("asks with one message for all keys that are read in a turn", async () => {
    const nodes = await readOwners();
    const { world, a } = nodes;
    const keys = Array.from({ length: 50 }, (_, i) => `key:${i}`);
    const reads = keys.map((key) => a.confirm(key));
    expect(new Set(await world.complete(Promise.all(reads)))).to.deep.equal(new Set(["confirmed"]));
    expect(a.reads.counters).to.include({ requests: 2, keysAsked: 100, confirmed: 50 });
    expect(a.flushes).to.equal(1);
  });

  it("cuts what it asks into messages of bounded length", async () => {
    const nodes = await readOwners();
    const { world, a } = nodes;
    const keys = Array.from({ length: 2000 }, (_, i) => `${i}${"k".repeat(i % 100 === 0 ? 70_000 : 1)}`);
    const lengths: number[] = [];
    a.tamper = (way, bytes) => {
      if (way === "request") lengths.push(bytes.length);
      return bytes;
    };
    const outcomes = await world.complete(Promise.all(keys.map((key) => a.confirm(key))));
    expect(new Set(outcomes)).to.deep.equal(new Set(["confirmed"]));
    expect(Math.max(...lengths)).to.be.below(80_000);
  });

  it("may have so many beside it, and the next one fails", async () => {
    const nodes = await readOwners();
    const { world, a } = nodes;
    const reads = Array.from({ length: 8193 }, (_, i) => a.confirm(`${i}`));
    expect(a.reads.pending).to.equal(8192);
    const outcomes = await world.complete(Promise.all(reads));
    expect(outcomes.filter((outcome) => outcome === "failed").length).to.equal(1);
    expect(outcomes.at(-1)).to.equal("failed");
    await confirmed(nodes, a, "k");
  });

  describe("while owners change", () => {
    const owning = { now: ["a", "b", "c"], next: ["a", "d", "e"] };

    it("is confirmed by a majority of both", async () => {
      const nodes = await readOwners("abcde", owning);
      const { a, all } = nodes;
      a.run("set", "k", "v");
      await confirmed(nodes, a, "k");
      const names = all.filter((owner) => owner.run("get", "k") === '"v"').map(({ name }) => name);
      expect(names).to.include("a");
      expect(names.some((name) => "bc".includes(name))).to.equal(true);
      expect(names.some((name) => "de".includes(name))).to.equal(true);
    });

    it("fails without one of the next owners", async () => {
      const nodes = await readOwners("abcde", owning);
      nodes.a.buries("d", "e");
      await failed(nodes, nodes.a, "k");
    });
  });

  it("takes into this node's log what it merges, and ships none of it as its own", async () => {
    const nodes = await readOwners();
    const { a, b, c } = nodes;
    b.run("set", "k", "v");
    b.ship(c);
    const { keyspace, host } = a;
    const stream = new ChangeStream({ keyspace, timers: host.timers, position: 0 });
    let logged = 0;
    stream.subscribe({ take: (chunk) => (logged += chunk.length) });
    stream.ship({
      takeLocal() {
        throw new Error("it was shipped");
      },
    });
    await confirmed(nodes, a, "k");
    stream.flushNow();
    expect(logged).to.be.above(0);
    expect(stream.localPosition).to.equal(0);
  });

  it("leaves a majority with all that the reader has, and the reader with all that a majority had", async () => {
    const steps = fc.array(
      fc.tuple(
        writingCommand.filter(([name]) => name !== "swapdb"),
        fc.nat(7),
      ),
      {
        maxLength: 25,
      },
    );
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.constantFrom(...KEYS),
        fc.constantFrom(0, 3, 50),
        async (all, key, pauseMs) => {
          const nodes = await readOwners();
          for (const [words, reach] of all) perform(nodes, words, reach);
          await nodes.world.advance(pauseMs);
          const before = nodes.all.map((owner) => owner.state(key));
          await confirmed(nodes, nodes.a, key);
          const { a } = nodes;
          const isIncluded = (state: RecordState | undefined, owner: ReadOwner) =>
            includes(owner, key, state);
          expect(before.filter((state) => isIncluded(state, a)).length).to.be.at.least(2);
          expect(nodes.all.filter((owner) => isIncluded(a.state(key), owner)).length).to.be.at.least(2);
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** Executes a command at one of three owners, of which some others hear. */
function perform({ all }: ReadOwners, words: Words, reach: number): void {
  const owner = all[reach % 3]!;
  owner.run(...words);
  if ((reach & 4) !== 0) owner.ship(all[(reach + 1) % 3]!);
}

/** Whether an owner would learn nothing from a state of a key. */
function includes(owner: ReadOwner, key: string, state: RecordState | undefined): boolean {
  const { keyspace } = owner;
  const { nowMs } = keyspace;
  if (state === undefined) return true;
  const floor = keyspace.databases[0]!.floorsOf(slot(key)).flush;
  if (!survivesFlush(state.life, floor)) return true;
  const mine = owner.state(key);
  if (mine === undefined) return false;
  const merged = merge(mine, state, VERSION_ZERO);
  if (isExpired(merged, nowMs) && isExpired(mine, nowMs)) return true;
  return bytesOf(merged) === bytesOf(mine);
}
