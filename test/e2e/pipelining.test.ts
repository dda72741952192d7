import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { notate } from "../support/notation.js";
import { encodeCommand } from "../support/request.js";
import { onEveryServer } from "../support/servers.js";
import { connectTo, type Target } from "../support/target.js";
import type { WireClient } from "../support/wire-client.js";

/** Every way to write a command, and arguments that look like protocol. */
const PIPELINE = Buffer.concat([
  encodeCommand(["SET", "k\r\n$3\r\n", Buffer.from("\r\n*1\r\n\x00\xff", "latin1")]),
  Buffer.from("PING\r\n"),
  encodeCommand(["GET", "k\r\n$3\r\n"]),
  Buffer.from("*0\r\n\r\n"),
  Buffer.from('ECHO "a \\x41\\r\\n"\r\n'),
  encodeCommand(["ECHO", ""]),
  encodeCommand(["MSET", "a", "1", "b", "x".repeat(40)]),
  encodeCommand(["BOGUS", "a"]),
  Buffer.from("get b\n"),
  encodeCommand(["DEL", "a", "b", "k\r\n$3\r\n"]),
]);

const REPLIES = [
  "OK",
  "PONG",
  '"\\r\\n*1\\r\\n\\x00\\xff"',
  '"a A\\r\\n"',
  '""',
  "OK",
  "-\"ERR unknown command 'BOGUS', with args beginning with: 'a' \"",
  `"${"x".repeat(40)}"`,
  "3",
];

onEveryServer("a pipeline", (start) => {
  let target: Target;
  let client: WireClient;
  let other: WireClient;

  before(async () => {
    target = await start();
  });
  beforeEach(async () => {
    [client, other] = await Promise.all([connectTo(target), connectTo(target)]);
  });
  afterEach(() => Promise.all([client.close(), other.close()]));
  after(() => target?.close());

  async function replies(count: number): Promise<string[]> {
    const texts: string[] = [];
    while (texts.length < count) texts.push(notate(await client.reply()));
    return texts;
  }

  /** Once another connection was served, what was sent here before has been read. */
  async function sendPiece(bytes: Uint8Array): Promise<void> {
    client.send(bytes);
    await other.call("PING");
  }

  it("is answered alike wherever it is cut in two", async () => {
    for (let cut = 1; cut < PIPELINE.length; cut++) {
      await sendPiece(PIPELINE.subarray(0, cut));
      client.send(PIPELINE.subarray(cut));
      expect(await replies(REPLIES.length), `cut after byte ${cut}`).to.deep.equal(REPLIES);
    }
  });

  it("is answered alike when it comes a byte at a time", async () => {
    for (const byte of PIPELINE) await sendPiece(Buffer.of(byte));
    expect(await replies(REPLIES.length)).to.deep.equal(REPLIES);
  });

  it("of a hundred thousand commands is answered in order", async () => {
    const commands = Array.from({ length: 100_000 }, (_, i) => encodeCommand(["ECHO", i]));
    client.send(Buffer.concat(commands));
    for (let i = 0; i < commands.length; i++) {
      const text = notate(await client.reply());
      if (text !== `"${i}"`) expect.fail(`reply ${i} is ${text}`);
    }
  });

  it("of values small and large, cut anywhere, stores each byte", async () => {
    const random = new Prng(1);
    const values = Array.from({ length: 60 }, () =>
      randomBytes(random, random.below(random.pick([10, 5000, 300_000]))),
    );
    const bytes = Buffer.concat(values.map((value, i) => encodeCommand(["SET", `v${i}`, value])));
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + random.below(random.pick([10, 70_000, 500_000]));
      client.send(bytes.subarray(at, at + size));
      at += size;
    }
    expect(await replies(values.length)).to.deep.equal(values.map(() => "OK"));
    for (const [i, value] of values.entries()) {
      const reply = await client.call("GET", `v${i}`);
      expect(
        reply.kind === "bulk" && reply.bytes.equals(value),
        `value ${i} of ${value.length} bytes`,
      ).to.equal(true);
    }
  });

  it("may hold a value of 64 MB", async () => {
    const value = Buffer.alloc(64 * 1024 * 1024, "0123456789abcdefg");
    client.send(Buffer.concat([encodeCommand(["SET", "big", value]), encodeCommand(["GET", "big"])]));
    expect(notate(await client.reply())).to.equal("OK");
    const reply = await client.reply();
    expect(reply.kind === "bulk" && reply.bytes.equals(value)).to.equal(true);
    expect(await client.ask("GETRANGE", "big", value.length - 3, -1)).to.equal(
      `"${value.toString("latin1", value.length - 3)}"`,
    );
    expect(await client.ask("DEL", "big")).to.equal("1");
  });
});

function randomBytes(random: Prng, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = random.below(256);
  return bytes;
}
