import { expect } from "chai";
import { ANNA, BERT, CARL, FakeCluster, linkOf, memberOf } from "../support/fake-cluster.js";
import { notate } from "../support/notation.js";
import { needsRedis, startRedis } from "../support/redis-server.js";
import { textOf } from "../support/reply.js";
import type { SimCaller } from "../support/sim-caller.js";
import { SimServer } from "../support/sim-server.js";
import { connectTo, REFERENCE_VERSION } from "../support/target.js";

const DISABLED = '-"ERR This instance has cluster support disabled"';
const SLOTS = 16384;

/** What clients of Redis Cluster see of the ids: with their CRC-32, as zlib computes it. */
const ANNA_40 = `${ANNA}cab11777`;
const BERT_40 = `${BERT}f6f05be1`;
const CARL_40 = `${CARL}8dcb9180`;

describe("CLUSTER", () => {
  let node: SimServer;
  let client: SimCaller;
  let cluster: FakeCluster;
  beforeEach(async () => {
    node = await SimServer.start();
    cluster = new FakeCluster(ANNA, [
      memberOf(ANNA, { name: "anna" }),
      memberOf(BERT, { name: "bert", host: "10.0.0.2" }),
    ]);
    cluster.assign(0, 9999, ANNA);
    cluster.assign(10000, SLOTS - 1, BERT);
    node.server.state.cluster = cluster;
    node.persistence.change({ gates: false });
    client = await node.connect();
  });

  /** From now on a third node has copies of all slots, and each node of those of the others. */
  function copied(): void {
    cluster.put(memberOf(CARL, { host: "10.0.0.3" }));
    const members = [ANNA, BERT, CARL].map((id) => ({ id, weight: 1, zone: "", host: id }));
    cluster.placement = {
      epoch: 7,
      by: ANNA,
      members,
      gone: [],
      change: null,
      copies: 3,
      hashSeed: "5".repeat(32),
    };
  }

  /** A reply that is text, as lines. */
  async function lines(...command: string[]): Promise<string[]> {
    const reply = await client.ask(...command);
    return reply.slice(1, -1).split(/(?:\\r)?\\n/);
  }

  it("names nodes by 40 digits, of which the first 32 are their own", async () => {
    expect(await client.ask("CLUSTER", "MYID")).to.match(/^"a{32}[0-9a-f]{8}"$/);
    expect(await client.ask("CLUSTER", "MYID")).to.equal(`"${ANNA_40}"`);
    expect(await client.ask("CLUSTER", "MYSHARDID")).to.equal(`"${ANNA_40}"`);
  });

  it("lists nodes with their address, state and slots", async () => {
    cluster.put(memberOf(CARL, { host: "10.0.0.3", lifecycle: "joining" }));
    cluster.assign(5, 5, BERT);
    cluster.placement = {
      epoch: 7,
      by: ANNA,
      members: [],
      gone: [],
      change: null,
      copies: 1,
      hashSeed: null,
    };
    expect(await lines("CLUSTER", "NODES")).to.deep.equal([
      `${ANNA_40} 10.0.0.1:6379@16379 myself,master - 0 0 7 connected 0-4 6-9999`,
      `${BERT_40} 10.0.0.2:6379@16379 master - 0 0 7 connected 5 10000-16383`,
      `${CARL_40} 10.0.0.3:6379@16379 master - 0 0 7 connected`,
      "",
    ]);
  });

  it("tells since when a node does not answer, and that its link is down", async () => {
    const nowMs = node.host.clock.monotonicMs();
    cluster.put(memberOf(BERT, {}, { status: "dead", sinceMs: nowMs - 5000 }));
    cluster.put(memberOf(CARL, {}, { status: "suspect", sinceMs: nowMs - 1000 }));
    cluster.linkViews = [linkOf(BERT, { isUp: false }), linkOf(CARL)];
    const [, bert, carl] = (await lines("CLUSTER", "NODES")).map((line) => line.split(" "));
    expect(bert!.slice(2, 4)).to.deep.equal(["master,fail", "-"]);
    expect(bert![7]).to.equal("disconnected");
    expect(carl![2]).to.equal("master,fail?");
    expect(carl![7]).to.equal("connected");
    expect(Number(carl![4]) - Number(bert![4])).to.equal(4000);
    expect(node.host.clock.wallMs() - Number(carl![4])).to.be.within(1000, 2000);
  });

  it("leaves out who has left or was forgotten, but not an owner that is dead", async () => {
    cluster.put(memberOf(BERT, {}, { status: "dead" }));
    cluster.put(memberOf(CARL, { lifecycle: "left" }));
    cluster.put(memberOf("d".repeat(32), {}, { status: "forgotten" }));
    const ids = (await lines("CLUSTER", "NODES")).map((line) => line.slice(0, 32));
    expect(ids).to.deep.equal([ANNA, BERT, ""]);
    expect(await lines("CLUSTER", "INFO")).to.include("cluster_known_nodes:2");
  });

  it("shows slots at who executes them at the moment, and not those that nobody does", async () => {
    cluster.assign(9000, 9099, BERT);
    cluster.assign(9100, 9100, undefined);
    const anna = `["10.0.0.1" 6379 "${ANNA_40}" []]`;
    const bert = `["10.0.0.2" 6379 "${BERT_40}" []]`;
    expect(await client.ask("CLUSTER", "SLOTS")).to.equal(
      `[[0 8999 ${anna}] [9000 9099 ${bert}] [9101 9999 ${anna}] [10000 16383 ${bert}]]`,
    );
    expect(await lines("CLUSTER", "INFO")).to.include("cluster_slots_assigned:16383");
  });

  it("shows after the executor who else owns the slots, but nobody to connect to who is dead", async () => {
    copied();
    const server = (host: string, id: string) => `["${host}" 6379 "${id}" []]`;
    const [anna, bert, carl] = [
      server("10.0.0.1", ANNA_40),
      server("10.0.0.2", BERT_40),
      server("10.0.0.3", CARL_40),
    ];
    expect(await client.ask("CLUSTER", "SLOTS")).to.equal(
      `[[0 9999 ${anna} ${bert} ${carl}] [10000 16383 ${bert} ${anna} ${carl}]]`,
    );
    cluster.put(memberOf(ANNA, {}, { status: "dead" }));
    expect(await client.ask("CLUSTER", "SLOTS")).to.equal(
      `[[0 9999 ${anna} ${bert} ${carl}] [10000 16383 ${bert} ${carl}]]`,
    );
  });

  it("shows nodes as masters of what they execute, and as replicas in the shards of others", async () => {
    copied();
    cluster.put(memberOf(CARL, { host: "10.0.0.3" }, { status: "dead" }));
    const flags = (await lines("CLUSTER", "NODES")).slice(0, 3).map((line) => line.split(" ").slice(2, 4));
    expect(flags).to.deep.equal([
      ["myself,master", "-"],
      ["master", "-"],
      ["master,fail", "-"],
    ]);
    const shards = await client.ask("CLUSTER", "SHARDS");
    const shown = [...shards.matchAll(/"slots" \[([^\]]*)\]|"id" "(..)|"role" "(\w+)"|"health" "(\w+)"/g)];
    expect(shown.map((match) => match.slice(1).find((part) => part !== undefined)).join(" ")).to.equal(
      "0 9999 aa master online b0 replica online c1 replica fail " +
        "10000 16383 b0 master online aa replica online c1 replica fail " +
        " c1 master fail",
    );
  });

  it("gives each node a shard of its own", async () => {
    cluster.put(memberOf(BERT, { host: "10.0.0.2" }, { status: "dead" }));
    const shards = await client.ask("CLUSTER", "SHARDS");
    const of = (id: string, host: string, health: string) =>
      `["id" "${id}" "port" 6379 "ip" "${host}" "endpoint" "${host}" "role" "master" "replication-offset" 0 "health" "${health}"]`;
    expect(shards).to.equal(
      `[["slots" [0 9999] "nodes" [${of(ANNA_40, "10.0.0.1", "online")}]] ` +
        `["slots" [10000 16383] "nodes" [${of(BERT_40, "10.0.0.2", "fail")}]]]`,
    );
  });

  it("looks through the slots once as long as nothing changes", async () => {
    await client.askAll("CLUSTER SLOTS", "CLUSTER NODES", "CLUSTER SHARDS", "CLUSTER INFO");
    const before = cluster.lookups;
    await client.askAll("CLUSTER SLOTS", "CLUSTER NODES", "CLUSTER SHARDS", "CLUSTER INFO");
    expect(cluster.lookups).to.equal(before);
    cluster.assign(0, 0, BERT);
    expect(await client.ask("CLUSTER", "SLOTS")).to.match(/^\[\[0 0 /);
  });

  it("calls the state ok only if every slot is executed by a node that is alive", async () => {
    const state = async () => (await lines("CLUSTER", "INFO")).slice(0, 5);
    expect(await state()).to.deep.equal([
      "cluster_state:ok",
      "cluster_slots_assigned:16384",
      "cluster_slots_ok:16384",
      "cluster_slots_pfail:0",
      "cluster_slots_fail:0",
    ]);
    cluster.put(memberOf(BERT, {}, { status: "suspect" }));
    expect((await state()).slice(0, 4)).to.deep.equal([
      "cluster_state:ok",
      "cluster_slots_assigned:16384",
      "cluster_slots_ok:10000",
      "cluster_slots_pfail:6384",
    ]);
    cluster.put(memberOf(BERT, {}, { status: "dead" }));
    expect(await state()).to.include.members(["cluster_state:fail", "cluster_slots_fail:6384"]);
    cluster.put(memberOf(BERT));
    cluster.isCovered = false;
    expect((await state())[0]).to.equal("cluster_state:fail");
  });

  it("lists the links that are up, and what is on its way by them", async () => {
    cluster.linkViews = [linkOf(BERT, { bytesInFlight: 12 }), linkOf(CARL, { isUp: false })];
    expect(await client.ask("CLUSTER", "LINKS")).to.equal(
      `[["direction" "to" "node" "${BERT_40}" "create-time" 0 "events" "rw" "send-buffer-allocated" 12 "send-buffer-used" 12]]`,
    );
  });

  it("counts and lists the keys of a slot that are here, of the database that is open", async () => {
    const keys = ["{a}1", "{a}2", "{a}3"];
    await client.askAll(...keys.map((key) => `SET ${key} v`), "SELECT 1", "SET {a}4 v", "SELECT 0");
    const slot = await client.ask("CLUSTER", "KEYSLOT", "{a}anything");
    expect(slot).to.equal("15495");
    expect(await client.ask("CLUSTER", "COUNTKEYSINSLOT", slot)).to.equal("3");
    const listed = await client.ask("CLUSTER", "GETKEYSINSLOT", slot, "10");
    expect(listed.slice(1, -1).split(" ").sort()).to.deep.equal(keys.map((key) => `"${key}"`));
    expect((await client.ask("CLUSTER", "GETKEYSINSLOT", slot, "2")).split(" ")).to.have.length(2);
    expect(await client.ask("CLUSTER", "GETKEYSINSLOT", slot, "0")).to.equal("[]");
    expect(await client.askAll("SELECT 1", `CLUSTER COUNTKEYSINSLOT ${slot}`)).to.deep.equal(["OK", "1"]);
    expect(await client.ask("CLUSTER", "COUNTKEYSINSLOT", "0")).to.equal("0");
  });

  it("meets at the cluster port that is given, or at the port plus 10000", async () => {
    expect(await client.ask("CLUSTER", "MEET", "10.0.0.9", "7000")).to.equal("OK");
    expect(await client.ask("CLUSTER", "MEET", "node.example", "7000", "7777")).to.equal("OK");
    expect(await client.ask("TORUS", "MEET", "::1", "7001")).to.equal("OK");
    expect(cluster.asked).to.deep.equal(["meet 10.0.0.9 17000", "meet node.example 7777", "meet ::1 17001"]);
    cluster.problem = "ERR this node is not alone: süd";
    expect(await client.ask("CLUSTER", "MEET", "10.0.0.9", "7000")).to.equal(
      '-"ERR this node is not alone: s\\xc3\\xbcd"',
    );
    expect(await client.ask("CLUSTER", "MEET", "two words", "7000")).to.equal(
      '-"ERR Invalid node address specified: two words:7000"',
    );
    expect(await client.ask("CLUSTER", "MEET", "h", "1", "2", "3")).to.equal('-"ERR syntax error"');
  });

  it("forgets a node by its id of 32 digits or of 40, in either case", async () => {
    for (const id of [BERT, BERT_40, BERT_40.toUpperCase()]) {
      expect(await client.ask("CLUSTER", "FORGET", id)).to.equal("OK");
    }
    expect(cluster.asked).to.deep.equal([BERT, BERT, BERT].map((id) => `forget ${id}`));
    for (const id of [CARL, BERT.slice(1), `${BERT}00000000`, `${BERT_40}0`, ""]) {
      expect(await client.ask("CLUSTER", "FORGET", id)).to.equal(`-"ERR Unknown node ${id}"`);
    }
    expect(await client.ask("CLUSTER", "FORGET", ANNA)).to.match(/^-"ERR I tried hard/);
    expect(await client.ask("TORUS", "FORGET", BERT, ANNA)).to.match(/^-"ERR I tried hard/);
    cluster.problem = "ERR it is alive";
    expect(await client.ask("TORUS", "FORGET", BERT)).to.equal('-"ERR it is alive"');
  });

  it("forgets several nodes together, whatever is lost with them if it is told so", async () => {
    cluster.placement = {
      ...cluster.placement!,
      members: [{ id: CARL, weight: 1, zone: "", host: "10.0.0.3" }],
    };
    await client.ask("TORUS", "FORGET", BERT, CARL);
    await client.ask("TORUS", "FORGET", BERT_40, BERT, "force");
    expect(cluster.asked).to.deep.equal([`forget ${BERT} ${CARL}`, `forget ${BERT} by force`]);
    expect(await client.ask("TORUS", "FORGET", "FORCE")).to.equal('-"ERR Unknown node FORCE"');
  });

  it("changes the cluster outside of transactions only", async () => {
    const replies = await client.askAll("MULTI", "CLUSTER MEET h 1", `CLUSTER FORGET ${BERT}`, "EXEC");
    expect(replies[3]).to.equal(
      '[-"ERR CLUSTER MEET is not allowed in a transaction" -"ERR CLUSTER FORGET is not allowed in a transaction"]',
    );
    expect((await client.askAll("MULTI", "TORUS LEAVE", "DISCARD"))[1]).to.match(
      /^-"ERR Command not allowed/,
    );
    expect(cluster.asked).to.deep.equal([]);
  });

  it("tells whether a node seems to have failed, and that it has no replicas", async () => {
    const ask = (name: string, id = BERT_40) => client.ask("CLUSTER", name, id);
    expect(await ask("COUNT-FAILURE-REPORTS")).to.equal("0");
    cluster.put(memberOf(BERT, {}, { status: "suspect" }));
    expect(await ask("COUNT-FAILURE-REPORTS")).to.equal("1");
    expect(await ask("REPLICAS")).to.equal("[]");
    expect(await ask("SLAVES")).to.equal("[]");
    for (const name of ["COUNT-FAILURE-REPORTS", "REPLICAS"]) {
      expect(await ask(name, "x")).to.equal('-"ERR Unknown node x"');
    }
  });

  it("refuses what Redis has done by hand, and says what to do instead", async () => {
    const replies = await client.askAll(
      "CLUSTER ADDSLOTS 1",
      "CLUSTER SETSLOT 1 STABLE",
      "CLUSTER FAILOVER",
      "CLUSTER RESET",
      "CLUSTER BUMPEPOCH",
      "CLUSTER SAVECONFIG",
    );
    for (const reply of replies) expect(reply).to.match(/^-"ERR [a-z].*"$/);
    expect(replies[0]).to.include("CLUSTER MEET").and.to.include("TORUS LEAVE");
    const help = await client.ask("CLUSTER", "HELP");
    expect(help).to.include("NODES").and.not.to.include("ADDSLOTS");
  });

  it("says OK to what cluster clients announce", async () => {
    expect(await client.askAll("READONLY", "READWRITE", "ASKING")).to.deep.equal(["OK", "OK", "OK"]);
  });

  it("tells clients and tools that there is a cluster", async () => {
    expect(await client.ask("HELLO", "2")).to.include('"mode" "cluster"');
    expect(await node.info("redis_mode")).to.equal("cluster");
    expect(await node.info("cluster_enabled")).to.equal("1");
    cluster.linkViews = [linkOf(BERT, { bytesInFlight: 5 }), linkOf(CARL, { isUp: false })];
    cluster.put(memberOf(CARL, {}, { status: "dead" }));
    const fields = ["cluster_connections", "mem_cluster_links", "torus_members_alive", "torus_members_dead"];
    const values = [];
    for (const field of fields) values.push(await node.info(field));
    expect(values).to.deep.equal(["1", "5", "2", "1"]);
    expect(await node.info("torus_slots")).to.equal("10000");
  });
});

describe("CLUSTER, where there is no cluster", () => {
  it("is refused as Redis does, with all that belongs to it", async () => {
    const node = await SimServer.start();
    const client = await node.connect();
    const commands = [
      "CLUSTER INFO",
      "CLUSTER KEYSLOT k",
      "CLUSTER ADDSLOTS 1",
      "CLUSTER MEET h x",
      "READONLY",
    ];
    const replies = await client.askAll(...commands, "READWRITE", "ASKING", "TORUS LEAVE");
    expect(new Set(replies)).to.deep.equal(new Set([DISABLED]));
    expect(await client.ask("HELLO", "2")).to.include('"mode" "standalone"');
    expect(await node.info("cluster_enabled")).to.equal("0");
  });
});

describe("CLUSTER, compared with Redis", () => {
  /** Each, in both versions of the protocol, must have the same form. */
  const QUESTIONS = [
    "CLUSTER SLOTS",
    "CLUSTER SHARDS",
    "CLUSTER NODES",
    "CLUSTER LINKS",
    "CLUSTER MYID",
    "CLUSTER KEYSLOT foo",
    "CLUSTER KEYSLOT {}foo",
    "CLUSTER COUNTKEYSINSLOT 5",
    "CLUSTER COUNTKEYSINSLOT 16384",
    "CLUSTER COUNTKEYSINSLOT x",
    "CLUSTER GETKEYSINSLOT 5 1",
    "CLUSTER GETKEYSINSLOT 16384 1",
    "CLUSTER GETKEYSINSLOT 1 -1",
    "CLUSTER GETKEYSINSLOT 1 x",
    "CLUSTER COUNT-FAILURE-REPORTS x",
    "CLUSTER REPLICAS x",
    "CLUSTER FORGET x",
    "CLUSTER MEET",
    "CLUSTER MEET 127.0.0.1 x",
    "CLUSTER MEET 127.0.0.1 0",
    "CLUSTER MEET 127.0.0.1 60000",
    "CLUSTER MEET 127.0.0.1 7000 x",
    "CLUSTER MEET 127.0.0.1 7000 99999",
    "CLUSTER BOGUS",
    "CLUSTER",
    "READONLY",
    "READWRITE",
    "ASKING",
  ];

  it("has the same replies of a node with the same slots, and the same errors", async function () {
    await needsRedis(this, REFERENCE_VERSION);
    const redis = await startRedis({ "cluster-enabled": "yes" });
    const reference = await connectTo(redis);
    const node = await SimServer.start();
    const client = await node.connect();
    try {
      await reference.call("CLUSTER", "ADDSLOTSRANGE", 0, 5, 7, 7, 100, 200);
      const id = textOf(await reference.call("CLUSTER", "MYID"))!;
      const { port } = redis.address;
      const cluster = new FakeCluster(ANNA, [
        memberOf(ANNA, { host: "", clientPort: port, clusterPort: port + 10_000 }),
      ]);
      for (const [first, last] of [
        [0, 5],
        [7, 7],
        [100, 200],
      ] as const)
        cluster.assign(first, last, ANNA);
      cluster.isCovered = false;
      node.server.state.cluster = cluster;
      for (const version of [2, 3]) {
        await reference.call("HELLO", version);
        await client.ask("HELLO", version);
        for (const question of QUESTIONS) {
          const theirs = notate(await reference.call(...question.split(" "))).replaceAll(id, "ID");
          const ours = (await client.ask(...question.split(" "))).replaceAll(ANNA_40, "ID");
          expect(ours, question).to.equal(theirs);
        }
        const theirs = notate(await reference.call("CLUSTER", "INFO"));
        expect(await client.ask("CLUSTER", "INFO")).to.equal(theirs);
      }
    } finally {
      await reference.close();
      await redis.close();
    }
  });
});
