import { expect } from "chai";
import { TEXT_BYTES_MAX } from "#torus/commands/call.js";
import type { Client } from "#torus/server/client.js";
import { notate } from "../support/notation.js";
import { ReplyDecoder } from "../support/reply-decoder.js";
import { SimServer } from "../support/sim-server.js";

/** As long as `proto-max-bulk-len` lets an argument be: V8 makes no string of it. */
const LONGEST = 512 * 2 ** 20;
const TOO_LONG = '-"ERR a name or another text is longer than 256 MiB"';

/** Arguments: texts, or so many zero bytes, which cost nothing as long as nobody writes them. */
type Words = readonly (string | number)[];

class Node {
  private constructor(
    readonly sim: SimServer,
    private readonly client: Client,
  ) {}

  static async start(): Promise<Node> {
    const sim = (await SimServer.start()).replyAtOnce();
    await sim.connect();
    const [client] = sim.server.state.sessions();
    return new Node(sim, client as Client);
  }

  /** Executes a request as if it had come by the connection. */
  ask(...words: Words): string {
    const { server } = this.sim;
    const lengths = words.map((word) => (typeof word === "string" ? word.length : word));
    const bytes = Buffer.alloc(lengths.reduce((sum, length) => sum + length, 0));
    let end = 0;
    const marks = Int32Array.from(lengths.flatMap((length) => [end, (end += length)]));
    for (const [i, word] of words.entries()) {
      if (typeof word === "string") bytes.write(word, marks[2 * i]!, "latin1");
    }
    expect(server.executor.execute(this.client, bytes, marks, words.length)).to.equal(true);
    return new ReplyDecoder().push(Buffer.concat(server.reply.take())).map(notate).join(" ");
  }
}

describe("An argument as long as a value may be", () => {
  it("is refused where a name is wanted, and so are several that are as long together", async () => {
    const node = await Node.start();
    node.ask("ACL", "SETUSER", "bob", "on", "~a", "+@all");
    node.sim.server.state.broker.local.add({ resp: 2, isSubscriber: false, hear() {} }, "pattern", "*");
    const half = TEXT_BYTES_MAX / 2;
    const refused: readonly Words[] = [
      ["PUBLISH", LONGEST, "x"],
      ["SUBSCRIBE", LONGEST],
      ["PSUBSCRIBE", half, half, "a"],
      ["AUTH", LONGEST, "x"],
      ["AUTH", "bob", LONGEST],
      ["ACL", "SETUSER", LONGEST],
      ["ACL", "SETUSER", "bob", "(", half, half, ")"],
      ["ACL", "DELUSER", LONGEST],
      ["ACL", "DRYRUN", "bob", "GET", LONGEST],
      ["PUBSUB", "NUMSUB", LONGEST],
      ["CONFIG", "SET", "requirepass", LONGEST],
      ["CONFIG", "GET", LONGEST],
    ];
    for (const words of refused) expect(node.ask(...words), words.join(" ")).to.equal(TOO_LONG);
    const tooLongName = '-"ERR Client names cannot be longer than 4096 bytes."';
    expect(node.ask("CLIENT", "SETNAME", LONGEST)).to.equal(tooLongName);
    expect(node.ask("HELLO", "3", "SETNAME", 4097)).to.equal(tooLongName);
    expect(node.ask("CLIENT", LONGEST)).to.equal(`-"ERR unknown subcommand ''. Try CLIENT HELP."`);
    expect(node.ask("SINTERCARD", LONGEST, "a")).to.match(/^-"ERR numkeys/);
    expect(node.ask("ZADD", "z", LONGEST, "m")).to.equal('-"ERR value is not a valid float"');
    expect(node.ask("ZUNION", "1", "z", "WEIGHTS", LONGEST)).to.equal('-"ERR weight value is not a float"');
    expect(node.ask("PING")).to.equal("PONG");
  });

  it("is denied as any other, and noted by its beginning", async () => {
    const node = await Node.start();
    node.ask("ACL", "SETUSER", "bob", "on", "nopass", "~a", "resetchannels", "&a", "+@all");
    expect(node.ask("AUTH", "bob", "x")).to.equal("OK");
    expect(node.ask("GET", LONGEST)).to.match(/^-"NOPERM .* keys /);
    expect(node.ask("PUBLISH", LONGEST, "x")).to.match(/^-"NOPERM .* channels /);
    expect(node.ask("PSUBSCRIBE", LONGEST)).to.match(/^-"NOPERM .* channels /);
    expect(node.ask("SINTERCARD", LONGEST, "a")).to.match(/^-"ERR numkeys/);
    const objects = node.sim.server.state.access.log.latest(10).map(({ object }) => object);
    // The key, and the channel, which was denied twice.
    expect(objects).to.have.length(2);
    for (const object of objects) expect(object).to.equal(`${"\0".repeat(1024)}...`);
  });
});
