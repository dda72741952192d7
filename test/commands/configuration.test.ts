import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { makeConfig } from "#torus/config/config.js";
import { createNodeHost } from "#torus/host/node/node-host.js";
import { runNode } from "#torus/node.js";
import { NodeSuite } from "../support/node-suite.js";

describe("CONFIG", () => {
  const suite = new NodeSuite();

  it("changes at run time what is kept, and how", async () => {
    const client = await suite.connect();
    expect(await client.ask("CONFIG", "GET", "save", "appendfsync")).to.equal(
      '["appendfsync" "everysec" "save" ""]',
    );
    expect(await client.ask("CONFIG", "SET", "save", "900 1 20 3", "appendfsync", "ALWAYS")).to.equal("OK");
    expect(await client.ask("CONFIG", "SET", "save", "60 1")).to.equal("OK");
    expect(await client.ask("CONFIG", "GET", "save", "appendfsync")).to.equal(
      '["appendfsync" "always" "save" "60 1"]',
    );
    for (const rules of ["900", "1 x", "0 1", "1 -1"]) {
      expect(await client.ask("CONFIG", "SET", "save", rules)).to.equal(
        "-\"ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters\"",
      );
    }
    expect(await client.ask("CONFIG", "SET", "dir", "/tmp")).to.match(/can't set immutable config/);
  });

  it("repeats a name as it was given, and shows an option once", async () => {
    const client = await suite.connect();
    expect(await client.ask("CONFIG", "GET", "TimeOut", "timeout", "timeou*")).to.equal('["TimeOut" "0"]');
    expect(await client.ask("CONFIG", "GET", "timeou[st]", "TIMEOUT")).to.equal('["timeout" "0"]');
  });

  it("takes and gives UTF-8, in values, names and errors", async () => {
    const client = await suite.connect();
    const utf8 = (text: string) => Buffer.from(text).toString("latin1");
    expect(await client.ask("CONFIG", "SET", "requirepass", "pässwörd €")).to.equal("OK");
    const other = await suite.connect();
    expect(await other.ask("AUTH", "passwort")).to.match(/^-"WRONGPASS /);
    expect(await other.ask("AUTH", "pässwörd €")).to.equal("OK");
    expect(await other.ask("CONFIG", "GET", "requirepass")).to.equal(
      await other.ask("CONFIG", "GET", "requirepas?"),
    );
    expect(await other.call("CONFIG", "SET", "öption", "1")).to.deep.equal({
      kind: "error",
      text: utf8("ERR Unknown option or number of arguments for CONFIG SET - 'öption'"),
    });
  });

  it("lets in those who wait for a password when there is none any more", async () => {
    const [operator, stranger] = [await suite.connect(), await suite.connect()];
    await operator.call("CONFIG", "SET", "requirepass", "secret");
    const late = await suite.connect();
    expect(await late.ask("PING")).to.match(/^-"NOAUTH /);
    expect(await stranger.ask("PING")).to.equal("PONG");
    await operator.call("CONFIG", "SET", "requirepass", "");
    expect(await late.ask("PING")).to.equal("PONG");
  });
});

describe("CONFIG REWRITE", () => {
  it("writes what is in force into the file, and tells why if it cannot", async () => {
    const directory = await mkdtemp(join(tmpdir(), "torus-config-"));
    const configFile = join(directory, "torus.conf");
    await writeFile(configFile, "# mine\ntimeout 5\n");
    const host = createNodeHost({ log: { level: "silent", format: "text" } });
    const config = makeConfig({ port: 0, timeoutSeconds: 5 });
    const node = await runNode({ host, config, configFile, stopped: () => undefined });
    try {
      await node.client.call("CONFIG", "SET", "timeout", 7, "maxmemory", "1mb");
      expect(await node.client.call("CONFIG", "REWRITE")).to.equal("OK");
      const text = await readFile(configFile, "utf8");
      expect(text).to.match(/^# mine\ntimeout 7\n/);
      expect(text).to.match(/^maxmemory 1mb$/m);
      await rm(directory, { recursive: true });
      const failed = await node.client.call("CONFIG", "REWRITE").catch((error: Error) => error.message);
      expect(failed).to.match(/^ERR Rewriting config file: .*ENOENT/);
    } finally {
      await node.close();
      await host.log.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
});
