import { expect } from "chai";
import { ConfigError, HostError, ReplyError, startNode, type TorusNode } from "#torus/index.js";
import { runProgram } from "../support/program.js";
import { WireClient } from "../support/wire-client.js";

const LIBRARY = new URL("../../../dist/index.js", import.meta.url).href;

describe("the library", () => {
  const nodes: TorusNode[] = [];
  afterEach(() => Promise.all(nodes.splice(0).map((node) => node.close())));

  async function started(options: Record<string, string | number | boolean> = {}): Promise<TorusNode> {
    const node = await startNode({ port: 0, ...options });
    nodes.push(node);
    return node;
  }

  it("runs commands without a socket, with replies as JavaScript has them", async () => {
    const node = await started();
    expect(await node.call("SET", "city", "Köln")).to.equal("OK");
    expect(await node.call("GET", "city")).to.equal("Köln");
    expect(await node.call("GET", "absent")).to.equal(null);
    expect(await node.call("INCRBY", "n", 5)).to.equal(5);
    expect(await node.call("MGET", "city", "n")).to.deep.equal(["Köln", "5"]);
    await node.call("SET", "bytes", Buffer.of(0, 255));
    expect(await node.call("GET", "bytes")).to.deep.equal(Buffer.of(0, 255));
    const failure = await node.call("INCR", "city").catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ReplyError);
    expect((failure as Error).message).to.equal("ERR value is not an integer or out of range");
  });

  it("runs several nodes in one process, each with its own data and port", async () => {
    const [one, two] = [await started(), await started({ databases: 2 })];
    expect(one.port).not.to.equal(two.port);
    await one.call("SET", "k", "one");
    expect(await two.call("GET", "k")).to.equal(null);
    const client = await WireClient.connect({ port: two.port });
    expect(await client.ask("GET", "k")).to.equal("nil");
    expect(await client.ask("SELECT", 2)).to.equal('-"ERR DB index is out of range"');
    await client.close();
  });

  it("shares data between calls and clients of a node", async () => {
    const node = await started();
    const client = await WireClient.connect({ port: node.port });
    expect(await client.ask("SET", "k", "v")).to.equal("OK");
    expect(await node.call("GET", "k")).to.equal("v");
    await client.close();
  });

  it("gives sessions, for transactions among others", async () => {
    const node = await started();
    const session = node.session();
    await session.call("WATCH", "stock");
    await session.call("MULTI");
    expect(await session.call("INCR", "stock")).to.equal("QUEUED");
    expect(await node.call("GET", "stock")).to.equal(null);
    expect(await session.call("EXEC")).to.deep.equal([1]);
    session.close();
    const failure = await node.call("MULTI").catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ReplyError);
    expect((failure as Error).message).to.contain("session()");
  });

  it("closes clients and frees the port on close, however often it is called", async () => {
    const node = await startNode({ port: 0 });
    const client = await WireClient.connect({ port: node.port });
    expect(await client.ask("PING")).to.equal("PONG");
    await Promise.all([node.close(), node.close()]);
    await client.closed();
    const successor = await started({ port: node.port });
    expect(successor.port).to.equal(node.port);
  });

  it("refuses a port in use and options that make no sense", async () => {
    const node = await started();
    const busy = await startNode({ port: node.port }).catch((error: unknown) => error);
    expect(busy).to.be.instanceOf(HostError).with.property("code", "EADDRINUSE");
    const wrong = await startNode({ port: 0, maxmemroy: "1gb" }).catch((error: unknown) => error);
    expect(wrong).to.be.instanceOf(ConfigError);
    expect((wrong as Error).message)
      .to.contain("maxmemroy")
      .and.to.contain("maxmemory");
  });

  it("lets the process end by itself once every node is closed", async () => {
    const script = `
      import { startNode } from ${JSON.stringify(LIBRARY)};
      const nodes = await Promise.all([1, 2, 3].map(() => startNode({ port: 0 })));
      for (const node of nodes) await node.call("SET", "k", "v", "EX", 1000);
      await Promise.all(nodes.map((node) => node.close()));
      console.log("closed");`;
    const run = await runProgram(process.execPath, ["--input-type=module", "--eval", script]);
    expect([run.code, run.output, run.errors]).to.deep.equal([0, "closed\n", ""]);
  });
});
