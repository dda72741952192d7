import { expect } from "chai";
import { BATCH_BYTES } from "../support/fake-persistence.js";
import type { SimCaller } from "../support/sim-caller.js";
import { SimServer } from "../support/sim-server.js";

const LOADING = '-"LOADING Redis is loading the dataset in memory"';
const REFUSAL = "MISCONF Errors writing to the AOF file: No space left on device";
const MISCONF = `-"${REFUSAL}"`;

async function started(): Promise<[SimServer, SimCaller]> {
  const node = await SimServer.start();
  node.persistence.change({ gates: false });
  return [node, await node.connect()];
}

describe("while what was kept is being read", () => {
  const loading = { startedWallMs: 0, totalBytes: 400, loadedBytes: 100 };

  it("commands on keys are refused, those of operators are not", async () => {
    const [node, client] = await started();
    node.persistence.change({ loading });
    expect(
      await client.askAll(
        "PING",
        "GET k",
        "SET k v",
        "DBSIZE",
        "SAVE",
        "BGSAVE",
        "ECHO x",
        "SELECT 1",
        "LASTSAVE",
      ),
    ).to.deep.equal([LOADING, LOADING, LOADING, LOADING, LOADING, LOADING, '"x"', "OK", "7"]);
    expect(await client.ask("CONFIG", "GET", "hz")).to.equal('["hz" "10"]');
    expect(await node.info("loading")).to.equal("1");
    expect(await node.info("loading_total_bytes")).to.equal("400");
    expect(await node.info("loading_loaded_bytes")).to.equal("100");
    expect(await node.info("loading_loaded_perc")).to.equal("25.00%");
    node.persistence.change({ loading: null });
    expect(await client.askAll("PING", "SET k v", "GET k")).to.deep.equal(["PONG", "OK", '"v"']);
    expect(await node.info("loading")).to.equal("0");
    expect(await node.info("loading_total_bytes")).to.equal(undefined);
  });

  it("the guards before it come first, and EXEC is refused for what was queued before", async () => {
    const [node, client] = await started();
    await client.askAll("MULTI", "GET k");
    node.persistence.change({ loading });
    expect(await client.askAll("NOSUCH", "GET")).to.satisfy(
      ([one, other]: string[]) => one!.startsWith('-"ERR unknown') && other!.startsWith('-"ERR wrong number'),
    );
    await client.askAll("DISCARD", "MULTI", "ECHO x");
    expect(await client.askAll("EXEC", "MULTI", "GET k", "EXEC")).to.deep.equal([
      '["x"]',
      "OK",
      LOADING,
      '-"EXECABORT Transaction discarded because of previous errors."',
    ]);
  });

  it("an EXEC of commands that were queued before says why it is refused", async () => {
    const [node, client] = await started();
    await client.askAll("MULTI", "GET k");
    node.persistence.change({ loading });
    expect(await client.ask("EXEC")).to.equal(
      `-"EXECABORT Transaction discarded because of: ${LOADING.slice(2)}`,
    );
  });

  it("time stands still, so that nothing expires, and nothing is evicted", async () => {
    const [node, client] = await started();
    await client.ask("SET", "k", "v", "PX", 500);
    node.persistence.change({ loading });
    node.config.set([
      ["maxmemory", "1"],
      ["maxmemory-policy", "allkeys-lru"],
    ]);
    const { nowMs } = node.keyspace;
    await node.world.advance(5000);
    expect(node.keyspace.nowMs).to.equal(nowMs);
    expect(node.keyspace.size).to.equal(1);
    node.persistence.change({ loading: null });
    await node.world.advance(1000);
    expect(node.keyspace.size).to.equal(0);
  });
});

describe("while the log takes nothing", () => {
  it("writes are refused with the reason, and reads are served", async () => {
    const [node, client] = await started();
    await client.ask("SET", "k", "v");
    node.persistence.change({ refusal: REFUSAL });
    expect(
      await client.askAll("SET k w", "GET k", "DEL k", "FLUSHALL", "PING", "ECHO x", "DBSIZE"),
    ).to.deep.equal([MISCONF, '"v"', MISCONF, MISCONF, MISCONF, '"x"', "1"]);
    node.persistence.change({ refusal: null });
    expect(await client.askAll("SET k w", "PING")).to.deep.equal(["OK", "PONG"]);
  });

  it("a transaction with writes is refused, one without is not", async () => {
    const [node, client] = await started();
    await client.askAll("MULTI", "SET k v");
    node.persistence.change({ refusal: REFUSAL });
    expect(await client.ask("EXEC")).to.equal(`-"EXECABORT Transaction discarded because of: ${REFUSAL}"`);
    expect(await client.askAll("MULTI", "GET k", "EXEC", "MULTI", "SET k v", "EXEC")).to.deep.equal([
      "OK",
      "QUEUED",
      "[nil]",
      "OK",
      MISCONF,
      '-"EXECABORT Transaction discarded because of previous errors."',
    ]);
  });

  it("memory that is short is told first, and nothing is evicted for a write that is refused", async () => {
    const [node, client] = await started();
    await client.ask("SET", "k", "v");
    node.config.set([
      ["maxmemory", "1"],
      ["maxmemory-policy", "allkeys-lru"],
    ]);
    node.persistence.change({ refusal: REFUSAL });
    await node.world.advance(1000);
    expect(await client.ask("SET", "k", "w")).to.equal(MISCONF);
    expect(node.keyspace.size).to.equal(1);
  });
});

