import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { CommandRunner } from "../support/command-runner.js";
import { type Argument, encodeCommand } from "../support/request.js";
import type { SimCaller } from "../support/sim-caller.js";
import { SimCluster } from "../support/sim-cluster.js";
import { SimServer } from "../support/sim-server.js";

const KEYS = Array.from({ length: 20 }, (_, i) => `k${i}`);
/** More than a database has whose requests are not looked at ahead. */
const FILLING_KEYS = 12_000;
const END = '"the end of a round"';

/** Random bytes, mostly few, now and then more than fits into any buffer. */
function drawValue(prng: Prng): Buffer {
  const size = prng.chance(0.01) ? 200_000 + prng.below(2_000_000) : prng.below(prng.chance(0.1) ? 3000 : 40);
  return Buffer.alloc(size, Buffer.from(Array.from({ length: 7 + (size % 5) }, () => prng.below(256))));
}

/** Random requests of all kinds as bytes. What they reply does not depend on time or chance. */
function requestsOf(prng: Prng, count: number): Buffer {
  const key = () => prng.pick(KEYS);
  const value = () => drawValue(prng);
  const short = () => drawValue(prng).subarray(0, 40);
  const number = () => prng.below(100);
  const makers: readonly (() => Argument[] | string)[] = [
    () => ["SET", key(), value()],
    () => ["SET", key(), number(), prng.pick(["NX", "XX", "GET"])],
    () => ["GET", key()],
    () => ["get", key()],
    () => ["STRLEN", key()],
    () => ["APPEND", key(), value()],
    () => ["GETRANGE", key(), number(), -number()],
    () => ["INCRBY", key(), number()],
    () => ["INCRBYFLOAT", key(), "0.25"],
    () => ["HSET", key(), `f${prng.below(3)}`, short()],
    () => ["HMSET", key(), "a", "1", "b", "2", "c", short(), "d", "4", "e", "5"],
    () => ["HGETALL", key()],
    () => ["HMGET", key(), "a", "f0", "nosuch"],
    () => ["HRANDFIELD", key(), 0],
    () => ["DEL", key()],
    () => ["TYPE", key()],
    () => ["EXPIRE", key(), 1000],
    () => ["PERSIST", key()],
    () => ["RENAME", "{k0}", "{k0}x"],
    () => ["OBJECT", "ENCODING", key()],
    () => ["SELECT", prng.below(3)],
    () => ["HELLO", 2 + prng.below(2), "SETNAME", "c"],
    () => ["CLIENT", "REPLY", prng.pick(["SKIP", "SKIP", "OFF", "ON", "ON"])],
    () => ["CLIENT", "NO-TOUCH", prng.pick(["ON", "OFF"])],
    () => ["NOSUCH", key()],
    () => ["GET", key(), "more"],
    () => ["SET", key()],
    () => ["SET", key(), "1", "EX", "nonsense"],
    () => ["PING"],
    () => ["ECHO", value()],
    () => `SET ${key()} inline\r\n`,
    () => `get    ${key()}\n`,
    () => `SET "${key()}" "quoted \\x00\\xff\\r\\n"\r\n`,
    () => `SET ${key()} 'single'\r\n`,
    () => "\r\n",
    () => `*2\r\n$3\r\nGET\r\n$${2}\r\nk7\r\n`,
  ];
  return Buffer.concat(
    Array.from({ length: count }, () => {
      const request = prng.pick(makers)();
      return typeof request === "string" ? Buffer.from(request, "latin1") : encodeCommand(request);
    }),
  );
}

/** Sends bytes in random pieces. */
function sendInPieces(caller: SimCaller, bytes: Buffer, prng: Prng): void {
  let at = 0;
  while (at < bytes.length) {
    const next = at + 1 + prng.below(prng.chance(0.5) ? 100 : bytes.length);
    caller.sendBytes(bytes.subarray(at, next));
    at = next;
  }
}

/** What is replied to the bytes, and to a command at their end that always replies. */
async function repliesTo(caller: SimCaller, bytes: Buffer, prng: Prng): Promise<readonly string[]> {
  const before = caller.replies.length;
  sendInPieces(caller, bytes, prng);
  caller.send("CLIENT", "REPLY", "ON");
  caller.send("ECHO", JSON.parse(END));
  await caller.until(() => caller.replies.at(-1) === END || caller.isClosed);
  return caller.replies.slice(before).map((reply) => reply.replace(/"id" \d+|"id": \d+/, "id"));
}

/** Gives a server keys that nobody asks for, wherever they belong, in the first database. */
function fill({ keyspace }: SimServer): void {
  const runner = new CommandRunner(keyspace);
  for (let i = 0; i < FILLING_KEYS; i++) runner.run("SET", `filling ${i}`, "x".repeat(100));
}

describe("Commands for slots of other nodes", () => {
  for (const variant of [
    "",
    ", by sealed links",
    ", beside so many keys that requests are looked at ahead",
  ]) {
    for (let seed = 1; seed <= 12; seed++) {
      it(`reply what a lone node replies, in the client's order, whatever is sent (seed ${seed}${variant})`, async () => {
        const secret = variant.includes("sealed") ? { secret: "torus" } : {};
        const cluster = await SimCluster.start({ seed, ...secret });
        const lone = (await SimServer.start()).replyAtOnce();
        if (variant.includes("keys")) {
          for (const { server } of cluster.nodes) fill(server);
          fill(lone);
        }
        const prng = new Prng(`forwarding ${seed}`);
        const caller = await cluster.connect(seed % 3);
        const reference = await lone.connect();
        for (let round = 0; round < 10; round++) {
          const bytes = requestsOf(prng, 1 + prng.below(prng.chance(0.2) ? 300 : 20));
          const expected = await repliesTo(reference, bytes, prng);
          const replies = await repliesTo(caller, bytes, prng);
          expect(replies).to.have.length(expected.length);
          for (const [i, reply] of replies.entries()) expect(reply).to.equal(expected[i]);
        }
        for (const { server } of cluster.nodes) expect(server.stops).to.deep.equal([]);
      });
    }
  }

  it("arrive as they were sent when they had to wait, and half a command with them", async () => {
    const cluster = await SimCluster.start({ seed: 1 });
    const caller = await cluster.connect(0);
    const half = encodeCommand(["SET", "k0", Buffer.alloc(5000, "x")]);
    // The reply to the first has to be gathered. What comes behind it is kept meanwhile.
    const appends = KEYS.flatMap((key) => ["1", "2", "3", "4"].map((digit) => ["APPEND", key, digit]));
    caller.sendBytes(
      Buffer.concat([...[["DEL", ...KEYS], ...appends].map(encodeCommand), half.subarray(0, 4000)]),
    );
    await caller.until(() => caller.replies.length === 1 + appends.length);
    for (const key of KEYS)
      caller.sendBytes(key === "k0" ? half.subarray(4000) : encodeCommand(["GET", key]));
    await caller.until(() => caller.replies.length === 1 + appends.length + KEYS.length);
    const values = caller.replies.slice(1 + appends.length);
    expect(values).to.deep.equal(["OK", ...KEYS.slice(1).map(() => '"1234"')]);
  });
});
