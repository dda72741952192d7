/** Reads at quorum whose owners are silent, dead, not ready, or hear what was not said. */
import { expect } from "chai";
import { bytesOf } from "../../delta/bytes-of.js";
import { type ReadOwners, readOwners } from "../../support/read-owners.js";
import { slot } from "./owners.js";
import { confirmed, countWith, failed } from "./reads.js";

describe("a quorum read where others do not answer", () => {
  it("fails at once if too few are alive", async () => {
    const nodes = await readOwners();
    nodes.a.buries("b", "c");
    expect(await Promise.race([nodes.a.confirm("k"), Promise.resolve("later")])).to.equal("failed");
  });

  it("needs nobody else where there is nobody else, and nobody where owners are not known", async () => {
    const nodes = await readOwners("abc", { now: ["a"] });
    await confirmed(nodes, nodes.a, "k");
    nodes.a.owns = () => false;
    await failed(nodes, nodes.a, "k");
  });

  it("fails in time if they are cut off, and is confirmed when they are back", async () => {
    const nodes = await readOwners();
    const { world, a, b, c } = nodes;
    a.run("set", "k", "v");
    world.partition(["a"], ["b", "c"]);
    await failed(nodes, a, "k");
    world.heal();
    await world.advance(5000);
    await confirmed(nodes, a, "k");
    expect([b, c].map((owner) => owner.run("get", "k"))).to.include('"v"');
  });

  it("does not wait for one that is silent if another suffices", async () => {
    const nodes = await readOwners();
    const { world, a, b, all } = nodes;
    b.run("set", "k", "v");
    world.freeze("c");
    const fromMs = world.nowMs;
    await confirmed(nodes, a, "k");
    expect(world.nowMs - fromMs).to.be.below(100);
    expect(countWith(a, all, "k")).to.equal(2);
  });

  it("fails if they die meanwhile, and is confirmed if enough are left", async () => {
    for (const victims of ["b", "bc"]) {
      const nodes = await readOwners();
      const { world, a } = nodes;
      a.run("set", "k", "v".repeat(500_000));
      const read = a.confirm("k");
      await world.advance(3);
      for (const name of victims) world.crash(name);
      expect(await world.complete(read)).to.equal(victims === "b" ? "confirmed" : "failed");
      expect(a.reads.pending).to.equal(0);
    }
  });

  it("fails when it is closed", async () => {
    const nodes = await readOwners();
    const { world, a } = nodes;
    const read = a.confirm("k");
    a.reads.close();
    expect(await world.complete(read)).to.equal("failed");
  });

  it("fails if they do not own the slot, as they see it, and nothing reaches them", async () => {
    const nodes = await readOwners();
    const { a, b, c } = nodes;
    a.run("set", "k", "v");
    for (const owner of [b, c]) owner.owns = (number) => number !== slot("k");
    await failed(nodes, a, "k");
    expect([b, c].map((owner) => owner.run("get", "k"))).to.deep.equal(["nil", "nil"]);
    await confirmed(nodes, a, "another key");
  });

  it("fails while their logs are being read, or this node's is", async () => {
    const nodes = await readOwners();
    const { a, b, c } = nodes;
    const loading = { startedWallMs: 0, totalBytes: 1, loadedBytes: 0 };
    for (const { persistence } of [b, c]) persistence.loading = loading;
    await failed(nodes, a, "k");
    b.persistence.loading = null;
    await confirmed(nodes, a, "k");
    a.persistence.loading = loading;
    await failed(nodes, a, "k");
  });

  it("fails if what others have finds no room in this node's log, and nothing is merged", async () => {
    const nodes = await readOwners();
    const { a, b } = nodes;
    b.run("set", "k", "v");
    a.buries("c");
    a.persistence.roomBytes = 3;
    await failed(nodes, a, "k");
    expect(a.state("k")).to.equal(undefined);
  });
});

describe("a quorum read under appendfsync always", () => {
  it("is confirmed when what others have lasts", async () => {
    const nodes = await readOwners();
    const { world, a, b } = nodes;
    a.buries("c");
    b.persistence.gates = true;
    a.run("set", "k", "v");
    a.ship(b);
    let outcome = "";
    void a.confirm("k").then((kind) => (outcome = kind));
    await world.advance(200);
    expect(outcome).to.equal("");
    b.persistence.sync();
    await world.advance(20);
    expect(outcome).to.equal("confirmed");
  });

  it("is confirmed when what others were told lasts", async () => {
    const nodes = await readOwners();
    const { world, a, b } = nodes;
    a.buries("c");
    b.persistence.gates = true;
    a.run("set", "k", "v");
    let outcome = "";
    void a.confirm("k").then((kind) => (outcome = kind));
    await world.advance(200);
    expect(b.run("get", "k")).to.equal('"v"');
    expect(outcome).to.equal("");
    b.persistence.sync();
    await world.advance(20);
    expect(outcome).to.equal("confirmed");
  });

  it("fails if nobody knows whether it lasts", async () => {
    const nodes = await readOwners();
    const { a, b } = nodes;
    a.buries("c");
    b.persistence.gates = true;
    a.run("set", "k", "v");
    a.ship(b);
    b.persistence.fail();
    await failed(nodes, a, "k");
  });
});

describe("a quorum read with damaged messages", () => {
  /** Both ways a few messages are under way until a record has been told and merged. */
  async function differing(): Promise<ReadOwners> {
    const nodes = await readOwners();
    const { a, b } = nodes;
    a.run("hset", "k", "f", "a");
    b.run("hset", "k", "g", "b");
    a.buries("c");
    return nodes;
  }

  for (const way of ["request", "answer"] as const) {
    it(`fails, or is right, wherever one of its ${way}s is cut or changed`, async () => {
      const lengths: number[] = [];
      const whole = await differing();
      whole.a.tamper = (on, bytes) => {
        if (on === way) lengths.push(bytes.length);
        return bytes;
      };
      await confirmed(whole, whole.a, "k");
      expect(lengths.length).to.equal(3);
      const nodes = await differing();
      const { a, b } = nodes;
      for (const [message, length] of lengths.entries()) {
        for (let at = 0; at < length; at++) {
          for (const isCut of [true, false]) {
            a.run("hset", "k", "f", "a");
            b.run("hset", "k", "g", "b");
            const [ofA, ofB] = [bytesOf(a.state("k")), bytesOf(b.state("k"))];
            let count = 0;
            a.tamper = (on, bytes) => (on === way && count++ === message ? damaged(bytes, at, isCut) : bytes);
            const outcome = await nodes.world.complete(a.confirm("k"));
            // An answer that tells of a record, or that one was told, is asked for again.
            expect(outcome).to.equal(way === "answer" && message > 0 ? "confirmed" : "failed");
            if (outcome === "failed" && message < 2) expect(bytesOf(a.state("k"))).to.equal(ofA);
            if (outcome === "failed") expect(bytesOf(b.state("k"))).to.equal(ofB);
            else expect(bytesOf(b.state("k"))).to.equal(bytesOf(a.state("k")));
          }
        }
      }
      a.tamper = (_, bytes) => bytes;
      await confirmed(nodes, a, "k");
      for (const owner of [a, b]) expect(owner.run("hmget", "k", "f", "g")).to.equal('["a" "b"]');
    });
  }
});

function damaged(bytes: Buffer, at: number, isCut: boolean): Buffer {
  const place = Math.min(at, bytes.length - 1);
  if (isCut) return bytes.subarray(0, place);
  const changed = Buffer.from(bytes);
  changed[place]! ^= 0x10;
  return changed;
}
