import { expect } from "chai";
import fc from "fast-check";
import { encodeCommand } from "../support/request.js";
import type { SimCaller } from "../support/sim-caller.js";
import { keyAt, linkBetween, SimCluster, type SimClusterNode } from "../support/sim-cluster.js";

const TRY_AGAIN = '-"TRYAGAIN no node that can be reached executes commands for this slot at present"';

describe("Commands for slots of other nodes", () => {
  let cluster: SimCluster;
  let caller: SimCaller;
  /** Keys of the nodes, the caller's first. */
  let mine: string;
  let theirs: string;
  let others: string;

  async function start(options: Parameters<typeof SimCluster.start>[0] = {}): Promise<void> {
    cluster = await SimCluster.start(options);
    caller = await cluster.connect(0);
    [mine, theirs, others] = [0, 1, 2].map((node) => keyAt(cluster, node)) as [string, string, string];
  }

  const node = (i: number): SimClusterNode => cluster.nodes[i]!;
  const advance = (ms: number) => cluster.world.advance(ms);
  const linkOf = (from: number, to: number) => linkBetween(cluster, from, to);
  /** A value as its node has it. */
  const valueAt = async (i: number, key: string) => (await cluster.connect(i)).ask("GET", key);

  describe("whatever bytes they are", () => {
    beforeEach(() => start());

    it("are the same when cut at any byte", async () => {
      const value = Buffer.from([0, 255, 13, 10, 42, 36]);
      const bytes = Buffer.concat([
        encodeCommand(["SET", theirs, value]),
        encodeCommand(["GET", mine]),
        Buffer.from(`GET ${theirs}\r\nSTRLEN ${others}\r\n`),
        encodeCommand(["APPEND", theirs, ""]),
      ]);
      for (let cut = 0; cut <= bytes.length; cut++) {
        caller.sendBytes(bytes.subarray(0, cut));
        await advance(2);
        caller.sendBytes(bytes.subarray(cut));
        expect(await caller.read(5)).to.deep.equal(["OK", "nil", '"\\x00\\xff\\r\\n*$"', "0", "6"]);
      }
    });

    it("are replied to as a node alone does, in whatever mixture one read brings them", async () => {
      const lone = await SimCluster.start({ nodes: 1 });
      const key = fc.constantFrom(mine, theirs, others, `{${theirs}}`, `{${others}}1`);
      const ofKey = fc
        .tuple(fc.constantFrom("INCR", "incr", "GET", "STRLEN", "TYPE", "nosuch"), key)
        .map(([name, key]) => [name, key]);
      const ofMore = fc.tuple(fc.constantFrom("SET", "APPEND", "GET", "MGET"), key, key);
      const states =
        "SELECT 0|SELECT 1|CLIENT REPLY SKIP|CLIENT REPLY OFF|CLIENT REPLY ON|MULTI|DISCARD|PING|HELLO";
      const ofClient = fc.constantFrom(...states.split("|")).map((text) => text.split(" "));
      const command = fc.oneof({ arbitrary: ofKey, weight: 8 }, { arbitrary: ofMore, weight: 4 }, ofClient);
      // Often the same several times over: what is alike goes on together.
      const alike = fc
        .tuple(command, fc.integer({ min: 1, max: 20 }), fc.boolean())
        .map(([words, times, isLine]) => (isLine ? `${words.join(" ")}\r\n` : notated(words)).repeat(times));
      const pipeline = fc.array(alike, { maxLength: 12 }).map((requests) => requests.join(""));
      const repliesOf = async (where: SimCluster, requests: string) => {
        const client = await where.connect(0);
        client.sendBytes(`${requests}DISCARD\r\nCLIENT REPLY ON\r\nECHO end\r\n`);
        await client.until(() => client.replies.at(-1) === '"end"');
        client.close();
        return client.replies.filter((reply) => !reply.includes("server"));
      };
      await fc.assert(
        fc.asyncProperty(pipeline, async (requests) => {
          expect(await repliesOf(cluster, requests)).to.deep.equal(await repliesOf(lone, requests));
        }),
        { numRuns: 100 },
      );
    });

    it("may be of many megabytes, and so may their replies", async () => {
      const value = Buffer.alloc(4_000_000, "torus ");
      caller.send("SET", theirs, value);
      caller.send("SET", mine, "m");
      for (let i = 0; i < 3; i++) caller.send("GET", theirs);
      caller.send("GET", mine);
      const replies = await caller.read(6);
      const whole = JSON.stringify(value.toString());
      expect(replies.map((reply) => (reply === whole ? "whole" : reply))).to.deep.equal([
        "OK",
        "OK",
        "whole",
        "whole",
        "whole",
        '"m"',
      ]);
    });

    it("may be tens of thousands in one pipeline", async () => {
      const count = 30_000;
      const requests = Array.from({ length: count }, (_, i) =>
        encodeCommand(["INCR", i % 3 === 0 ? theirs : others]),
      );
      caller.sendBytes(Buffer.concat(requests));
      const replies = await caller.read(count);
      const counts = [0, 0];
      for (const [i, reply] of replies.entries())
        expect(Number(reply)).to.equal(++counts[i % 3 === 0 ? 0 : 1]!);
    });

    it("are executed in the database and by the protocol that were chosen before them", async () => {
      const commands = `SET ${theirs} 0|SELECT 3|SET ${theirs} 3|HSET ${others} a 1|HELLO 3|HGETALL ${others}|GET nosuch${theirs}|SELECT 0|GET ${theirs}|HELLO 2|SELECT 3|HGETALL ${others}|GET ${theirs}`;
      const replies = await caller.askAll(...commands.split("|"));
      expect(replies.filter((_, i) => i !== 4 && i !== 9)).to.deep.equal([
        "OK",
        "OK",
        "OK",
        "1",
        '{"a": "1"}',
        "_",
        "OK",
        '"0"',
        "OK",
        '["a" "1"]',
        '"3"',
      ]);
    });

    it("count as use of their keys unless the client has said NO-TOUCH", async () => {
      await caller.ask("SET", theirs, "1");
      const idle = async () => Number(await caller.ask("OBJECT", "IDLETIME", theirs));
      await caller.ask("CLIENT", "NO-TOUCH", "ON");
      await advance(20_000);
      await caller.ask("GET", theirs);
      expect(await idle()).to.be.at.least(15);
      await caller.ask("CLIENT", "NO-TOUCH", "OFF");
      await caller.ask("GET", theirs);
      expect(await idle()).to.be.at.most(1);
    });

    it("answer what the node there answers, and why it refuses", async () => {
      await node(1).server.local.call("CONFIG", "SET", "maxmemory", "1");
      await caller.askAll(`LPUSH nosuch`, `HSET ${others} f v`);
      expect(
        await caller.askAll(`GET ${others}`, `SET ${theirs} 1`, `SET ${mine} 1`, `INCRBY ${others} x`),
      ).to.deep.equal([
        '-"WRONGTYPE Operation against a key holding the wrong kind of value"',
        `-"OOM command not allowed when used memory > 'maxmemory'."`,
        "OK",
        '-"ERR value is not an integer or out of range"',
      ]);
    });

    it("are replied to before QUIT closes", async () => {
      caller.sendBytes(
        `SET ${theirs} 1\r\nGET ${theirs}\r\nGET ${mine}\r\nGET ${others}\r\nQUIT\r\nPING\r\n`,
      );
      expect(await caller.readToEnd()).to.deep.equal(["OK", '"1"', "nil", "nil", "OK"]);
    });

    it("are executed for a client that leaves without waiting", async () => {
      caller.sendBytes(`SET ${theirs} 1\r\nCLIENT REPLY OFF\r\nSET ${others} 2\r\nQUIT\r\n`);
      expect(await caller.readToEnd()).to.deep.equal(["OK"]);
      expect([await valueAt(1, theirs), await valueAt(2, others)]).to.deep.equal(['"1"', '"2"']);
    });

    it("leave nothing behind when the client disconnects", async () => {
      for (let i = 0; i < 50; i++) caller.send("INCR", i % 2 === 0 ? theirs : others);
      await advance(1);
      caller.connection.destroy();
      await advance(50);
      for (const to of [1, 2])
        expect([linkOf(0, to).inFlight, linkOf(0, to).bytesInFlight]).to.deep.equal([0, 0]);
      expect(node(0).server.server.state.clients.size).to.equal(0);
    });
  });

  describe("whose replies wait for the log there", () => {
    beforeEach(async () => {
      await start();
      const { persistence, server } = node(1).server;
      persistence.gates = true;
      server.gate.configure();
    });

    it("hold back the replies behind them, and no others", async () => {
      const other = await cluster.connect(0);
      for (const args of [["PING"], ["SET", theirs, "1"], ["SET", mine, "2"], ["GET", others]])
        caller.send(...args);
      await advance(20);
      expect(caller.replies).to.deep.equal(["PONG"]);
      expect(await other.askAll(`GET ${mine}`, `GET ${others}`)).to.deep.equal(['"2"', "nil"]);
      node(1).server.persistence.sync();
      expect(await caller.read(4)).to.deep.equal(["PONG", "OK", "OK", "nil"]);
    });

    it("answer a failed sync where it is due", async () => {
      for (const args of [
        ["SET", theirs, "1"],
        ["GET", mine],
        ["SET", theirs, "2"],
      ])
        caller.send(...args);
      await advance(20);
      node(1).server.persistence.fail();
      const doubt = '-"INDOUBT The write was made but may be lost: the log could not be synced"';
      expect(await caller.read(3)).to.deep.equal([doubt, "nil", doubt]);
    });

    it("do not hold up commands that come later", async () => {
      caller.send("SET", theirs, "1");
      await advance(20);
      caller.send("SET", theirs, "2");
      await advance(20);
      expect(node(1).server.persistence.position).to.equal(20);
      node(1).server.persistence.sync();
      expect(await caller.read(2)).to.deep.equal(["OK", "OK"]);
    });

    it("leave before the node there closes, and what comes later is not executed", async () => {
      caller.send("SET", theirs, "1");
      await advance(20);
      const there = node(1).server;
      const closing = there.server.close();
      caller.send("SET", theirs, "2");
      await advance(20);
      expect(caller.replies).to.deep.equal([]);
      there.persistence.sync();
      await cluster.world.complete(closing);
      expect(await caller.read(2)).to.deep.equal(["OK", TRY_AGAIN]);
      expect(there.persistence.position).to.equal(10);
    });
  });
});

function notated(words: readonly string[]): string {
  return encodeCommand([...words]).toString("latin1");
}
