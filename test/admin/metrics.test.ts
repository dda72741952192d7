import { expect } from "chai";
import { allMetrics } from "#torus/admin/metrics.js";
import { ANNA, BERT, CARL } from "../support/fake-cluster.js";
import { coOwnerOf, FakeReplication, REPAIR_UNDER_WAY } from "../support/fake-replication.js";
import { AdminBench } from "./admin-bench.js";

describe("/metrics", () => {
  let bench: AdminBench;
  beforeEach(async () => {
    bench = await AdminBench.start();
  });

  it("is the text format that scrapers read, with all metrics that are declared, in their order", async () => {
    bench.joinCluster();
    const response = await bench.get("/metrics");
    expect(response.headers.get("content-type")).to.equal("text/plain; version=0.0.4; charset=utf-8");
    const families = await bench.metrics();
    expect([...families.keys()]).to.deep.equal(allMetrics.map(({ name }) => name));
    for (const metric of allMetrics) {
      const family = families.get(metric.name)!;
      expect([family.type, family.help]).to.deep.equal([metric.kind, metric.help]);
      const names = [...(metric.labels ?? [])].sort();
      if (metric.kind === "histogram") continue;
      for (const { labels } of family.samples) expect(Object.keys(labels).sort()).to.deep.equal(names);
    }
  });

  it("names metrics as is the custom: torus_, a base unit, _total for counters", () => {
    for (const { name, kind, help } of allMetrics) {
      expect(name).to.match(/^torus_[a-z]+(_[a-z]+)*$/);
      expect(name.endsWith("_total"), name).to.equal(kind === "counter");
      expect(name).to.not.match(/_(ms|us|milliseconds|microseconds|kb|mb|kilobytes|percent)(_|$)/);
      if (kind === "histogram") expect(name).to.match(/_seconds$/);
      expect(help, name).to.match(/^\S.*\.$/);
    }
    expect(new Set(allMetrics.map(({ name }) => name)).size).to.equal(allMetrics.length);
  });

  it("says nothing of what there is not: no zero stands for a log or a cluster that is not there", async () => {
    bench.node.persistence.log = null;
    const families = await bench.metrics();
    const silent = [...families.values()].filter(({ samples }) => samples.length === 0);
    const names = silent.map(({ name }) => name).filter((name) => !name.startsWith("torus_command_"));
    expect(names).to.include.members(["torus_log_segments", "torus_log_sync_duration_seconds"]);
    expect(names).to.include.members(["torus_slots_owned", "torus_members", "torus_link_up"]);
    expect(
      names.filter((name) => /^torus_(keys|connections|process|memory|snapshots)/.test(name)),
    ).deep.equal([]);
  });

  it("counts commands: calls, failures, rejections, time, and the codes of errors", async () => {
    await bench.call("SET", "k", "v");
    await bench.call("GET", "k");
    await bench.call("GET", "none");
    await bench.call("INCR", "k");
    await bench.call("GET", "one", "too many");
    await bench.call("CONFIG", "GET", "port");
    const get = { command: "get" };
    expect(await bench.metric("torus_command_calls_total", get)).to.equal(2);
    expect(await bench.metric("torus_command_rejections_total", get)).to.equal(1);
    expect(await bench.metric("torus_command_failures_total", { command: "incr" })).to.equal(1);
    expect(await bench.metric("torus_command_calls_total", { command: "config|get" })).to.equal(1);
    expect(await bench.metric("torus_command_calls_total", { command: "append" })).to.equal(undefined);
    expect(await bench.metric("torus_error_replies_total", { code: "ERR" })).to.equal(2);
    expect(await bench.metric("torus_commands_total")).to.equal(bench.node.server.state.stats.totalCommands);
    expect(await bench.metric("torus_keyspace_hits_total")).to.equal(1);
    expect(await bench.metric("torus_keyspace_misses_total")).to.equal(1);
  });

  it("shows how long commands ran: a sample stands for the others of constant time", async () => {
    const calls = 64;
    for (let call = 0; call < calls; call++) await bench.call("GET", "k");
    const { count } = bench.node.server.state.durations;
    expect(count).to.equal(calls);
    const family = (await bench.metrics()).get("torus_command_duration_seconds")!;
    expect(family.samples.at(-1)).to.deep.include({
      name: "torus_command_duration_seconds_count",
      value: count,
    });
    await bench.call("CONFIG", "RESETSTAT");
    expect(bench.node.server.state.durations.count).to.be.at.most(1);
  });

  it("gives times in seconds, as sums and in buckets", async () => {
    bench.loopLag.note(1500, 2);
    bench.loopLag.note(3_000_000);
    const { samples } = (await bench.metrics()).get("torus_event_loop_lag_seconds")!;
    const bucket = (le: string) => samples.find(({ labels }) => labels["le"] === le)?.value;
    expect(["0.001024", "0.002048", "2.097152", "4.194304", "+Inf"].map(bucket)).to.deep.equal([
      0, 2, 2, 3, 3,
    ]);
    expect(samples.at(-2)).to.deep.include({ name: "torus_event_loop_lag_seconds_sum", value: 3.003 });
  });

  it("counts keys by database, and what takes memory", async () => {
    const session = bench.node.local.session();
    const call = (...args: string[]) => bench.node.world.complete(session.call(args));
    await call("SET", "k", "v", "EX", "100");
    await call("SELECT", "3");
    await call("MSET", "a", "1", "b", "2");
    expect(await bench.metric("torus_keys", { db: "0" })).to.equal(1);
    expect(await bench.metric("torus_keys_expiring", { db: "0" })).to.equal(1);
    expect(await bench.metric("torus_keys", { db: "3" })).to.equal(2);
    expect(await bench.metric("torus_keys", { db: "1" })).to.equal(undefined);
    expect(await bench.metric("torus_memory_used_bytes")).to.equal(bench.node.keyspace.usedBytes);
    const [used, reserved] = [
      await bench.metric("torus_memory_arena_bytes", { state: "used" }),
      await bench.metric("torus_memory_arena_bytes", { state: "reserved" }),
    ];
    expect(used).to.be.within(1, reserved!);
  });

  it("counts connections of clients", async () => {
    const { node } = bench;
    const [first] = [await node.connect(), await node.connect()];
    await first.ask("PING");
    expect(await bench.metric("torus_connections")).to.equal(2);
    expect(await bench.metric("torus_connections_accepted_total")).to.equal(2);
    expect(await bench.metric("torus_network_received_bytes_total")).to.equal(
      node.server.state.stats.inputBytes,
    );
  });

  it("tells of the log: positions, segments, syncs, failures; and of snapshots by their purpose", async () => {
    const { persistence } = bench.node;
    const log = persistence.log!;
    log.syncTimes.note(2_000_000);
    persistence.log = { ...log, currentBytes: 100, segments: 4, failures: 2, isLastWriteOk: false };
    await bench.call("SET", "k", "v");
    persistence.snapshots = {
      ...persistence.snapshots,
      underWay: { purpose: "rewrite", startedWallMs: 0, keysWritten: 8, keysTotal: 9 },
      save: { isScheduled: false, count: 3, isLastOk: false, lastSeconds: 5 },
    };
    const told = async (name: string, labels = {}) => bench.metric(`torus_${name}`, labels);
    expect(await told("log_position_bytes")).to.equal(persistence.position);
    expect(await told("log_durable_position_bytes")).to.equal(0);
    expect(await told("log_size_bytes")).to.equal(100);
    expect(await told("log_segments")).to.equal(4);
    expect(await told("log_failures_total")).to.equal(2);
    expect(await told("log_healthy")).to.equal(0);
    const { samples } = (await bench.metrics()).get("torus_log_sync_duration_seconds")!;
    expect(samples.slice(-2).map(({ value }) => value)).to.deep.equal([2, 1]);
    expect(await told("snapshots_total", { purpose: "save" })).to.equal(3);
    expect(await told("snapshot_last_succeeded", { purpose: "save" })).to.equal(0);
    expect(await told("snapshot_last_duration_seconds", { purpose: "save" })).to.equal(5);
    expect(await told("snapshot_last_duration_seconds", { purpose: "rewrite" })).to.equal(undefined);
    expect(await told("snapshot_under_way", { purpose: "rewrite" })).to.equal(1);
    expect(await told("snapshot_written_keys")).to.equal(8);
  });

  it("tells of the cluster: members, slots, changes, gossip, links", async () => {
    const cluster = bench.joinCluster();
    Object.assign(cluster.gossipCounters, { datagramsSent: 7, bytesReceived: 700 });
    cluster.gossipCounters.dropped.damaged = 5;
    cluster.peerServerCounters.refused.secret = 6;
    Object.assign(cluster.linkViews[0]!.counters, { runsSent: 3, commandsSent: 30, overdue: 2 });
    cluster.placement = {
      copies: 1,
      hashSeed: null,
      epoch: 9,
      by: ANNA,
      members: [{ id: ANNA, weight: 1, zone: "", host: "" }],
      gone: [],
      change: {
        kind: "join",
        others: [],
        phase: "transfer",
        began: 1,
        node: { id: BERT, weight: 1, zone: "", host: "" },
      },
    };
    cluster.change = { slots: 10, slotsDone: 4, bytesShipped: 1234 };
    const told = async (name: string, labels = {}) => bench.metric(`torus_${name}`, labels);
    expect(await told("members", { status: "alive" })).to.equal(2);
    expect(await told("members", { status: "dead" })).to.equal(1);
    expect(await told("slots", { executor: ANNA })).to.equal(5000);
    expect(await told("slots", { executor: CARL })).to.equal(6383);
    expect(await told("slots_owned")).to.equal(5000);
    expect(await told("slots_unserved")).to.equal(1);
    expect(await told("placement_epoch")).to.equal(9);
    expect(await told("placement_change", { kind: "join", phase: "transfer", node: BERT })).to.equal(1);
    expect(await told("change_done_slots")).to.equal(4);
    expect(await told("change_shipped_bytes")).to.equal(1234);
    expect(await told("gossip_datagrams_total", { direction: "sent" })).to.equal(7);
    expect(await told("gossip_bytes_total", { direction: "received" })).to.equal(700);
    expect(await told("gossip_dropped_total", { reason: "damaged" })).to.equal(5);
    expect(await told("peers_refused_total", { reason: "secret" })).to.equal(6);
    expect(await told("link_up", { peer: BERT })).to.equal(1);
    expect(await told("link_up", { peer: CARL })).to.equal(0);
    expect(await told("link_in_flight_bytes", { peer: CARL })).to.equal(99);
    expect(await told("forwarded_commands_total", { peer: BERT })).to.equal(30);
    expect(await told("link_overdue_total", { peer: BERT })).to.equal(2);
  });

  it("tells of copies: how many there are, what each other owner has, how it got there", async () => {
    const cluster = bench.joinCluster();
    const replication = new FakeReplication([
      coOwnerOf(BERT, {
        copy: "behind",
        lag: { bytes: 300, batches: 4, milliseconds: 1500 },
        silentMs: 2500,
        acknowledged: 700,
        counters: { messages: 1, bytes: 999, sessions: 2, resumptions: 1, faults: 3 },
        gaps: 5,
      }),
      coOwnerOf(CARL, {
        copy: "dead",
        stream: "down",
        acknowledged: undefined,
        isWhole: false,
        repair: REPAIR_UNDER_WAY,
      }),
    ]);
    Object.assign(replication, { position: 1000, backlogFirst: 10, backlogBytes: 20, receivedBytes: 30 });
    replication.counts.set(2, 84);
    Object.assign(replication.counters.claims, { claims: 1, slotsWon: 2, slotsYielded: 3, slotsLost: 4 });
    Object.assign(replication.counters.receiving, {
      bytes: 11,
      batches: 12,
      pulledBatches: 13,
      damaged: 14,
      fetchedRecords: 15,
    });
    Object.assign(replication.counters.repairs, {
      repairs: 21,
      stops: 22,
      slotsDiffering: 23,
      recordsTold: 24,
    });
    cluster.replication = replication;
    const told = async (name: string, labels = {}) => bench.metric(`torus_${name}`, labels);
    expect(await told("copies_wanted")).to.equal(3);
    expect(await told("copies_slots", { copies: "2" })).to.equal(84);
    expect(await told("replication_in_sync")).to.equal(1);
    expect(await told("replication_acting_slots")).to.equal(5000);
    expect(await told("claims_slots_total", { outcome: "won" })).to.equal(2);
    expect(await told("claims_slots_total", { outcome: "lost" })).to.equal(4);
    expect(await told("replication_position_bytes")).to.equal(1000);
    expect(await told("replication_backlog_used_bytes")).to.equal(20);
    expect(await told("replica_state", { peer: BERT, state: "behind" })).to.equal(1);
    expect(await told("replica_state", { peer: CARL, state: "dead" })).to.equal(1);
    expect(await told("replica_lag_bytes", { peer: BERT })).to.equal(300);
    expect(await told("replica_lag_records", { peer: BERT })).to.equal(4);
    expect(await told("replica_lag_seconds", { peer: BERT })).to.equal(1.5);
    expect(await told("replica_silent_seconds", { peer: BERT })).to.equal(2.5);
    expect(await told("replica_acknowledged_bytes", { peer: BERT })).to.equal(700);
    expect(await told("replica_acknowledged_bytes", { peer: CARL })).to.equal(undefined);
    expect(await told("replica_whole", { peer: CARL })).to.equal(0);
    expect(await told("replica_sent_bytes_total", { peer: BERT })).to.equal(999);
    expect(await told("replica_gaps_total", { peer: BERT })).to.equal(5);
    expect(await told("replication_received_records_total")).to.equal(12);
    expect(await told("replication_dropped_total", { reason: "damaged" })).to.equal(14);
    expect(await told("replication_fetched_records_total")).to.equal(15);
    expect(await told("repair_compared_slots", { peer: CARL })).to.equal(40);
    expect(await told("repair_compared_slots", { peer: BERT })).to.equal(undefined);
    expect(await told("repairs_total", { outcome: "stopped" })).to.equal(22);
    expect(await told("repair_slots_total", { finding: "differing" })).to.equal(23);
    expect(await told("repair_records_total", { way: "told" })).to.equal(24);
    cluster.replication = undefined;
    expect(await told("copies_wanted")).to.equal(undefined);
    expect(await told("replica_lag_bytes", { peer: BERT })).to.equal(undefined);
  });

  it("follows what changes from one scrape to the next, and forgets what is gone", async () => {
    const cluster = bench.joinCluster();
    cluster.change = { slots: 10, slotsDone: 4, bytesShipped: 0 };
    expect(await bench.metric("torus_link_up", { peer: CARL })).to.equal(0);
    cluster.linkViews = cluster.linkViews.slice(0, 1);
    cluster.change = undefined;
    cluster.assign(0, 16_383, ANNA);
    expect(await bench.metric("torus_link_up", { peer: CARL })).to.equal(undefined);
    expect(await bench.metric("torus_change_slots")).to.equal(undefined);
    expect(await bench.metric("torus_slots", { executor: BERT })).to.equal(undefined);
    expect(await bench.metric("torus_slots_owned")).to.equal(16_384);
  });

  it("gathers once for all who ask at the same time", async () => {
    const cluster = bench.joinCluster();
    let gathered = 0;
    Object.defineProperty(cluster, "slowness", { get: () => ++gathered });
    const texts = await Promise.all(
      Array.from({ length: 100 }, async () => (await bench.get("/metrics")).text()),
    );
    expect(gathered).to.equal(1);
    expect(new Set(texts).size).to.equal(1);
  });
});