describe("while the log has no room", () => {
  it("writes wait and are executed in order when there is some; reads of others go on", async () => {
    const [node, client] = await started();
    const other = await node.connect();
    node.persistence.change({ roomBytes: -1 });
    for (let i = 0; i < 20; i++) client.send("INCR", "n");
    other.send("GET", "n");
    await node.settle();
    expect(client.replies).to.deep.equal([]);
    expect(other.replies).to.deep.equal(["nil"]);
    node.persistence.change({ roomBytes: 1000 });
    await node.settle();
    expect(client.replies).to.deep.equal(Array.from({ length: 20 }, (_, i) => String(i + 1)));
  });

  it("it is the length of the request that must find room, and that of a whole transaction", async () => {
    const [node, client] = await started();
    const other = await node.connect();
    node.persistence.change({ roomBytes: 400 });
    client.send("SET", "k", "v".repeat(500));
    await other.askAll("MULTI", "SET a 1", "SET b 2", "SET c 3");
    other.send("EXEC");
    await node.settle();
    expect([client.replies, other.replies.slice(4)]).to.deep.equal([[], []]);
    expect(node.keyspace.size).to.equal(0);
    node.persistence.change({ roomBytes: 5000 });
    await node.settle();
    expect([client.replies, other.replies.slice(4)]).to.deep.equal([["OK"], ["[OK OK OK]"]]);
  });

  it("those who wait are told if there will be none", async () => {
    const [node, client] = await started();
    node.persistence.change({ roomBytes: -1 });
    client.send("SET", "k", "v");
    await node.settle();
    node.persistence.change({ refusal: REFUSAL });
    await node.settle();
    expect(client.replies).to.deep.equal([MISCONF]);
  });

  it("CLIENT PAUSE holds them on until its end", async () => {
    const [node, client] = await started();
    const other = await node.connect();
    await other.ask("CLIENT", "PAUSE", 5000, "WRITE");
    node.persistence.change({ roomBytes: -1 });
    client.send("SET", "k", "v");
    await node.settle();
    node.persistence.change({ roomBytes: 1000 });
    await node.settle();
    expect(client.replies).to.deep.equal([]);
    await node.world.advance(6000);
    expect(client.replies).to.deep.equal(["OK"]);
  });
});

describe("what nobody asked for", () => {
  it("is no part of the batch of the command that comes next", async () => {
    const [node, client] = await started();
    const pairs = Array.from({ length: 200 }, (_, i) => [`key:${i}`, "v".repeat(1000)]).flat();
    await client.ask("MSET", ...pairs);
    node.config.set([
      ["maxmemory-policy", "allkeys-random"],
      ["maxmemory", String(node.keyspace.usedBytes - 50_000)],
    ]);
    const { position } = node.persistence;
    expect(await client.ask("SET", "mine", "v")).to.equal("OK");
    expect(node.keyspace.stats.evicted).to.be.greaterThan(10);
    expect(node.persistence.position - position).to.equal(2 * BATCH_BYTES);
    expect(node.persistence.lastBatch).to.deep.equal([node.keyspace.slot]);
  });

  it("is a batch of its own if no command comes", async () => {
    const [node, client] = await started();
    await client.ask("SET", "k", "v");
    node.config.set([
      ["maxmemory-policy", "allkeys-random"],
      ["maxmemory", "1"],
    ]);
    await node.world.advance(1000);
    expect(node.keyspace.size).to.equal(0);
    expect(node.persistence.position).to.equal(2 * BATCH_BYTES);
  });

  it("a command that fails half-way leaves a batch of what it did", async () => {
    const [node, client] = await started();
    await client.askAll("MULTI", "SET k v", "INCR k", "SET l w");
    const before = node.persistence.position;
    expect(await client.ask("EXEC")).to.match(/^\[OK -"ERR value is not an integer.*OK\]$/);
    expect(node.persistence.position - before).to.equal(10);
  });
});
