import { expect } from "chai";
import { NodeSuite } from "../support/node-suite.js";
import { encodeCommand } from "../support/request.js";

const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";

describe("transactions", () => {
  const suite = new NodeSuite({ "client-query-buffer-limit": "1mb" });

  it("are refused at EXEC, and gone, where memory became short meanwhile", async () => {
    const [client, operator] = [await suite.connect(), await suite.connect()];
    await client.call("MULTI");
    await client.call("SET", "k", "v");
    await operator.call("CONFIG", "SET", "maxmemory", 1);
    const aborted = `-"EXECABORT Transaction discarded because of: ${OUT_OF_MEMORY}"`;
    expect(await client.ask("EXEC")).to.equal(aborted);
    expect(await client.ask("EXEC")).to.equal('-"ERR EXEC without MULTI"');
  });

  it("may run without memory if they write nothing", async () => {
    const [client, operator] = [await suite.connect(), await suite.connect()];
    await client.call("MULTI");
    await client.call("GET", "k");
    await operator.call("CONFIG", "SET", "maxmemory", 1);
    expect(await client.ask("GET", "k")).to.equal(`-"${OUT_OF_MEMORY}"`);
    expect(await client.ask("DISCARD")).to.equal("OK");
    await operator.call("CONFIG", "SET", "maxmemory", 0);
    await client.call("MULTI");
    await client.call("GET", "k");
    await operator.call("CONFIG", "SET", "maxmemory", 1);
    expect(await client.ask("EXEC")).to.equal("[nil]");
  });

  it("close a client that queues more than client-query-buffer-limit", async () => {
    const client = await suite.connect();
    await client.call("MULTI");
    const value = "x".repeat(400_000);
    expect(await client.ask("SET", "k", value)).to.equal("QUEUED");
    expect(await client.ask("SET", "k", value)).to.equal("QUEUED");
    client.send(encodeCommand(["SET", "k", value]));
    await client.closed();
    expect(await (await suite.connect()).ask("EXISTS", "k")).to.equal("0");
  });

  it("refuse what would have to wait, and run the rest", async () => {
    const client = await suite.connect();
    await client.call("MULTI");
    await client.call("DEBUG", "SLEEP", 0);
    await client.call("CONFIG", "REWRITE");
    await client.call("PING");
    expect(await client.ask("EXEC")).to.equal(
      '[-"ERR DEBUG SLEEP is not allowed in a transaction" -"ERR CONFIG REWRITE is not allowed in a transaction" PONG]',
    );
  });

  it("count each command when it is executed, not when it is queued or refused", async () => {
    const client = await suite.connect();
    const processed = async () => {
      const line = /total_commands_processed:(\d+)/.exec(await client.ask("INFO", "stats"));
      return Number(line![1]);
    };
    const before = await processed();
    await client.call("MULTI");
    await client.call("PING");
    await client.call("PING");
    await client.call("DISCARD");
    await client.call("BOGUS");
    // INFO, MULTI and DISCARD.
    expect(await processed()).to.equal(before + 3);
    await client.call("MULTI");
    await client.call("PING");
    await client.call("PING");
    await client.call("EXEC");
    // INFO, MULTI, EXEC and both PINGs.
    expect(await processed()).to.equal(before + 8);
  });
});
