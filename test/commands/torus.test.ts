import { expect } from "chai";
import { version } from "#torus/base/version.js";
import { membersAfter, type Placement } from "#torus/cluster/placement.js";
import { CLOCK_UNITS_PER_MS } from "#torus/delta/hybrid-clock.js";
import { Ring } from "#torus/ring/ring.js";
import { ANNA, BERT, CARL, FakeCluster, linkOf, memberOf } from "../support/fake-cluster.js";
import type { SimCaller } from "../support/sim-caller.js";
import { SimServer } from "../support/sim-server.js";

const SLOTS = 16384;
/** Of the key `{a}1`. */
const SLOT = 15495;

const placed = (id: string) => ({ id, weight: 1, zone: "", host: id });

function placementOf(change: Placement["change"] = null, copies = 1): Placement {
  const hashSeed = "5".repeat(32);
  return { epoch: 9, by: ANNA, members: [ANNA, BERT].map(placed), gone: [], change, copies, hashSeed };
}

describe("TORUS", () => {
  let node: SimServer;
  let client: SimCaller;
  let cluster: FakeCluster;
  beforeEach(async () => {
    node = await SimServer.start();
    node.persistence.change({ gates: false });
    cluster = new FakeCluster(ANNA, [
      memberOf(ANNA, { name: "anna", zone: "z1", weight: 2.5 }),
      memberOf(BERT, { name: "bert", host: "10.0.0.2", httpPort: 0, lifecycle: "leaving" }),
    ]);
    cluster.placement = placementOf();
    cluster.assign(0, 9999, ANNA);
    cluster.assign(10000, SLOTS - 1, BERT);
    node.server.state.cluster = cluster;
    client = await node.connect();
    await client.ask("HELLO", "3");
  });

  it("STATUS tells how the node and its cluster are", async () => {
    cluster.put(memberOf(BERT, {}, { status: "suspect" }));
    cluster.put(memberOf(CARL, {}, { status: "dead" }));
    cluster.linkViews = [linkOf(BERT), linkOf(CARL, { isUp: false })];
    cluster.isCovered = false;
    cluster.lacking = ["no executor for 3 slots"];
    cluster.slowness = 2;
    await node.world.advance(3000);
    expect(await client.ask("TORUS", "STATUS")).to.equal(
      `{"node": "${ANNA}" "name": "anna" "cluster": "${"f".repeat(32)}" "lifecycle": "active" "version": "${version}" ` +
        '"uptime-seconds": 3 "members-alive": 1 "members-suspect": 1 "members-dead": 1 "placement-epoch": 9 "change": _ ' +
        '"slots": 10000 "covered": #f "missing": ["no executor for 3 slots"] "warnings": [] "replication": _ "links-up": 1 "links-down": 1 "slowness": 2}',
    );
  });

  it("STATUS tells which change of owners is under way, and what this node has done of it", async () => {
    cluster.put(memberOf(CARL, { name: "carl", lifecycle: "joining" }));
    cluster.placement = placementOf({
      kind: "join",
      node: placed(CARL),
      phase: "transfer",
      others: [],
      began: 1,
    });
    cluster.change = { slots: 1000, slotsDone: 10, bytesShipped: 4096 };
    expect(await client.ask("TORUS", "STATUS")).to.include(
      `"change": {"kind": "join" "phase": "transfer" "node": "${CARL}" "name": "carl" "others": [] "slots": 1000 "slots-done": 10 "bytes-shipped": 4096}`,
    );
  });

  it("MEMBERS lists what is known of each", async () => {
    const nowMs = node.host.clock.monotonicMs();
    cluster.put(memberOf(CARL, { lifecycle: "joining" }, { status: "suspect", sinceMs: nowMs - 60_000 }));
    cluster.linkViews = [linkOf(BERT, { isUp: false })];
    const reply = await client.ask("TORUS", "MEMBERS");
    const [anna, bert, carl] = reply.slice(2, -2).split("} {");
    expect(anna!.replace(/"since-ms": \d+/, '"since-ms": N')).to.equal(
      `"id": "${ANNA}" "name": "anna" "self": #t "lifecycle": "active" "status": "alive" "since-ms": N "host": "10.0.0.1" "port": 6379 ` +
        '"cluster-port": 16379 "http-port": 8379 "zone": "z1" "weight": ,2.5 "slots": 10000 "link": "self" ' +
        '"in-sync": _ "copy": "none" "lag-bytes": _ "lag-records": _ "lag-ms": _',
    );
    expect(bert).to.include('"self": #f "lifecycle": "leaving" "status": "alive"');
    expect(bert).to.include('"http-port": 0').and.to.include('"slots": 6384 "link": "down"');
    expect(carl).to.match(/"status": "suspect" "since-ms": 60\d\d\d /);
    expect(carl).to.include('"slots": 0 "link": "none"');
  });

  it("RING lists who executes which slots at the moment", async () => {
    cluster.assign(10000, 10000, undefined);
    expect(await client.ask("TORUS", "RING")).to.equal(
      `[[0 9999 "${ANNA}" "anna"] [10001 16383 "${BERT}" "bert"]]`,
    );
  });

  it("ROUTE tells where a key belongs and where this node would send a command on it", async () => {
    cluster.linkViews = [linkOf(BERT)];
    const [owner] = Ring.of(cluster.placement!.members, { copies: 1 }).ownersOf(SLOT);
    expect(await client.ask("TORUS", "ROUTE", "{a}1")).to.equal(
      `{"slot": ${SLOT} "hash-tag": "a" "owners": ["${owner}"] "next-owners": _ "primary": "${owner}" "executor": "${BERT}" ` +
        '"name": "bert" "host": "10.0.0.2" "port": 6379 "link": "up"}',
    );
  });

  it("ROUTE knows what a hash tag is", async () => {
    const tags = { "a{b}c{d}": '"b"', "{}a{b}": "_", "a{b": "_", "a}b{": "_", "{": "_" };
    for (const [key, tag] of Object.entries(tags)) {
      expect(await client.ask("TORUS", "ROUTE", key), key).to.include(`"hash-tag": ${tag} `);
    }
  });

  it("ROUTE tells who will own a key after the change under way, and that nobody executes its slot meanwhile", async () => {
    cluster.placement = placementOf({
      kind: "leave",
      node: placed(BERT),
      phase: "switch",
      others: [],
      began: 1,
    });
    cluster.assign(SLOT, SLOT, undefined);
    const reply = await client.ask("TORUS", "ROUTE", "{a}1");
    expect(reply).to.include(`"next-owners": ["${ANNA}"]`);
    expect(reply).to.include('"executor": _ "name": _ "host": _ "port": _ "link": "none"');
    cluster.placement = undefined;
    expect(await client.ask("TORUS", "ROUTE", "{a}1")).to.include(
      '"owners": [] "next-owners": _ "primary": _',
    );
  });

  it("EXPLAIN adds what is known of the key: its form, the version of its life, its expiry", async () => {
    cluster.assign(SLOT, SLOT, ANNA);
    const nowMs = node.host.clock.wallMs();
    await client.askAll("SET {a}1 12", "PEXPIREAT {a}1 9000000000000", "HSET {a}2 f v");
    cluster.placement = { ...placementOf(), members: [placed(ANNA)] };
    const reply = await client.ask("TORUS", "EXPLAIN", "{a}1");
    expect(reply).to.include(`"executor": "${ANNA}"`).and.to.include('"link": "self"');
    const [, clock, origin, writtenMs] =
      /"replicas": \[\{"node": "a{32}" "name": "anna" "link": "self" "state": "present" "type": "string" "encoding": "int" "clock": (\d+) "origin": (\d+) "written-ms": (\d+) "expires-ms": 9000000000000 "copy": "here" .*\}\]\}$/.exec(
        reply,
      )!;
    expect(origin).to.equal("1");
    expect(Math.floor(Number(clock) / CLOCK_UNITS_PER_MS)).to.equal(Number(writtenMs));
    expect(Number(writtenMs)).to.be.within(nowMs, nowMs + 1000);
    expect(await client.ask("TORUS", "EXPLAIN", "{a}2")).to.include(
      '"state": "present" "type": "hash" "encoding": "listpack"',
    );
    expect(await client.ask("TORUS", "EXPLAIN", "{a}3")).to.include(
      '"state": "absent" "type": "none" "encoding": _ "clock": _ "origin": _ "written-ms": _ "expires-ms": _',
    );
  });

  it("EXPLAIN lists all who have a copy of the key or are to, by preference", async () => {
    const cases = [
      placementOf(null, 2),
      placementOf({ kind: "leave", node: placed(BERT), phase: "transfer", others: [], began: 1 }, 1),
      placementOf({ kind: "join", node: placed(CARL), phase: "transfer", others: [], began: 1 }, 3),
    ];
    cluster.put(memberOf(CARL, { name: "carl" }));
    cluster.linkViews = [linkOf(BERT)];
    for (const placement of cases) {
      cluster.placement = placement;
      const { members, copies } = placement;
      const owners = Ring.of(members, { copies }).ownersOf(SLOT);
      const next = Ring.of(membersAfter(placement), { copies }).ownersOf(SLOT);
      const reply = await client.ask("TORUS", "EXPLAIN", "{a}1");
      const shown = [...reply.matchAll(/"node": "(\w+)" "name": "\w+" "link": "(\w+)" "state": "(\w+)"/g)];
      const expected = [...new Set([...owners, ...next, ANNA])];
      const of: Record<string, string[]> = {
        [ANNA]: [ANNA, "self", "absent"],
        [BERT]: [BERT, "up", "unknown"],
        [CARL]: [CARL, "none", "unknown"],
      };
      expect(shown.map((match) => match.slice(1))).to.deep.equal(expected.map((id) => of[id]));
    }
  });

  it("EXPLAIN tells what is left of a key that no client sees, where something is", async () => {
    await client.askAll("SET {a}1 v", "DEL {a}1");
    expect(await client.ask("TORUS", "EXPLAIN", "{a}1")).to.include('"state": "absent"');
    node.keyspace.keepTombstones = true;
    await client.askAll("SET {a}2 v", "DEL {a}2", "SET {a}3 v PX 1", "HSET {a}4 f v", "HDEL {a}4 f");
    await client.askAll("HSET {a}5 f v", "PEXPIRE {a}5 1");
    await node.world.advance(100);
    cluster.placement = { ...placementOf(), members: [placed(ANNA)] };
    const stateOf = async (key: string) =>
      /"state": "(\w+)" "type": "(\w+)" "encoding": _ "clock": \d+/
        .exec(await client.ask("TORUS", "EXPLAIN", key))!
        .slice(1);
    expect(await stateOf("{a}2")).to.deep.equal(["deleted", "none"]);
    expect(await stateOf("{a}3")).to.deep.equal(["expired", "none"]);
    expect(await stateOf("{a}4")).to.deep.equal(["deleted", "hash"]);
    expect(await stateOf("{a}5")).to.deep.equal(["expired", "hash"]);
  });

  it("EXPLAIN leaves no trace: neither a use of the key nor a hit", async () => {
    await client.ask("SET", "{a}1", "v");
    await node.world.advance(60_000);
    await client.askAll("TORUS EXPLAIN {a}1", "TORUS EXPLAIN absent");
    expect(Number(await client.ask("OBJECT", "IDLETIME", "{a}1"))).to.be.at.least(50);
    expect(await node.info("keyspace_misses")).to.equal("0");
  });

  it("LEAVE replies when the slots are handed over, or with the reason why they are not", async () => {
    expect(await client.ask("TORUS", "LEAVE")).to.equal("OK");
    cluster.problem = "ERR the last member stays";
    expect(await client.ask("TORUS", "LEAVE")).to.equal('-"ERR the last member stays"');
    expect(cluster.asked).to.deep.equal(["leave", "leave"]);
  });

  it("sends maps as flat arrays to clients of RESP2", async () => {
    await client.ask("HELLO", "2");
    expect(await client.ask("TORUS", "STATUS")).to.match(/^\["node" "a{32}" "name" "anna" .* "covered" 1 /);
  });
});

