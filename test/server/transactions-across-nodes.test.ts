import { expect } from "chai";
import { SLOT_COUNT, slotOf } from "#torus/base/key-hash.js";
import { Prng } from "#torus/base/prng.js";
import { keyAt, SimCluster } from "../support/sim-cluster.js";
import { SimServer } from "../support/sim-server.js";

const ALL_SLOTS = Array.from({ length: SLOT_COUNT }, (_, slot) => slot);

function slotOfKey(key: string): number {
  const bytes = Buffer.from(key);
  return slotOf(bytes, 0, bytes.length);
}

/** A transaction, or part of one, on keys of one slot; now and then something that spoils it. */
function scriptOf(prng: Prng): string[] {
  const tag = `{${"abcdef"[prng.uint32() % 6]}}`;
  const key = () => `${tag}${prng.uint32() % 3}`;
  const makers: (() => string)[] = [
    () => `SET ${key()} ${prng.uint32() % 9}`,
    () => `GET ${key()}`,
    () => `INCR ${key()}`,
    () => `MGET ${key()} ${key()}`,
    () => `RENAME ${key()} ${key()}`,
    () => `HSET ${key()} f v`,
    () => `DEL ${key()} ${key()}`,
    () => "PING",
    () => `NOSUCH ${key()}`,
    () => "WATCH a",
  ];
  const pick = () => makers[prng.uint32() % (prng.uint32() % 6 === 0 ? makers.length : 8)]!();
  const before = prng.uint32() % 2 === 0 ? [`WATCH ${key()} ${key()}`] : [];
  const touch = prng.uint32() % 3 === 0 ? [`SET ${key()} 5`] : [];
  const end = ["EXEC", "EXEC", "EXEC", "DISCARD", "UNWATCH"][prng.uint32() % 5]!;
  const body = Array.from({ length: prng.uint32() % 5 }, pick);
  return [
    ...touch.slice(prng.uint32() % 2),
    ...before,
    ...touch,
    "MULTI",
    ...body,
    end,
    ...(end === "UNWATCH" ? ["EXEC"] : []),
    `GET ${key()}`,
  ];
}

