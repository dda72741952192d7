import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { runProgram } from "../support/program.js";
import type { ServerOptions } from "../support/target.js";
import { spawnTorus, TORUS_PROGRAM } from "../support/torus-node.js";
import { WireClient } from "../support/wire-client.js";

const READY = /ready to accept connections.*\bport=(\d+)/;

describe("torus server", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "torus-start-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  for (const [option, value] of [
    ["port", "abc"],
    ["port", "70000"],
    ["timeout", "-1"],
    ["databases", "0"],
    ["maxmemory", "1zb"],
    ["maxmemory-policy", "sometimes"],
    ["protected-mode", "maybe"],
    ["client-output-buffer-limit", "normal 1"],
    ["unixsocketperm", "999"],
    ["loglevel", "loud"],
    ["no-such-option", "1"],
  ] as const) {
    it(`refuses --${option} ${value} in a line that names both, and exits 1`, async () => {
      const { code, output } = await spawnTorus({ [option]: value }).ended();
      expect(code).to.equal(1);
      expect(output.trim().split("\n")).to.have.lengthOf(1);
      expect(output).to.contain(option).and.to.contain(value);
    });
  }

  it("refuses options that contradict each other, and exits 1", async () => {
    const { code, output } = await spawnTorus({ bind: "" }).ended();
    expect(code).to.equal(1);
    expect(output).to.contain("bind").and.to.contain("unixsocket");
  });

  it("refuses a configuration file that is not there, or is wrong in a line, and exits 1", async () => {
    const absent = join(directory, "absent.conf");
    const missing = await spawnTorus({}, [absent]).ended();
    expect([missing.code, missing.output]).to.satisfy(
      ([code, text]: [number, string]) => code === 1 && text.includes(absent),
    );
    const file = join(directory, "wrong.conf");
    await writeFile(file, "port 0\nmaxclients many\n");
    const wrong = await spawnTorus({}, [file]).ended();
    expect(wrong.code).to.equal(1);
    expect(wrong.output).to.contain("maxclients").and.to.contain("many").and.to.contain("2");
  });

  it("refuses a port in use in a line that names it, and exits 1", async () => {
    const holder: Server = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const { port } = holder.address() as { port: number };
    try {
      const { code, output } = await spawnTorus({ port }).ended();
      expect(code).to.equal(1);
      expect(output)
        .to.match(/in use/i)
        .and.to.contain(String(port));
    } finally {
      holder.close();
    }
  });

  it("refuses a Unix socket that it cannot make, and exits 1", async () => {
    const path = join(directory, "no", "such", "directory.sock");
    const { code, output } = await spawnTorus({ port: 0, unixsocket: path }).ended();
    expect(code).to.equal(1);
    expect(output).to.contain(path);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`ends well on ${signal}, with clients connected and its socket removed`, async () => {
      const path = join(directory, "server.sock");
      const { server, client } = await running({ unixsocket: path });
      const { code } = await server.kill(signal);
      expect(code).to.equal(0);
      await client.closed();
      expect(await stat(path).catch((error: NodeJS.ErrnoException) => error.code)).to.equal("ENOENT");
    });
  }

  it("ends well on SHUTDOWN, without a reply", async () => {
    const { server, client } = await running();
    client.send("SHUTDOWN NOSAVE\r\n");
    await client.closed();
    expect((await server.ended()).code).to.equal(0);
  });

  it("reads its options from a file in redis.conf syntax, and writes them back with CONFIG REWRITE", async () => {
    const file = join(directory, "torus.conf");
    await writeFile(file, '# keep this remark\nport 0\nmaxmemory 100mb\nrequirepass "se cret"\n');
    const { server, client } = await running({}, [file]);
    expect(await client.ask("AUTH", "se cret")).to.equal("OK");
    expect(await client.ask("CONFIG", "GET", "maxmemory")).to.equal('["maxmemory" "104857600"]');
    expect(await client.ask("CONFIG", "SET", "maxmemory", "2gb", "timeout", 300)).to.equal("OK");
    expect(await client.ask("CONFIG", "REWRITE")).to.equal("OK");
    await server.kill();
    const text = await readFile(file, "utf8");
    expect(text)
      .to.match(/^# keep this remark$/m)
      .and.match(/^maxmemory 2gb$/m)
      .and.match(/^timeout 300$/m);
    const again = await running({}, [file]);
    expect(await again.client.ask("AUTH", "se cret")).to.equal("OK");
    expect(await again.client.ask("CONFIG", "GET", "timeout")).to.equal('["timeout" "300"]');
    await again.server.kill();
  });

  it("explains every option with --help", async () => {
    const { code, output } = await runProgram(process.execPath, [TORUS_PROGRAM, "server", "--help"]);
    expect(code).to.equal(0);
    for (const option of ["--port", "--maxmemory", "--maxmemory-policy", "--requirepass", "--unixsocket"]) {
      expect(output).to.contain(option);
    }
  });

  async function running(options: ServerOptions = {}, more: readonly string[] = []) {
    const server = spawnTorus(more.length > 0 ? options : { port: 0, ...options }, more);
    const [, port] = await server.printed(READY);
    const client = await WireClient.connect({ port: Number(port) });
    return { server, client };
  }
});
