import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { HostError } from "#torus/host/host-error.js";
import type { Connection, ConnectionEvents, Endpoint, Listener } from "#torus/host/network.js";
import { createNodeNetwork } from "#torus/host/node/network.js";
import { itKeepsTheNetworkContract } from "../network-contract.js";
import { Recorder } from "../recorder.js";
import { silentLog } from "../silent-log.js";

const DEFAULTS = { backlog: 511, keepAliveSeconds: 0 };
const ANY_PORT = { host: "127.0.0.1", port: 0 };

describe("node network", () => {
  let directory: string;
  let unix: { path: string };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "torus-"));
    unix = { path: join(directory, "socket") };
  });
  const open: Listener[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((listener) => listener.close()));
    await rm(directory, { recursive: true });
  });

  itKeepsTheNetworkContract(async () => ({
    network: createNodeNetwork(silentLog),
    tcp: ANY_PORT,
    unix,
    settle: (promise) => promise,
    release: async () => {},
  }));

  const network = createNodeNetwork(silentLog);
  const listen = async (
    endpoint: Endpoint,
    accept: (connection: Connection) => ConnectionEvents,
    unixMode = 0o700,
  ) => {
    const listener = await network.listen({ endpoint, ...DEFAULTS, unixMode }, accept);
    open.push(listener);
    return listener;
  };

  /** A client of Node's own, for what `Connection` would not do. */
  const rawClient = async (listener: Listener): Promise<Socket> => {
    const client = createConnection({
      ...(listener.endpoint as { host: string; port: number }),
      allowHalfOpen: true,
    });
    await once(client, "connect");
    return client;
  };

  it("reads into one buffer that all connections share", async () => {
    const buffers = new Set<Buffer>();
    let closings = 0;
    let allClosed = () => {};
    const done = new Promise<void>((resolve) => {
      allClosed = resolve;
    });
    const listener = await listen(ANY_PORT, (connection) => ({
      received(bytes) {
        buffers.add(bytes);
        connection.close();
      },
      drained() {},
      closed() {
        if (++closings === 5) allClosed();
      },
    }));
    for (let count = 0; count < 5; count++) {
      const client = await network.connect(listener.endpoint, (connection) => new Recorder(connection));
      client.write(Buffer.from("x"));
    }
    await done;
    expect(buffers.size).to.equal(1);
  });

  it("leaves nothing behind of 2,000 connections", async () => {
    const streams = () => process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;
    const before = streams();
    const server: Recorder[] = [];
    const listener = await network.listen({ endpoint: ANY_PORT, ...DEFAULTS }, (connection) => {
      const recorder = new Recorder(connection, () => {
        connection.write(Buffer.from("pong"));
      });
      server.push(recorder);
      return recorder;
    });
    for (let round = 0; round < 20; round++) {
      const clients: Recorder[] = [];
      for (let count = 0; count < 100; count++) {
        await network.connect(listener.endpoint, (connection) => {
          const recorder = new Recorder(connection, () => connection.close());
          clients.push(recorder);
          return recorder;
        });
      }
      for (const { connection } of clients) connection.write(Buffer.from("ping"));
      await Promise.all(clients.map((client) => client.until((it) => it.isClosed)));
    }
    await listener.close();
    await Promise.all(server.map((recorder) => recorder.until((it) => it.isClosed)));
    expect(server).to.have.length(2000);
    expect(server.every(({ closings, text }) => closings.length === 1 && text === "ping")).to.equal(true);
    // The loop forgets a closed handle at the end of its turn.
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(streams()).to.be.at.most(before);
  });

  it("tells a reset from an end", async () => {
    let server: Recorder | undefined;
    const listener = await listen(ANY_PORT, (connection) => (server = new Recorder(connection)));
    const client = await rawClient(listener);
    client.write("x");
    while (server === undefined) await new Promise((resolve) => setImmediate(resolve));
    await server.until((it) => it.text === "x");
    client.resetAndDestroy();
    await server.until((it) => it.isClosed);
    expect(server.closings[0]).to.be.instanceOf(HostError).with.property("code", "ECONNRESET");
  });

  it("cuts off a peer that keeps its end open after ours is closed", async () => {
    let server: Recorder | undefined;
    const listener = await listen(ANY_PORT, (connection) => {
      server = new Recorder(connection, () => {
        connection.write(Buffer.from("bye"));
        connection.close();
      });
      return server;
    });
    const client = await rawClient(listener);
    let heard = "";
    client.on("data", (chunk) => {
      heard += chunk.toString();
    });
    client.write("x");
    await once(client, "end");
    expect(heard).to.equal("bye");
    // The client stays half open on purpose, and it is the server that gives up.
    await server!.until((it) => it.isClosed);
    expect(server!.closings).to.deep.equal([undefined]);
    client.destroy();
  });

  it("works over IPv6, whose port an IPv4 listener may use too", async function () {
    let listener: Listener;
    try {
      listener = await listen({ host: "::1", port: 0 }, (connection) => new Recorder(connection));
    } catch (error) {
      if (error instanceof HostError && error.code === "EADDRNOTAVAIL") return this.skip();
      throw error;
    }
    const { port } = listener.endpoint as { port: number };
    await listen({ host: "::", port: 0 }, (connection) => new Recorder(connection)).then(
      async ({ endpoint }) => {
        await listen(
          { ...(endpoint as { host: string; port: number }), host: "0.0.0.0" },
          (connection) => new Recorder(connection),
        );
      },
    );
    const client = await network.connect(listener.endpoint, (connection) => new Recorder(connection));
    expect(client.remote).to.equal(`[::1]:${port}`);
    expect(client.isLoopback).to.equal(true);
    client.destroy();
  });

  it("reports a wrong address as the system names it", async () => {
    const failure = await listen(
      { host: "192.0.2.1", port: 0 },
      (connection) => new Recorder(connection),
    ).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(HostError).with.property("code", "EADDRNOTAVAIL");
  });

  it("lets an exception of an owner stop the process instead of hiding it", async () => {
    const script = `
      import { createNodeNetwork } from "#torus/host/node/network.js";
      const network = createNodeNetwork({ debug() {}, info() {}, warn() {}, error() {} });
      const quiet = { received() {}, drained() {}, closed() {} };
      const { endpoint } = await network.listen(
        { endpoint: { host: "127.0.0.1", port: 0 }, backlog: 5, keepAliveSeconds: 0 },
        () => ({ ...quiet, received() { throw new Error("a broken invariant"); } }),
      );
      (await network.connect(endpoint, () => quiet)).write(Buffer.from("x"));`;
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    const failure = (await run.catch((error: unknown) => error)) as { code: number; stderr: string };
    expect(failure.code).to.equal(1);
    expect(failure.stderr).to.contain("a broken invariant");
  });

  describe("on a Unix socket", () => {
    const quiet = (connection: Connection) => new Recorder(connection);

    it("gives the file the mode that was asked for, and removes it on close", async () => {
      const listener = await listen(unix, quiet, 0o640);
      expect(statSync(unix.path).mode & 0o777).to.equal(0o640);
      await listener.close();
      expect(existsSync(unix.path)).to.equal(false);
    });

    it("takes over the file of a process that died", async () => {
      const script = `require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
      await promisify(execFile)(process.execPath, ["-e", script, unix.path]).catch(() => undefined);
      expect(statSync(unix.path).isSocket()).to.equal(true);
      const listener = await listen(unix, quiet);
      const client = await network.connect(listener.endpoint, quiet);
      client.destroy();
    });

    it("refuses a path that holds another kind of file, and leaves it alone", async () => {
      writeFileSync(unix.path, "precious");
      const failure = await listen(unix, quiet).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(HostError).with.property("code", "EADDRINUSE");
      expect(statSync(unix.path).size).to.equal("precious".length);
    });

    it("reports a directory that is not there", async () => {
      const failure = await listen({ path: join(directory, "none", "socket") }, quiet).catch(
        (error: unknown) => error,
      );
      expect(failure).to.be.instanceOf(HostError);
    });
  });
});