describe("Transactions on a cluster", () => {
  for (let seed = 1; seed <= 10; seed++) {
    it(`reply what a lone node replies, through any node (seed ${seed})`, async () => {
      const cluster = await SimCluster.start({ seed });
      const lone = (await SimServer.start()).replyAtOnce();
      const prng = new Prng(`transactions ${seed}`);
      const caller = await cluster.connect(seed % 3);
      const reference = await lone.connect();
      for (let round = 0; round < 20; round++) {
        const commands = scriptOf(prng);
        const replies = await caller.askAll(...commands);
        expect(replies.map((reply, i) => `${commands[i]}: ${reply}`)).to.deep.equal(
          (await reference.askAll(...commands)).map((reply, i) => `${commands[i]}: ${reply}`),
        );
      }
    });
  }

  it("are refused, and change nothing, where their keys lie in several slots", async () => {
    const cluster = await SimCluster.start();
    const caller = await cluster.connect(0);
    const [here, alsoHere, there] = [keyAt(cluster, 0), keyAt(cluster, 0, "other"), keyAt(cluster, 1)];
    for (const other of [alsoHere, there]) {
      const replies = await caller.askAll(
        "MULTI",
        `SET ${here} 1`,
        `SET ${other} 2`,
        "EXEC",
        `EXISTS ${here} ${other}`,
      );
      expect(replies[3]).to.match(/^-"CROSSSLOT /);
      expect(replies[4]).to.equal("0");
    }
    expect((await caller.askAll(`WATCH ${here}`, "MULTI", `SET ${there} 2`, "EXEC"))[3]).to.match(
      /^-"CROSSSLOT /,
    );
    expect(await caller.askAll("MULTI", "PING", "EXEC")).to.deep.equal(["OK", "QUEUED", "[PONG]"]);
  });

  it("take several slots on a node that is alone in its cluster", async () => {
    const cluster = await SimCluster.start({ nodes: 1 });
    const caller = await cluster.connect(0);
    const replies = await caller.askAll("WATCH a", "MULTI", "SET a 1", "SET b 2", "DBSIZE", "EXEC");
    expect(replies.at(-1)).to.equal("[OK OK 2]");
  });

  it("refuse what concerns all nodes, and what only the client's own node can do for it", async () => {
    const cluster = await SimCluster.start();
    const caller = await cluster.connect(0);
    const there = keyAt(cluster, 1);
    const replies = await caller.askAll(
      "MULTI",
      "FLUSHALL",
      "EXEC",
      "MULTI",
      "SELECT 1",
      `SET ${there} 1`,
      "EXEC",
    );
    expect(replies[1]).to.match(/^-"ERR Command not allowed inside a transaction on a cluster/);
    expect(replies[2]).to.match(/^-"EXECABORT/);
    expect(replies[6]).to.match(/^-"EXECABORT .*SELECT/);
    expect(
      await caller.askAll(`GET ${there}`, "MULTI", `SET ${keyAt(cluster, 0)} 1`, "SELECT 0", "EXEC"),
    ).to.deep.equal(["nil", "OK", "QUEUED", "QUEUED", "[OK OK]"]);
  });

  describe("and keys that are watched at another node", () => {
    it("are not executed once anybody has changed one, whichever way", async () => {
      const cluster = await SimCluster.start();
      const key = keyAt(cluster, 1);
      const changes = [`SET ${key} 2`, `DEL ${key}`, `PEXPIRE ${key} 1`, "FLUSHALL", `MSET ${key} 3 other 4`];
      for (const [i, change] of changes.entries()) {
        const caller = await cluster.connect(0);
        const other = await cluster.connect(i % 3);
        await other.ask("SET", key, "1");
        expect(await caller.ask("WATCH", key)).to.equal("OK");
        await other.askAll(change);
        await cluster.world.advance(10);
        expect(
          await caller.askAll("MULTI", `SET ${key} mine`, "EXEC", "MULTI", `GET ${key}`, "EXEC"),
        ).to.satisfy((replies: string[]) => replies[2] === "nil[]" && replies[5] !== '["mine"]');
      }
    });

    it("are executed if nobody has, and watch no more afterwards", async () => {
      const cluster = await SimCluster.start();
      const [caller, other] = [await cluster.connect(0), await cluster.connect(2)];
      const key = keyAt(cluster, 1);
      expect(
        await caller.askAll(`WATCH ${key}`, `GET ${key}`, "MULTI", `SET ${key} 1`, "EXEC"),
      ).to.deep.equal(["OK", "nil", "OK", "QUEUED", "[OK]"]);
      await other.ask("SET", key, "2");
      expect(await caller.askAll("MULTI", `GET ${key}`, "EXEC")).to.deep.equal(["OK", "QUEUED", '["2"]']);
      expect(cluster.nodes[1]!.server.server.watches.size).to.equal(0);
    });

    it("are forgotten there by UNWATCH, DISCARD, an aborted EXEC, and when the client is gone", async () => {
      const cluster = await SimCluster.start();
      const { watches } = cluster.nodes[1]!.server.server;
      const key = keyAt(cluster, 1);
      const caller = await cluster.connect(0);
      for (const ends of [["UNWATCH"], ["MULTI", "DISCARD"], ["MULTI", "NOSUCH", "EXEC"]]) {
        await caller.askAll(`WATCH ${key}`, `WATCH ${key} {${key}}2`);
        expect(watches.size).to.equal(1);
        await caller.askAll(...ends);
        await cluster.world.advance(10);
        expect(watches.size).to.equal(0);
      }
      await caller.ask("WATCH", key);
      caller.close();
      await cluster.world.advance(10);
      expect(watches.size).to.equal(0);
    });

    it("are not executed once the link was lost, or another node executes their slot, or did meanwhile", async () => {
      const cluster = await SimCluster.start({ timeoutMs: 1000 });
      const key = keyAt(cluster, 1);
      const caller = await cluster.connect(0);
      const attempt = async (meanwhile: () => Promise<void> | void): Promise<string | undefined> => {
        expect(await caller.ask("WATCH", key)).to.equal("OK");
        await meanwhile();
        return (await caller.askAll("MULTI", `SET ${key} 1`, "EXEC")).at(-1);
      };
      expect(await attempt(() => {})).to.equal("[OK]");
      const lost = await attempt(async () => {
        cluster.world.partition(["a", "client"], ["b", "c"]);
        expect(await (await cluster.connect(0)).ask("GET", key)).to.match(/^-"TRYAGAIN/);
        cluster.world.heal();
        await cluster.world.advance(10_000);
      });
      expect(lost).to.equal("nil[]");
      expect(await attempt(() => {})).to.equal("[OK]");
      expect(await attempt(() => cluster.move([slotOfKey(key)], 2))).to.equal("nil[]");
      expect(await attempt(() => cluster.move([slotOfKey(key)], 0))).to.equal("nil[]");
      expect(await attempt(() => {})).to.equal("[OK]");
      expect(await attempt(() => cluster.move([slotOfKey(key)], 1))).to.equal("nil[]");
      const thereAndBack = () => {
        cluster.move([slotOfKey(key)], 2);
        cluster.move([slotOfKey(key)], 1);
      };
      expect(await attempt(thereAndBack)).to.equal("nil[]");
      expect(await attempt(() => {})).to.equal("[OK]");
      cluster.move([slotOfKey(key)], 0);
      expect(await attempt(() => {})).to.equal("[OK]");
      expect(await attempt(() => cluster.move([slotOfKey(key)], 1))).to.equal("nil[]");
    });
  });

  it("do not delay the close of a node whose client watches elsewhere", async () => {
    const cluster = await SimCluster.start();
    const caller = await cluster.connect(0);
    expect(await caller.ask("WATCH", keyAt(cluster, 1))).to.equal("OK");
    const startMs = cluster.world.nowMs;
    await cluster.world.complete(cluster.nodes[0]!.server.server.close());
    expect(cluster.world.nowMs - startMs).to.be.below(100);
  });

  it("that were sent when a link broke are in doubt, and executed at most once", async () => {
    const cluster = await SimCluster.start({ timeoutMs: 1000 });
    const key = keyAt(cluster, 1);
    const caller = await cluster.connect(0);
    await caller.askAll("MULTI", `INCR ${key}`, "EXEC");
    cluster.world.cut(["b"], ["a"]);
    const replies = await caller.askAll("MULTI", `INCR ${key}`, "EXEC");
    expect(replies.at(-1)).to.match(/^-"INDOUBT /);
    cluster.world.heal();
    await cluster.world.advance(10_000);
    expect(await caller.ask("GET", key)).to.equal('"2"');
  });

  it("find their node behind a node that has handed the slot over", async () => {
    const cluster = await SimCluster.start();
    const key = keyAt(cluster, 1);
    const caller = await cluster.connect(0);
    cluster.route(1, [slotOfKey(key)], 2);
    cluster.route(2, [slotOfKey(key)], 2);
    expect((await caller.askAll("MULTI", `INCR ${key}`, "EXEC")).at(-1)).to.equal("[1]");
    expect(await (await cluster.connect(2)).ask("GET", key)).to.equal('"1"');
    for (const at of [0, 1, 2]) cluster.route(at, ALL_SLOTS, 2);
    expect((await caller.askAll("MULTI", "SET a 1", `INCR ${key}`, "EXEC")).at(-1)).to.match(/CROSSSLOT/);
  });
});
