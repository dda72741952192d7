import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { encodeCommand } from "../support/request.js";
import { SimNode } from "../support/sim-node.js";

/** So many keys that requests are scanned ahead and their records fetched together. */
const KEYS = 17 * 1024;

describe("a pipeline", () => {
  function requests(...lines: string[]): Buffer {
    return Buffer.concat(lines.map((line) => encodeCommand(line.split(" "))));
  }

  it("whose reply is postponed midway waits there, and goes on in order", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    const startMs = node.world.nowMs;
    client.sendBytes(
      requests("SET a 1", "INCR a", "DEBUG SLEEP 2", "INCR a", "DEBUG SLEEP 1", "INCR a", "GET a"),
    );
    expect(await client.read(2)).to.deep.equal(["OK", "2"]);
    expect(await node.call("GET", "a")).to.equal("2");
    expect(await client.read(5)).to.deep.equal(["OK", "3", "OK", "4", '"4"']);
    expect(node.world.nowMs - startMs).to.be.within(3000, 3200);
  });

  it("goes on with what comes while a reply is postponed, however it is cut", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    client.sendBytes(requests("DEBUG SLEEP 1"));
    const rest = requests(...Array.from({ length: 50 }, () => "INCR n"));
    for (let at = 0; at < rest.length; at += 7) {
      client.sendBytes(rest.subarray(at, at + 7));
      await node.world.advance(5);
    }
    const replies = await client.read(51);
    expect(replies).to.deep.equal(["OK", ...Array.from({ length: 50 }, (_, i) => String(i + 1))]);
  });

  it("finds every key wherever its requests are cut, and whatever key lay there before", async () => {
    const node = await SimNode.alone({ clusterEnabled: "yes" });
    const client = await node.connect();
    const prng = new Prng(1);
    const keys = Array.from({ length: 50 }, (_, i) => `key:${10 + i}`);
    await client.ask("MSET", ...keys.flatMap((key) => [key, key]));
    for (let round = 0; round < 500; round++) {
      const asked = Array.from({ length: 1 + prng.below(12) }, () => prng.pick(keys));
      const shift = Buffer.from(`${"PING".padEnd(4 + prng.below(30))}\r\n`);
      const bytes = Buffer.concat([shift, requests(...asked.map((key) => `GET ${key}`))]);
      const cut = prng.below(bytes.length);
      client.sendBytes(bytes.subarray(0, cut));
      client.sendBytes(bytes.subarray(cut));
      expect(await client.read(1 + asked.length)).to.deep.equal(["PONG", ...asked.map((key) => `"${key}"`)]);
    }
  });

  it("may hold AUTH, and what follows it is executed with its rights and within its limits", async () => {
    const node = await SimNode.alone({ requirepass: "secret" });
    const client = await node.connect();
    const many = ["EXISTS", ...Array.from({ length: 20 }, (_, i) => `k${i}`)].join(" ");
    const replies = await client.askAll("GET a", "AUTH wrong", "AUTH secret", "SET a 1", many, "GET a");
    expect(replies.map((reply) => reply.split(" ")[0])).to.deep.equal([
      '-"NOAUTH',
      '-"WRONGPASS',
      "OK",
      "OK",
      "0",
      '"1"',
    ]);
    const stranger = await node.connect();
    stranger.sendBytes(requests("PING", many, "PING"));
    expect(await stranger.readToEnd()).to.deep.equal([
      '-"NOAUTH Authentication required."',
      '-"ERR Protocol error: unauthenticated multibulk length"',
    ]);
  });

  it("is answered up to a protocol error, which is said, and then ends", async () => {
    for (const count of [0, 1, 15, 16, 17, 40]) {
      const node = await SimNode.alone();
      const client = await node.connect();
      const good = Array.from({ length: count }, () => "INCR n");
      client.sendBytes(Buffer.concat([requests(...good), Buffer.from("*1\r\n$x\r\n"), requests("INCR n")]));
      const replies = await client.readToEnd();
      expect(replies.slice(0, count)).to.deep.equal(good.map((_, i) => String(i + 1)));
      expect(replies.slice(count)).to.deep.equal(['-"ERR Protocol error: invalid bulk length"']);
      expect(await node.call("GET", "n")).to.equal(count === 0 ? null : String(count));
    }
  });

  it("with a protocol error behind a postponed reply says so only after that", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    client.sendBytes(
      Buffer.concat([requests("PING", "DEBUG SLEEP 1", "INCR n"), Buffer.from("*1\r\n$x\r\n")]),
    );
    expect(await client.readToEnd()).to.deep.equal([
      "PONG",
      "OK",
      "1",
      '-"ERR Protocol error: invalid bulk length"',
    ]);
    expect(client.closedAtMs).to.be.greaterThan(1000);
  });

  it("that ends itself midway leaves the rest unexecuted", async () => {
    const node = await SimNode.alone();
    for (const end of ["QUIT", "CLIENT KILL TYPE normal SKIPME no"]) {
      const client = await node.connect();
      client.sendBytes(requests("INCR n", end, "INCR n"));
      expect(await client.readToEnd()).to.have.length(2);
    }
    expect(await node.call("GET", "n")).to.equal("2");
  });

  it("loses nothing, repeats nothing and keeps its order when its replies wait for their reader", async function () {
    this.timeout(10_000);
    const node = await SimNode.alone();
    const client = await node.connect();
    const value = "v".repeat(60_000);
    await client.ask("SET", "big", value);
    client.connection.pauseReading();
    const rounds = 200;
    const expected: string[] = [];
    const parts: Buffer[] = [];
    for (let i = 1; i <= rounds; i++) {
      parts.push(requests("INCR n", "GET big"));
      expected.push(String(i), `"${value}"`);
    }
    client.sendBytes(Buffer.concat(parts));
    await node.world.advance(1000);
    const executed = Number(await node.call("GET", "n"));
    expect(executed).to.be.within(1, rounds / 2);
    client.connection.resumeReading();
    const replies = await client.read(2 * rounds);
    expect(replies.every((reply, i) => reply === expected[i])).to.equal(true);
    expect(await node.call("GET", "n")).to.equal(String(rounds));
  });

  describe("in a large keyspace", () => {
    async function largeNode(): Promise<SimNode> {
      const node = await SimNode.alone();
      const pairs = Array.from({ length: KEYS }, (_, i) => [`key:${i}`, `value:${i}`]).flat();
      await node.call("MSET", ...pairs);
      return node;
    }

    it("finds for each request its own key, whatever stands between them", async function () {
      this.timeout(10_000);
      const node = await largeNode();
      const client = await node.connect();
      const parts: Buffer[] = [];
      const expected: string[] = [];
      const ask = (request: Buffer | string, ...replies: string[]) => {
        parts.push(typeof request === "string" ? Buffer.from(request) : request);
        expected.push(...replies);
      };
      for (let i = 0; i < 300; i++) {
        ask(requests(`GET key:${i}`), `"value:${i}"`);
        ask(`GET "key:${i + 1}"\r\n`, `"value:${i + 1}"`);
        ask(`get key:${i + 2}\r\n`, `"value:${i + 2}"`);
        ask(requests("PING"), "PONG");
        ask(requests(`OBJECT ENCODING key:${i}`), '"embstr"');
        ask(requests(`MGET key:${i} key:${i + 5} none key:${i + 6}`), mget(i, i + 5, -1, i + 6));
        ask(requests(`EXISTS key:${i} key:${i + 1}`), "2");
        ask(requests("MULTI", `GET key:${i + 7}`, `GET key:${i + 8}`), "OK", "QUEUED", "QUEUED");
        ask(requests("EXEC", `GET key:${i + 9}`), mget(i + 7, i + 8), `"value:${i + 9}"`);
        ask(requests("SELECT 1", `GET key:${i}`, "SELECT 0"), "OK", "nil", "OK");
        ask(
          requests(`RENAME key:${i} other:${i}`, `GET key:${i}`, `GET other:${i}`),
          "OK",
          "nil",
          `"value:${i}"`,
        );
        ask(requests(`SET key:${i} value:${i}`, `DEL other:${i}`), "OK", "1");
        ask(
          requests(`SETRANGE key:${i} 0 value`, `GETRANGE key:${i} 0 4`),
          String(`value:${i}`.length),
          '"value"',
        );
      }
      client.sendBytes(Buffer.concat(parts));
      expect(await client.read(expected.length)).to.deep.equal(expected);
    });

    function mget(...numbers: number[]): string {
      return `[${numbers.map((i) => (i < 0 ? "nil" : `"value:${i}"`)).join(" ")}]`;
    }

    it("may empty it midway", async function () {
      this.timeout(10_000);
      const node = await largeNode();
      const client = await node.connect();
      const replies = await client.askAll(
        "GET key:1",
        "FLUSHALL",
        "GET key:1",
        "SET key:2 x",
        "GET key:2",
        "GET key:1",
      );
      expect(replies).to.deep.equal(['"value:1"', "OK", "nil", "OK", '"x"', "nil"]);
    });
  });
});
