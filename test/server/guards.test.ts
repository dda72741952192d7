import { expect } from "chai";
import { SimNode } from "../support/sim-node.js";
import { SimServer } from "../support/sim-server.js";

const NOAUTH = '-"NOAUTH Authentication required."';
const OOM = `-"OOM command not allowed when used memory > 'maxmemory'."`;

describe("the guards before a command", () => {
  it("ask in Redis's order: does it exist, is its number of arguments right, may the client, is there memory", async () => {
    const node = await SimNode.alone({ requirepass: "secret", maxmemoryBytes: "1" });
    const client = await node.connect();
    expect(
      await client.askAll("NOSUCH a", "GET", "CLIENT NOSUCH", "CLIENT SETNAME", "SET k v"),
    ).to.deep.equal([
      `-"ERR unknown command 'NOSUCH', with args beginning with: 'a' "`,
      `-"ERR wrong number of arguments for 'get' command"`,
      `-"ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP."`,
      `-"ERR wrong number of arguments for 'client|setname' command"`,
      NOAUTH,
    ]);
    expect(await client.askAll("AUTH secret", "SET k v", "GET k")).to.deep.equal(["OK", OOM, "nil"]);
  });

  it("let AUTH, HELLO, RESET and QUIT pass without a password, and nothing else", async () => {
    const node = await SimNode.alone({ requirepass: "secret" });
    const client = await node.connect();
    const replies = await client.askAll(
      "PING",
      "MULTI",
      "EXEC",
      "RESET",
      "AUTH secret",
      "PING",
      "RESET",
      "PING",
    );
    expect(replies).to.deep.equal([
      NOAUTH,
      NOAUTH,
      '-"EXECABORT Transaction discarded because of: NOAUTH Authentication required."',
      "RESET",
      "OK",
      "PONG",
      "RESET",
      NOAUTH,
    ]);
    client.send("QUIT");
    expect(await client.readToEnd()).to.deep.equal(["OK"]);
  });

  it("make EXEC refuse a transaction in which a command was refused, and start anew", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    const replies = await client.askAll(
      "MULTI",
      "SET k 1",
      "NOSUCH",
      "GET",
      "EXEC",
      "GET k",
      "MULTI",
      "PING",
      "EXEC",
    );
    expect(replies[1]).to.equal("QUEUED");
    expect(replies.slice(4)).to.deep.equal([
      '-"EXECABORT Transaction discarded because of previous errors."',
      "nil",
      "OK",
      "QUEUED",
      "[PONG]",
    ]);
  });

  it("refuse within a transaction what may not be in one", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    const replies = await client.askAll("MULTI", "SHUTDOWN", "EXEC", "PING");
    expect(replies.slice(1)).to.deep.equal([
      '-"ERR Command not allowed inside a transaction"',
      '-"EXECABORT Transaction discarded because of previous errors."',
      "PONG",
    ]);
  });

  it("refuse what a transaction would write once it has changed as much as can be kept in one piece", async () => {
    const server = (await SimServer.start()).replyAtOnce();
    const client = await server.connect();
    server.persistence.changeBytes = 2 ** 29;
    const refused =
      '-"ERR the transaction has changed more than 1 GiB before, which is kept in one piece: this command was not executed"';
    const words = ["SET a 1", "SET b 1", "SET c 1", "SET d 1", "GET c"];
    expect(await client.askAll("MULTI", ...words, "EXEC")).to.include(`[OK OK OK ${refused} "1"]`);
    expect(await client.askAll("EXISTS d", ...words)).to.deep.equal(["0", "OK", "OK", "OK", "OK", '"1"']);
  });

  it("refuse to queue anything while memory is short, but let DISCARD and a reading EXEC pass", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    await client.askAll("SET k v", "MULTI", "GET k");
    await node.call("CONFIG", "SET", "maxmemory", "1");
    expect(await client.ask("EXEC")).to.equal('["v"]');
    expect(await client.askAll("MULTI", "GET k", "EXEC", "MULTI", "DISCARD")).to.deep.equal([
      "OK",
      OOM,
      '-"EXECABORT Transaction discarded because of previous errors."',
      "OK",
      "OK",
    ]);
  });

  it("refuse an EXEC that needs memory which is short, and forget it", async () => {
    const node = await SimNode.alone();
    const client = await node.connect();
    await client.askAll("MULTI", "SET k v");
    await node.call("CONFIG", "SET", "maxmemory", "1");
    expect(await client.ask("EXEC")).to.equal(
      `-"EXECABORT Transaction discarded because of: ${OOM.slice(2, -1)}"`,
    );
    expect(await client.ask("EXEC")).to.equal('-"ERR EXEC without MULTI"');
  });

  it("close the connection of a browser that was sent here, and execute nothing of its request", async () => {
    for (const line of ["POST / HTTP/1.1", "Host: localhost"]) {
      const node = await SimNode.alone();
      const client = await node.connect();
      client.sendBytes(`${line}\r\n\r\nSET k v\r\n`);
      expect(await client.readToEnd()).to.deep.equal([]);
      expect(await node.call("GET", "k")).to.equal(null);
    }
  });
});
