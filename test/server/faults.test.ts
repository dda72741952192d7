import { expect } from "chai";
import { SimNode } from "../support/sim-node.js";
import { worldOf } from "../support/world.js";

describe("a fault of our own", () => {
  const fault = new Error("a broken promise");

  /** Something below a command fails as nothing may. */
  function breakMemory(node: SimNode): void {
    node.host.system.memory = () => {
      throw fault;
    };
  }

  it("in a command stops the node: it is logged, told to the owner, and nobody gets a reply any more", async () => {
    const node = await SimNode.alone();
    const [client, other] = [await node.connect(), await node.connect()];
    await other.ask("PING");
    breakMemory(node);
    client.sendBytes("PING\r\nINFO memory\r\nPING\r\n");
    other.send("PING");
    expect(await client.readToEnd()).to.deep.equal([]);
    await other.readToEnd();
    expect(node.stops).to.deep.equal([fault]);
    const [line] = node.host.log.lines.filter(({ level }) => level === "error");
    expect(line?.values?.error).to.contain("a broken promise");
    await node.close();
  });

  it("rejects the calls from inside the process, and says why", async () => {
    const node = await SimNode.alone();
    breakMemory(node);
    const { client } = node.running;
    const calls = [client.call("DEBUG", "SLEEP", 1), client.call("INFO", "memory"), client.call("PING")];
    const settled = Promise.all(calls.map((call) => call.catch((error: Error) => error)));
    const [before, ...lost] = await node.world.complete(settled);
    expect(before).to.equal("OK");
    expect(lost.map((error) => (error as Error).cause)).to.deep.equal([fault, fault]);
    const later = await client.call("PING").catch((error: Error) => error.cause);
    expect(later).to.equal(fault);
    expect(node.stops).to.deep.equal([fault]);
  });

  /** The clock fails once, at the first time that `isTime`. */
  function breakClock(node: SimNode, isTime: (nowMs: number) => boolean): void {
    const { clock } = node.host;
    const wallMs = clock.wallMs.bind(clock);
    let isBroken = true;
    clock.wallMs = () => {
      if (!isBroken || !isTime(node.world.nowMs)) return wallMs();
      isBroken = false;
      throw fault;
    };
  }

  /** When the node does what it does periodically. */
  const isPeriod = (nowMs: number) => nowMs % 100 === 0;

  it("in background work stops the node too", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    breakClock(node, isPeriod);
    await client.readToEnd();
    expect(node.stops).to.deep.equal([fault]);
  });

  it("in a reply that comes later stops the node too", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    client.send("DEBUG", "SLEEP", 1);
    await node.world.advance(500);
    breakClock(node, (nowMs) => !isPeriod(nowMs));
    expect(await client.readToEnd()).to.deep.equal([]);
    expect(node.stops).to.deep.equal([fault]);
  });

  it("frees the port, and leaves other nodes of the process alone", async () => {
    const world = worldOf(1);
    const one = await SimNode.start(world, { name: "one" });
    const two = await SimNode.start(world, { name: "two" });
    const client = await two.connect();
    breakMemory(one);
    await one.call("INFO", "memory");
    await world.advance(10_000);
    expect(await client.ask("PING")).to.equal("PONG");
    const again = await SimNode.start(world, { name: "one" });
    expect(await (await again.connect()).ask("PING")).to.equal("PONG");
  });
});
