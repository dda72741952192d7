import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { notate } from "../support/notation.js";
import { needsRedis, startRedis } from "../support/redis-server.js";
import { encodeCommand } from "../support/request.js";
import { connectTo, REFERENCE_VERSION, type Target } from "../support/target.js";
import { startTorus } from "../support/torus-node.js";

const SEEDS = 400;

/** Nothing that a changed digit could make last or grow: the damage is to the protocol. */
const COMMANDS: readonly (readonly string[])[] = [
  ["PING"],
  ["ECHO", "a\r\n$3\r\nb"],
  ["SET", "k", "10"],
  ["GET", "k"],
  ["INCRBY", "k", "5"],
  ["MSET", "a", "", "b", "x".repeat(40)],
  ["MGET", "a", "b", "k", "absent"],
  ["HSET", "h", "f", "v"],
  ["HGETALL", "h"],
  ["DEL", "a", "h"],
  ["BOGUS", "x"],
];

const INLINE = ['PING "a b"\r\n', "GET k\n", "SET k 'it\\'s'\r\n", '  ECHO "\\x41\\n"  \r\n', "\r\n"];

/** Bytes that mean something to a parser, and others. */
const INTERESTING = [..."*$\r\n0123456789-+:\"'\\ ab", "\xff"];

describe("damaged bytes", () => {
  let ours: Target;
  let theirs: Target;

  before(async function () {
    await needsRedis(this, REFERENCE_VERSION);
    [ours, theirs] = await Promise.all([startTorus(), startRedis()]);
  });
  after(() => Promise.all([ours?.close(), theirs?.close()]));

  it("are answered as redis-server answers them, to the close of the connection", async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const bytes = damagedPipeline(new Prng(seed));
      const [mine, redis] = await Promise.all([ours, theirs].map((target) => conversation(target, bytes)));
      expect(mine, `seed ${seed}: ${JSON.stringify(bytes.toString("latin1"))}`).to.deep.equal(redis);
    }
  });
});

function damagedPipeline(random: Prng): Buffer {
  const parts = Array.from({ length: 1 + random.below(8) }, () =>
    random.chance(0.2) ? Buffer.from(random.pick(INLINE)) : encodeCommand(random.pick(COMMANDS)),
  );
  let bytes: Buffer = Buffer.concat(parts);
  for (let hits = random.below(4); hits > 0; hits--) bytes = hit(bytes, random);
  return bytes;
}

/** Changes a byte, takes some out or puts one in. */
function hit(bytes: Buffer, random: Prng): Buffer {
  const at = random.below(bytes.length + 1);
  const cut = random.pick([0, 1, 1, 1, 2, 5]);
  const inserted = random.chance(0.7) ? random.pick(INTERESTING) : "";
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(inserted, "latin1"), bytes.subarray(at + cut)]);
}

/** All replies to these bytes, sent as the last that this client has to say. */
async function conversation(target: Target, bytes: Buffer): Promise<string[]> {
  const janitor = await connectTo(target);
  await janitor.call("FLUSHALL");
  await janitor.close();
  const client = await connectTo(target);
  client.socket.end(bytes);
  const replies: string[] = [];
  for (let reply = await client.replyOrClose(); reply !== "closed"; reply = await client.replyOrClose()) {
    replies.push(notate(reply));
  }
  return replies;
}
