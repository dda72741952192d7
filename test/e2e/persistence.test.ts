import { expect } from "chai";
import { type KeptNode, ScratchDirectory, startOn } from "../support/kept-node.js";
import { runProgram } from "../support/program.js";
import { needsProgram } from "../support/requirements.js";
import { eventually, infoText, vital } from "../support/vitals.js";
import type { WireClient } from "../support/wire-client.js";

describe("persistence", () => {
  let scratch: ScratchDirectory;
  let directory: string;
  let node: KeptNode;
  let client: WireClient;

  beforeEach(async () => {
    scratch = await ScratchDirectory.make();
    directory = scratch.file("data");
    await start();
  });
  afterEach(async () => {
    await node?.kill();
    await scratch?.remove();
  });

  it("keeps deadlines as absolute times: what expired while nobody ran is gone at start", async () => {
    const soon = Date.now() + 1500;
    const late = Date.now() + 3_600_000;
    await client.call("SET", "stays", "v");
    await client.call("SET", "late", "v", "PXAT", late);
    for (const key of ["a", "b", "c"]) await client.call("SET", key, "v", "PXAT", soon);
    await client.call("HSET", "hash", "f", "v");
    await client.call("PEXPIREAT", "hash", soon);
    expect(await client.ask("DBSIZE")).to.equal("6");
    await node.kill();
    await until(soon);
    await start();
    expect(await client.ask("DBSIZE")).to.equal("2");
    expect(await client.ask("EXISTS", "a", "b", "c", "hash")).to.equal("0");
    expect(await client.ask("PEXPIRETIME", "late")).to.equal(String(late));
    expect(node.server.output).to.match(/loaded what was kept.* keys=2 expired=4 /);
  });

  it("tells in INFO what is kept, what is not yet, and how the last attempt ended", async () => {
    expect(await infoText(client, "loading")).to.equal("0");
    expect(await infoText(client, "aof_enabled")).to.equal("1");
    expect(await infoText(client, "aof_last_write_status")).to.equal("ok");
    await client.call("SET", "key", "v");
    await client.call("SET", "key", "w");
    expect(await vital(client, "rdb_changes_since_last_save")).to.equal(2);
    expect(await vital(client, "aof_current_size")).to.be.greaterThan(0);
    const before = await vital(client, "rdb_last_save_time");
    expect(await client.ask("SAVE")).to.equal("OK");
    expect(await vital(client, "rdb_changes_since_last_save")).to.equal(0);
    expect(await infoText(client, "rdb_last_bgsave_status")).to.equal("ok");
    expect(await infoText(client, "rdb_bgsave_in_progress")).to.equal("0");
    const saved = await vital(client, "rdb_last_save_time");
    expect(saved).to.be.at.least(before);
    expect(await client.ask("LASTSAVE")).to.equal(String(saved));
    expect(await vital(client, "aof_base_size")).to.be.greaterThan(0);
    await node.kill();
    await start();
    expect(await client.ask("GET", "key")).to.equal('"w"');
  });

  it("answers redis-cli's SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE and DEBUG", async function () {
    await needsProgram(this, "redis-cli");
    await client.call("SET", "key", "v");
    expect(await cli("SAVE")).to.equal("OK\n");
    expect(await cli("BGSAVE")).to.equal("Background saving started\n");
    await idle();
    expect(await cli("BGREWRITEAOF")).to.equal("Background append only file rewriting started\n");
    await idle();
    expect(Number(await cli("LASTSAVE"))).to.be.closeTo(Date.now() / 1000, 60);
    expect(await cli("DEBUG", "OBJECT", "key")).to.match(/^Value at:.* encoding:embstr /);
    expect(await cli("DEBUG", "SLEEP", "0")).to.equal("OK\n");
    expect(await cli("DEBUG", "HELP")).to.contain("DEBUG <subcommand>");
    expect(await cli("GET", "key")).to.equal("v\n");
    await node.kill();
    await start();
    expect(await cli("GET", "key")).to.equal("v\n");
  });

  it("can be switched on at run time, with all that was there, and off and on again", async () => {
    await node.kill();
    directory = scratch.file("switched");
    await start({ appendonly: "no" });
    await client.call("SET", "before", "v");
    await switchLog("yes", "the log is on");
    await client.call("SET", "while on", "v");
    await node.kill();
    await start();
    expect(await client.ask("MGET", "before", "while on")).to.equal('["v" "v"]');

    await switchLog("no", "the log is off");
    await client.call("SET", "while off", "v");
    await client.call("DEL", "before");
    expect(await client.ask("MGET", "while on", "while off")).to.equal('["v" "v"]');
    await switchLog("yes", "the log is on");
    await client.call("SET", "on again", "v");
    await node.kill();
    await start();
    expect(await client.ask("MGET", "before", "while on", "while off", "on again")).to.equal(
      '[nil "v" "v" "v"]',
    );

    await switchLog("no", "the log is off");
    await client.call("SET", "forgotten", "v");
    await node.kill();
    await start();
    expect(await client.ask("MGET", "on again", "forgotten")).to.equal('["v" nil]');
    expect(await client.ask("CONFIG", "GET", "appendonly")).to.equal('["appendonly" "yes"]');
  });

  it("is not switched on over the data of another node, and says so", async () => {
    await client.call("SET", "key", "kept");
    await node.kill();
    await start({ appendonly: "no" });
    expect(await client.ask("DBSIZE")).to.equal("0");
    await client.call("CONFIG", "SET", "appendonly", "yes");
    await eventually("the refusal is told", async () => {
      await client.call("PING");
      return node.server.output.includes("could not switch the log on");
    });
    expect(node.server.output).to.contain(`the data directory ${directory} holds another node's data`);
    expect(await infoText(client, "aof_enabled")).to.equal("0");
    await node.kill();
    await start();
    expect(await client.ask("GET", "key")).to.equal('"kept"');
  });

  it("ends in order on SIGTERM: the next start finds all of it", async () => {
    await client.call("CONFIG", "SET", "appendfsync", "no");
    for (let i = 0; i < 100; i++) await client.call("SET", `key:${i}`, i);
    expect((await node.server.kill("SIGTERM")).code).to.equal(0);
    await start();
    expect(await client.ask("DBSIZE")).to.equal("100");
    expect(node.server.output).to.not.contain("cut the end");
  });

  async function start(options: Parameters<typeof startOn>[1] = {}): Promise<void> {
    node = await startOn(directory, options);
    client = await node.connect();
  }

  /** Resolves when the node has said that it is done: until then nothing more is kept than before. */
  async function switchLog(value: "yes" | "no", told: string): Promise<void> {
    expect(await client.ask("CONFIG", "SET", "appendonly", value)).to.equal("OK");
    await eventually(told, async () => {
      const isOn = await infoText(client, "aof_enabled");
      return isOn === (value === "yes" ? "1" : "0") && node.server.output.includes(told);
    });
  }

  /** What redis-cli prints. */
  async function cli(...args: readonly string[]): Promise<string> {
    const { output, errors } = await runProgram("redis-cli", ["-p", String(node.port), ...args]);
    return output + errors;
  }

  /** Waits for the end of what is written in the background. */
  async function idle(): Promise<void> {
    await eventually("nothing is written in the background", async () => {
      const isSaving = await infoText(client, "rdb_bgsave_in_progress");
      const isRewriting = await infoText(client, "aof_rewrite_in_progress");
      return isSaving === "0" && isRewriting === "0";
    });
  }
});

async function until(timeMs: number): Promise<void> {
  while (Date.now() <= timeMs) await new Promise((resolve) => setTimeout(resolve, timeMs - Date.now() + 1));
}
