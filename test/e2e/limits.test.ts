import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { notate } from "../support/notation.js";
import { encodeCommand } from "../support/request.js";
import { onEveryServer } from "../support/servers.js";
import { connectTo, type ServerOptions, type Target } from "../support/target.js";
import { eventually, vital } from "../support/vitals.js";
import { WireClient } from "../support/wire-client.js";

onEveryServer("limits of connections", (start) => {
  let target: Target | undefined;
  const clients: WireClient[] = [];

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await target?.close();
    target = undefined;
  });

  async function serverWith(options: ServerOptions): Promise<void> {
    target = await start(options);
  }

  async function connected(): Promise<WireClient> {
    const client = await connectTo(target!);
    clients.push(client);
    return client;
  }

  it("maxclients turns the next one away, until another leaves", async () => {
    await serverWith({ maxclients: 2 });
    const [first, second] = [await connected(), await connected()];
    expect(await first.ask("PING")).to.equal("PONG");
    expect(await second.ask("PING")).to.equal("PONG");
    const third = await connected();
    expect(notate(await third.reply())).to.equal('-"ERR max number of clients reached"');
    await third.closed();
    expect(await vital(first, "rejected_connections")).to.equal(1);
    await second.close();
    await eventually("the place is free", async () => (await vital(first, "connected_clients")) === 1);
    expect(await (await connected()).ask("PING")).to.equal("PONG");
  });

  it("timeout closes who is idle", async () => {
    await serverWith({ timeout: 1 });
    const idle = await connected();
    expect(await idle.ask("PING")).to.equal("PONG");
    await idle.closed();
    expect(await (await connected()).ask("PING")).to.equal("PONG");
  });

  it("the hard output limit closes who does not read its replies, and nobody else", async () => {
    await serverWith({ "client-output-buffer-limit": "normal 1mb 0 0" });
    const [greedy, other] = [await connected(), await connected()];
    await other.call("SET", "k", "x".repeat(600_000));
    greedy.socket.pause();
    greedy.send(Buffer.concat(Array.from({ length: 100 }, () => encodeCommand(["GET", "k"]))));
    await eventually("the greedy one is gone", async () => (await vital(other, "connected_clients")) === 1);
    expect(await other.ask("STRLEN", "k")).to.equal("600000");
  });

  it("the soft output limit closes who stays above it", async () => {
    await serverWith({ "client-output-buffer-limit": "normal 0 100kb 1" });
    const [slow, other] = [await connected(), await connected()];
    await other.call("SET", "k", "x".repeat(1_000_000));
    slow.socket.pause();
    slow.send(Buffer.concat(Array.from({ length: 50 }, () => encodeCommand(["GET", "k"]))));
    await eventually("the slow one is gone", async () => (await vital(other, "connected_clients")) === 1);
  });

  it("one reply larger than the hard limit reaches nobody", async () => {
    await serverWith({ "client-output-buffer-limit": "normal 1mb 0 0" });
    const [reader, other] = [await connected(), await connected()];
    await other.call("SET", "k", "x".repeat(50_000_000));
    reader.send(encodeCommand(["GET", "k"]));
    await reader.closed();
    expect(await other.ask("PING")).to.equal("PONG");
  });

  it("client-query-buffer-limit closes who sends one command too large", async () => {
    await serverWith({ "client-query-buffer-limit": "1mb" });
    const [sender, other] = [await connected(), await connected()];
    sender.send(encodeCommand(["SET", "k", "x".repeat(3_000_000)]));
    await sender.closed();
    expect(await other.ask("PING")).to.equal("PONG");
  });

  it("CLIENT PAUSE lets nobody through before its time is over", async () => {
    await serverWith({});
    const [pausing, waiting] = [await connected(), await connected()];
    expect(await waiting.ask("PING")).to.equal("PONG");
    const before = performance.now();
    expect(await pausing.ask("CLIENT", "PAUSE", 100)).to.equal("OK");
    expect(await waiting.ask("PING")).to.equal("PONG");
    expect(performance.now() - before).to.be.at.least(99);
  });

  it("a Unix socket serves beside the port, with the permissions asked for", async () => {
    const directory = await mkdtemp(join(tmpdir(), "torus-socket-"));
    const path = join(directory, "server.sock");
    await serverWith({ unixsocket: path, unixsocketperm: 700 });
    const local = await WireClient.connect({ path });
    clients.push(local);
    expect(await local.ask("SET", "k", "v")).to.equal("OK");
    expect(await (await connected()).ask("GET", "k")).to.equal('"v"');
    expect(await local.ask("CLIENT", "INFO")).to.match(/ addr=\S*server\.sock:0 .* flags=U /);
    expect(((await stat(path)).mode & 0o777).toString(8)).to.equal("700");
    await rm(directory, { recursive: true });
  });

  it("who has said all may close its side and still gets its replies", async () => {
    await serverWith({});
    const client = await connected();
    client.socket.end(Buffer.concat(Array.from({ length: 500 }, (_, i) => encodeCommand(["ECHO", i]))));
    for (let i = 0; i < 500; i++) expect(notate(await client.reply())).to.equal(`"${i}"`);
    await client.closed();
  });
});
