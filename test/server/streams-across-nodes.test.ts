import { expect } from "chai";
import type { SimCaller } from "../support/sim-caller.js";
import { keyAt, SimCluster } from "../support/sim-cluster.js";

describe("Streams of other nodes", () => {
  let cluster: SimCluster;
  let callers: SimCaller[];
  let writer: SimCaller;
  /** A key that the second node executes for. */
  let key: string;

  beforeEach(async () => {
    cluster = await SimCluster.start();
    callers = await Promise.all([0, 1, 2].map((node) => cluster.connect(node)));
    writer = await cluster.connect(0);
    key = keyAt(cluster, 1);
  });

  async function wait(caller: SimCaller, ...words: string[]): Promise<void> {
    caller.send(...words);
    await cluster.world.advance(50);
    expect(caller.unread).to.equal(0);
  }

  it("are found by the word before their keys, and read together if they are in one slot", async () => {
    await writer.ask("XADD", key, "1-1", "f", "v");
    await writer.ask("XADD", `{${key}}`, "1-1", "f", "w");
    for (const caller of callers) {
      expect(await caller.ask("XREAD", "COUNT", "1", "STREAMS", key, "0")).to.equal(
        `[["${key}" [["1-1" ["f" "v"]]]]]`,
      );
      expect(await caller.ask("XREAD", "STREAMS", key, `{${key}}`, "1-1", "0")).to.equal(
        `[["{${key}}" [["1-1" ["f" "w"]]]]]`,
      );
      expect(await caller.ask("XREAD", "STREAMS", key, keyAt(cluster, 2), "0", "0")).to.match(/^-"CROSSSLOT/);
      expect(await caller.ask("XREAD", "STREAMS", key, keyAt(cluster, 2), "0")).to.match(
        /^-"(ERR|CROSSSLOT)/,
      );
    }
  });

  it("are found behind options, whatever groups and consumers are called", async () => {
    await writer.ask("XADD", key, "1-1", "f", "v");
    await writer.ask("XGROUP", "CREATE", key, "streams", "0");
    const words = ["XREADGROUP", "NOACK", "COUNT", "1", "GROUP", "streams", "STREAMS", "STREAMS", key];
    expect(await writer.ask(...words, ">")).to.equal(`[["${key}" [["1-1" ["f" "v"]]]]]`);
    for (const caller of callers) expect(await caller.ask(...words, "0")).to.equal(`[["${key}" []]]`);
  });

  it("are waited for at any node: all readers get an entry, and one consumer of a group", async () => {
    await writer.ask("XGROUP", "CREATE", key, "g", "$", "MKSTREAM");
    for (const caller of callers) await wait(caller, "XREAD", "BLOCK", "0", "STREAMS", key, "$");
    const one = await cluster.connect(0);
    const other = await cluster.connect(2);
    await wait(one, "XREADGROUP", "GROUP", "g", "alice", "BLOCK", "0", "STREAMS", key, ">");
    await wait(other, "XREADGROUP", "GROUP", "g", "bob", "BLOCK", "0", "STREAMS", key, ">");
    await writer.ask("XADD", key, "1-1", "f", "v");
    const entry = `[["${key}" [["1-1" ["f" "v"]]]]]`;
    for (const caller of callers) expect(await caller.read(1)).to.deep.equal([entry]);
    expect(await one.read(1)).to.deep.equal([entry]);
    expect(other.unread).to.equal(0);
    await writer.ask("XGROUP", "DESTROY", key, "g");
    expect((await other.read(1))[0]).to.match(/^-"NOGROUP/);
  });
});
