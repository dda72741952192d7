import { expect } from "chai";
import { SimNode } from "../support/sim-node.js";

describe("CLIENT REPLY", () => {
  it("OFF silences everything, errors and transactions too, until ON", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    for (const line of ["PING", "CLIENT REPLY OFF", "PING", "NOSUCH", "GET", "MULTI", "SET a 1", "EXEC"]) {
      client.send(...line.split(" "));
    }
    client.send("CLIENT", "REPLY", "ON");
    client.send("GET", "a");
    expect(await client.read(3)).to.deep.equal(["PONG", "OK", '"1"']);
  });

  it("SKIP silences the next command only, whatever becomes of it", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    const skip = "CLIENT REPLY SKIP";
    const lines = [skip, "SET a 1", "GET a", skip, "NOSUCH", "GET a", skip, skip, "PING", "GET a"];
    for (const line of lines) client.send(...line.split(" "));
    expect(await client.read(3)).to.deep.equal(['"1"', '"1"', '"1"']);
  });

  it("holds for replies that come later", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    for (const line of ["CLIENT REPLY SKIP", "DEBUG SLEEP 1", "ECHO after"]) client.send(...line.split(" "));
    expect(await client.read(1)).to.deep.equal(['"after"']);
    expect(node.world.nowMs).to.be.greaterThan(1000);
  });

  it("OFF lets QUIT close without a word, behind replies that are still to be sent", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    client.sendBytes("PING\r\nCLIENT REPLY OFF\r\nPING\r\nQUIT\r\nPING\r\n");
    expect(await client.readToEnd()).to.deep.equal(["PONG"]);
    expect(await node.call("PING")).to.equal("PONG");
  });

  it("OFF silences a protocol error, which closes none the less", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    client.sendBytes("CLIENT REPLY OFF\r\n*1\r\n+x\r\n");
    expect(await client.readToEnd()).to.deep.equal([]);
  });
});