describe("TORUS, where there is no cluster", () => {
  it("tells of the node alone", async () => {
    const node = await SimServer.start();
    node.persistence.change({ gates: false });
    const client = await node.connect();
    await client.ask("HELLO", "3");
    const id = "0".repeat(40);
    const status = await client.ask("TORUS", "STATUS");
    expect(status).to.include(`"node": "${id}" "name": "" "cluster": _ "lifecycle": "active"`);
    expect(status)
      .to.include('"members-alive": 1')
      .and.to.include('"slots": 16384 "covered": #t "missing": []');
    expect(await client.ask("TORUS", "MEMBERS")).to.match(
      new RegExp(
        `^\\[\\{"id": "${id}" "name": "" "self": #t .*"port": 6379 "cluster-port": 0 .*"link": "self" .*\\}\\]$`,
      ),
    );
    expect(await client.ask("TORUS", "RING")).to.equal(`[[0 16383 "${id}" ""]]`);
    await client.ask("SET", "k", "v");
    const explained = await client.ask("TORUS", "EXPLAIN", "k");
    expect(explained).to.include(
      `"owners": ["${id}"] "next-owners": _ "primary": "${id}" "executor": "${id}"`,
    );
    expect(explained).to.include('"state": "present" "type": "string"');
    expect(await client.ask("TORUS", "MEET", "h", "1")).to.match(/^-"ERR This instance has cluster support/);
  });
});
