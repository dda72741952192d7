import { expect } from "chai";
import { slotOf } from "#torus/base/key-hash.js";
import { Prng } from "#torus/base/prng.js";
import type { SimCaller } from "../support/sim-caller.js";
import { SimCluster } from "../support/sim-cluster.js";

const CALLS_MAX = 20_000;

/** Sets keys with one write. */
async function fill(caller: SimCaller, keys: readonly string[]): Promise<void> {
  await caller.askAll(...keys.map((key) => `SET ${key} value`));
}

/** The cursor and the keys of a reply of SCAN. */
function parseScan(reply: string): { cursor: string; keys: string[] } {
  const [cursor, ...keys] = Array.from(reply.matchAll(/"([^"]*)"/g), ([, word]) => word!);
  return { cursor: cursor!, keys };
}

/** Walks from begin to end; `meanwhile` is called before each call. */
async function walk(
  caller: SimCaller,
  options: string,
  meanwhile: (call: number) => Promise<void> | void = () => {},
): Promise<string[]> {
  const found: string[] = [];
  let cursor = "0";
  for (let call = 0; call < CALLS_MAX; call++) {
    await meanwhile(call);
    const [reply] = await caller.askAll(`SCAN ${cursor}${options}`);
    const page = parseScan(reply!);
    found.push(...page.keys);
    cursor = page.cursor;
    expect(Number(cursor)).to.be.below(2 ** 53);
    if (cursor === "0") return found;
  }
  throw new Error("the walk has no end");
}

describe("Walks over the keys of a cluster", () => {
  it("meet each key once through any node while nothing moves", async () => {
    const cluster = await SimCluster.start();
    const keys = Array.from({ length: 500 }, (_, i) => `key:${i}`);
    await fill(await cluster.connect(0), keys);
    for (const node of [0, 1, 2]) {
      const found = await walk(await cluster.connect(node), " COUNT 40");
      expect(found.sort()).to.deep.equal([...keys].sort());
    }
  });

  it("take MATCH, TYPE and COUNT along", async () => {
    const cluster = await SimCluster.start();
    const caller = await cluster.connect(1);
    await fill(caller, ["red:1", "red:2", "blue:1"]);
    await caller.askAll("HSET red:hash field value");
    expect((await walk(caller, " MATCH red:* COUNT 1000")).sort()).to.deep.equal([
      "red:1",
      "red:2",
      "red:hash",
    ]);
    expect(await walk(caller, " COUNT 1000 TYPE hash")).to.deep.equal(["red:hash"]);
    expect(await caller.askAll("SCAN nowhere", "SCAN 0 COUNT 0", "SCAN 99999999999999999999")).to.deep.equal([
      '-"ERR invalid cursor"',
      '-"ERR syntax error"',
      '-"ERR invalid cursor"',
    ]);
    expect(await caller.askAll("SCAN 18446744073709551615")).to.deep.equal(['["0" []]']);
  });

  it("answer about COUNT keys of a large slot at a time, and meet each once", async () => {
    const cluster = await SimCluster.start();
    const caller = await cluster.connect(2);
    const keys = Array.from({ length: 3000 }, (_, i) => `{tag}:${i}`);
    await fill(caller, keys);
    const pages: number[] = [];
    let cursor = "0";
    const found = new Set<string>();
    do {
      const [reply] = await caller.askAll(`SCAN ${cursor} COUNT 100`);
      const page = parseScan(reply!);
      for (const key of page.keys) found.add(key);
      pages.push(page.keys.length);
      cursor = page.cursor;
    } while (cursor !== "0");
    expect(found.size).to.equal(keys.length);
    expect(Math.max(...pages)).to.be.below(200);
  });

  for (let seed = 1; seed <= 5; seed++) {
    it(`miss no key that stays while slots change hands, in the midst of a slot too (seed ${seed})`, async () => {
      const cluster = await SimCluster.start({ seed });
      const caller = await cluster.connect(seed % 3);
      const keys = Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? `key:${i}` : `{tag}:${i}`));
      await fill(caller, keys);
      const prng = new Prng(`moves ${seed}`);
      const tagSlot = slotOf(Buffer.from("tag"), 0, 3);
      const found = await walk(caller, " COUNT 20", (call) => {
        if (call % 7 === 0) cluster.move([tagSlot], prng.uint32() % 3);
        if (call % 5 !== 0) return;
        const first = prng.uint32() % 16_000;
        cluster.move(
          Array.from({ length: 300 }, (_, i) => first + i),
          prng.uint32() % 3,
        );
      });
      expect(new Set(found)).to.include.all.keys(keys);
      expect(new Set(found).size).to.equal(keys.length);
    });
  }

  it("list and count the keys of slots that moved only where they are executed", async () => {
    const cluster = await SimCluster.start();
    const caller = await cluster.connect(0);
    const keys = Array.from({ length: 100 }, (_, i) => `key:${i}`);
    await fill(caller, keys);
    cluster.move(
      Array.from({ length: 5000 }, (_, i) => 3000 + i),
      2,
      { keepsCopies: true },
    );
    for (const node of [0, 1, 2]) {
      const asker = await cluster.connect(node);
      expect(await asker.ask("DBSIZE")).to.equal("100");
      const listed = parseScan(`"" ${await asker.ask("KEYS", "*")}`).keys;
      expect(listed.sort()).to.deep.equal([...keys].sort());
    }
  });

  it("draw keys of all nodes at random, and none where there is none", async () => {
    const cluster = await SimCluster.start();
    const caller = await cluster.connect(0);
    expect(await caller.ask("RANDOMKEY")).to.equal("nil");
    const keys = Array.from({ length: 9 }, (_, i) => `key:${i}`);
    await fill(caller, keys);
    const drawn = new Set(await caller.askAll(...Array.from({ length: 200 }, () => "RANDOMKEY")));
    expect([...drawn].sort()).to.deep.equal(keys.map((key) => `"${key}"`));
  });

  it("say which node cannot be reached, and answer nothing in part", async () => {
    const cluster = await SimCluster.start({ timeoutMs: 500 });
    const caller = await cluster.connect(0);
    await fill(caller, ["a", "b", "c"]);
    cluster.world.partition(["a", "client"], ["b"]);
    for (const command of ["DBSIZE", "KEYS *", "RANDOMKEY"]) {
      const [reply] = await caller.askAll(command);
      expect(reply).to.match(/^-"TRYAGAIN node [0-9a-f]{32} \(b:16379\), .*cannot be reached"$/);
    }
    const [flushed] = await caller.askAll("FLUSHALL");
    expect(flushed).to.match(/^-"(INDOUBT|TRYAGAIN node)/);
  });
});
