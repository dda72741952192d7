import { expect } from "chai";
import { ANNA, BERT, CARL, FakeCluster, memberOf } from "../support/fake-cluster.js";
import { coOwnerOf, FakeReplication, REPAIR_UNDER_WAY } from "../support/fake-replication.js";
import type { SimCaller } from "../support/sim-caller.js";
import { SimServer } from "../support/sim-server.js";

const DORA = "d2".repeat(16);

describe("INFO and ROLE, where there are copies", () => {
  let node: SimServer;
  let client: SimCaller;
  let replication: FakeReplication;
  beforeEach(async () => {
    node = (await SimServer.start()).replyAtOnce();
    const cluster = new FakeCluster(ANNA, [
      memberOf(ANNA),
      memberOf(BERT, { host: "10.0.0.2", clientPort: 7002 }),
      memberOf(CARL, { host: "10.0.0.3", clientPort: 7003 }),
      memberOf(DORA, { host: "10.0.0.4", clientPort: 7004 }),
    ]);
    cluster.replication = replication = new FakeReplication([]);
    node.server.state.cluster = cluster;
    client = await node.connect();
  });

  /** The fields of section Replication, in their order. */
  async function section(): Promise<[name: string, value: string][]> {
    const text = String(await node.world.complete(node.local.call("INFO", "replication")));
    const lines = text.split("\r\n").filter((line) => line.includes(":"));
    return lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]);
  }

  async function field(name: string): Promise<string | undefined> {
    return new Map(await section()).get(name);
  }

  it("shows other owners as Redis shows replicas: those that are linked with, with what they acknowledged and since when they have not", async () => {
    replication.position = 1000;
    replication.others = [
      coOwnerOf(BERT, { acknowledged: 1000 }),
      coOwnerOf(CARL, { copy: "behind", acknowledged: 700, silentMs: 2900 }),
      coOwnerOf(DORA, { copy: "unreachable", stream: "down", acknowledged: 5 }),
    ];
    const fields = await section();
    expect(fields.slice(0, 8)).to.deep.equal([
      ["role", "master"],
      ["connected_slaves", "2"],
      ["slave0", "ip=10.0.0.2,port=7002,state=online,offset=1000,lag=0"],
      ["slave1", "ip=10.0.0.3,port=7003,state=online,offset=700,lag=2"],
      ["master_failover_state", "no-failover"],
      ["master_replid", node.server.state.runId],
      ["master_replid2", "0".repeat(40)],
      ["master_repl_offset", "1000"],
    ]);
    expect(await client.ask("ROLE")).to.equal(
      '["master" 1000 [["10.0.0.2" "7002" "1000"] ["10.0.0.3" "7003" "700"]]]',
    );
  });

  it("shows what lacks something in Redis's words for the copy of everything: to come, and under way", async () => {
    const lacking = { copy: "incomplete", isWhole: false, acknowledged: undefined } as const;
    replication.others = [
      coOwnerOf(BERT, lacking),
      coOwnerOf(CARL, { ...lacking, repair: REPAIR_UNDER_WAY }),
    ];
    expect(await field("slave0")).to.include("state=wait_bgsave,offset=0");
    expect(await field("slave1")).to.include("state=send_bulk,offset=0");
    expect(await field("torus_peer1")).to.match(/,whole=no,received=yes,repairing=40\/100$/);
  });

  it("shows of each other owner, linked or not, how far it lags behind in bytes, records and milliseconds", async () => {
    const lag = { bytes: 300, batches: 4, milliseconds: 12.4 };
    replication.others = [
      coOwnerOf(BERT, { copy: "behind", lag, acknowledged: 700 }),
      coOwnerOf(DORA, { copy: "dead", stream: "down", acknowledged: undefined, isReceived: false }),
    ];
    expect(await field("torus_peer0")).to.equal(
      `id=${BERT},state=behind,lag_bytes=300,lag_records=4,lag_ms=12,acknowledged=700,whole=yes,received=yes`,
    );
    expect(await field("torus_peer1")).to.equal(
      `id=${DORA},state=dead,lag_bytes=0,lag_records=0,lag_ms=0,acknowledged=-1,whole=yes,received=no`,
    );
    expect(await field("connected_slaves")).to.equal("1");
  });

  it("counts the bytes of the backlog as Redis does, from 1", async () => {
    Object.assign(replication, { position: 1000, backlogFirst: 400, backlogBytes: 900, receivedBytes: 50 });
    replication.others = [coOwnerOf(BERT)];
    const fields = new Map(await section());
    expect(fields.get("repl_backlog_active")).to.equal("1");
    expect(fields.get("repl_backlog_size")).to.equal(String(64 * 2 ** 20));
    expect(fields.get("repl_backlog_first_byte_offset")).to.equal("401");
    expect(fields.get("repl_backlog_histlen")).to.equal("600");
    expect(await node.info("mem_replication_backlog")).to.equal("900");
    expect(await node.info("mem_total_replication_buffers")).to.equal("950");
    replication.others = [];
    expect(await field("repl_backlog_active")).to.equal("0");
  });

  it("says when there are fewer copies than replication-factor, and whether nodes are too few or lack something", async () => {
    const told = async () => [
      await field("torus_replication_factor"),
      await field("torus_copies"),
      await field("torus_copies_status"),
    ];
    expect(await told()).to.deep.equal(["3", "3", "ok"]);
    replication.counts.set(2, 1);
    expect(await told()).to.deep.equal(["3", "2", "missing-copies"]);
    replication.counts.clear();
    replication.counts.set(2, 16_384);
    replication.copiesPlaced = 2;
    expect(await told()).to.deep.equal(["3", "2", "too-few-nodes"]);
  });

  it("says whether this node has caught up, and for how many slots it acts", async () => {
    expect(await field("torus_in_sync")).to.equal("yes");
    expect(await field("torus_slots_acting")).to.equal("5000");
    replication.isReady = false;
    expect(await field("torus_in_sync")).to.equal("no");
  });

  it("counts syncs and traffic of replication as Redis does", async () => {
    Object.assign(replication.counters.shipping, { bytes: 100, resumptions: 3, gaps: 4 });
    Object.assign(replication.counters.receiving, { bytes: 200 });
    Object.assign(replication.counters.repairs, { repairs: 5, bytesSent: 1, bytesReceived: 2 });
    expect(await node.info("total_net_repl_output_bytes")).to.equal("101");
    expect(await node.info("total_net_repl_input_bytes")).to.equal("202");
    expect(await node.info("sync_full")).to.equal("5");
    expect(await node.info("sync_partial_ok")).to.equal("3");
    expect(await node.info("sync_partial_err")).to.equal("4");
  });

  it("has none of our fields where there is one copy of everything", async () => {
    (node.server.state.cluster as FakeCluster).replication = undefined;
    const names = (await section()).map(([name]) => name);
    expect(names.filter((name) => name.startsWith("torus_"))).to.deep.equal([]);
    expect(await client.ask("ROLE")).to.equal('["master" 0 []]');
  });
});
