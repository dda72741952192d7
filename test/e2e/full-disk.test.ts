import { readdir } from "node:fs/promises";
import { expect } from "chai";
import { type KeptNode, ScratchDirectory, spawnOn, startOn } from "../support/kept-node.js";
import { textOf } from "../support/reply.js";
import { encodeCommand } from "../support/request.js";
import { SmallDisk } from "../support/small-disk.js";
import { eventually, infoText } from "../support/vitals.js";
import type { WireClient } from "../support/wire-client.js";

/** Above what the log reserves ahead of its writes, so that it must ask for more. */
const DISK_MEGABYTES = 24;
const BATCH = 64;
const VALUE_BYTES = 8192;

describe("a full disk", () => {
  let scratch: ScratchDirectory;
  let disk: SmallDisk;
  let directory: string;
  let node: KeptNode;
  let client: WireClient;
  /** Of all that was ever tried: whether it was acknowledged. */
  const outcomes = new Map<string, boolean>();

  before(async function () {
    scratch = await ScratchDirectory.make();
    disk = await SmallDisk.mount(this, scratch.file("disk"), DISK_MEGABYTES);
    directory = `${disk.path}/data`;
  });
  after(async () => {
    await node?.kill();
    await disk?.unmount();
    await scratch?.remove();
  });

  it("fails writes with MISCONF and a reason, and goes on to read", async () => {
    await start();
    expect(await client.ask("SET", "before", "kept")).to.equal("OK");
    await disk.fill();
    const refusal = await writeUntilRefused();
    expect(refusal).to.match(/^MISCONF .*ENOSPC: no space left on device/);
    expect(await client.ask("SET", "late", "v")).to.match(/^-"MISCONF /);
    expect(await client.ask("DEL", "before")).to.match(/^-"MISCONF /);
    expect(await client.ask("GET", "before")).to.equal('"kept"');
    expect(await client.ask("EXISTS", "late")).to.equal("0");
    expect(await infoText(client, "aof_last_write_status")).to.equal("err");
    expect(node.server.output).to.match(/error +the log takes no writes.*ENOSPC/);
  });

  it("fails a snapshot with the reason, and leaves no half of one behind", async () => {
    expect(await client.ask("SAVE")).to.match(/^-"ERR .*ENOSPC: no space left on device/);
    expect(await infoText(client, "rdb_last_bgsave_status")).to.equal("err");
    expect((await readdir(directory)).filter((name) => name.startsWith("snapshot"))).to.deep.equal([]);
  });

  it("refuses to start in a line that tells why, and loses nothing by it", async () => {
    await node.kill();
    const { code, output } = await spawnOn(directory).ended();
    expect(code).to.equal(1);
    expect(output).to.match(/^torus: ENOSPC: no space left on device.*\n$/m);
    await disk.free();
    await start();
    await verify();
  });

  it("takes writes again by itself once there is room", async () => {
    await disk.fill();
    await writeUntilRefused();
    await disk.free();
    await eventually("writes are taken again", async () => (await client.ask("SET", "after", "v")) === "OK");
    expect(await infoText(client, "aof_last_write_status")).to.equal("ok");
    expect(node.server.output).to.contain("the log takes writes again");
    await node.kill();
    await start();
    expect(await client.ask("GET", "after")).to.equal('"v"');
    await verify();
  });

  async function start(): Promise<void> {
    node = await startOn(directory);
    client = await node.connect();
  }

  /** Answers what the first refused write was told. */
  async function writeUntilRefused(): Promise<string> {
    for (;;) {
      const keys = Array.from({ length: BATCH }, (_, i) => `filling:${outcomes.size + i}`);
      client.send(Buffer.concat(keys.map((key) => encodeCommand(["SET", key, valueOfKey(key)]))));
      let refusal: string | undefined;
      for (const key of keys) {
        const text = textOf(await client.reply())!;
        outcomes.set(key, text === "OK");
        if (text !== "OK") refusal ??= text;
      }
      if (refusal !== undefined) return refusal;
    }
  }

  /** What was acknowledged is there, and what was refused is not. */
  async function verify(): Promise<void> {
    for (const [key, isAcknowledged] of outcomes) {
      expect(textOf(await client.call("GET", key)), key).to.equal(
        isAcknowledged ? valueOfKey(key) : undefined,
      );
    }
    expect(await client.ask("GET", "before")).to.equal('"kept"');
    expect(await client.ask("EXISTS", "late")).to.equal("0");
  }
});

function valueOfKey(key: string): string {
  return key.padEnd(VALUE_BYTES, ".");
}
