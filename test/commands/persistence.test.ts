import { expect } from "chai";
import { DurationHistogram } from "#torus/base/duration-histogram.js";
import type { SnapshotPurpose } from "#torus/durability/persistence-view.js";
import type { SimCaller } from "../support/sim-caller.js";
import { SimServer } from "../support/sim-server.js";

describe("commands on snapshots and the log", () => {
  let node: SimServer;
  let client: SimCaller;
  beforeEach(async () => {
    node = await SimServer.start();
    node.persistence.change({ gates: false });
    client = await node.connect();
  });

  function underWay(purpose: SnapshotPurpose): void {
    const { snapshots } = node.persistence;
    node.persistence.snapshots = {
      ...snapshots,
      underWay: { purpose, startedWallMs: 0, keysWritten: 3, keysTotal: 9 },
    };
  }

  async function sent(...words: string[]): Promise<string[]> {
    const before = client.replies.length;
    client.send(...words);
    await node.settle();
    return client.replies.slice(before);
  }

  it("SAVE replies when the snapshot lasts, or with the reason why there is none", async () => {
    expect(await sent("SAVE")).to.deep.equal([]);
    node.persistence.asked[0]!.end();
    await node.settle();
    expect(client.replies).to.deep.equal(["OK"]);
    await sent("SAVE");
    node.persistence.asked[1]!.end("no space left on device");
    await node.settle();
    expect(client.replies.slice(1)).to.deep.equal(['-"ERR no space left on device"']);
    expect(node.persistence.asked.map(({ purpose }) => purpose)).to.deep.equal(["save", "save"]);
    underWay("save");
    expect(await sent("SAVE")).to.deep.equal(['-"ERR Background save already in progress"']);
  });

  it("BGSAVE begins a snapshot, or says why not", async () => {
    expect(await sent("BGSAVE")).to.deep.equal(['+"Background saving started"']);
    expect(await sent("BGSAVE", "NOW")).to.deep.equal(['-"ERR syntax error"']);
    underWay("save");
    expect(await sent("BGSAVE", "SCHEDULE")).to.deep.equal(['-"ERR Background save already in progress"']);
    underWay("rewrite");
    expect((await sent("BGSAVE"))[0]).to.match(/^-"ERR Another child process is active \(AOF\?\)/);
    expect(await sent("BGSAVE", "schedule")).to.deep.equal(['+"Background saving scheduled"']);
    expect(node.persistence.asked.map(({ purpose }) => purpose)).to.deep.equal(["save", "save"]);
  });

  it("BGREWRITEAOF begins to shorten the log, or schedules it", async () => {
    expect(await sent("BGREWRITEAOF")).to.deep.equal(['+"Background append only file rewriting started"']);
    underWay("save");
    expect(await sent("BGREWRITEAOF")).to.deep.equal(['+"Background append only file rewriting scheduled"']);
    underWay("rewrite");
    expect(await sent("BGREWRITEAOF")).to.deep.equal([
      '-"ERR Background append only file rewriting already in progress"',
    ]);
    expect(node.persistence.asked.map(({ purpose }) => purpose)).to.deep.equal(["rewrite", "rewrite"]);
  });

  it("in a transaction both are scheduled, and SAVE is refused", async () => {
    expect(await client.askAll("MULTI", "BGSAVE", "BGREWRITEAOF", "EXEC")).to.deep.equal([
      "OK",
      "QUEUED",
      "QUEUED",
      '[+"Background saving scheduled" +"Background append only file rewriting scheduled"]',
    ]);
    expect((await client.askAll("MULTI", "SAVE", "DISCARD"))[1]).to.equal(
      '-"ERR Command not allowed inside a transaction"',
    );
  });

  it("INFO tells what is under way, how the last ones went, and how far the log is", async () => {
    underWay("save");
    node.persistence.snapshots = {
      ...node.persistence.snapshots,
      save: { isScheduled: false, count: 4, isLastOk: false, lastSeconds: 2 },
      rewrite: { isScheduled: true, count: 1, isLastOk: true, lastSeconds: 5 },
    };
    await client.ask("SET", "k", "v");
    node.persistence.log = {
      currentBytes: 100,
      baseBytes: 60,
      bufferedBytes: 30,
      isSyncing: true,
      delayedSyncs: 2,
      isLastWriteOk: false,
      segments: 1,
      syncTimes: new DurationHistogram(),
      failures: 1,
    };
    const expected = {
      rdb_changes_since_last_save: "1",
      rdb_bgsave_in_progress: "1",
      rdb_last_save_time: "7",
      rdb_last_bgsave_status: "err",
      rdb_last_bgsave_time_sec: "2",
      rdb_saves: "4",
      current_save_keys_processed: "3",
      current_save_keys_total: "9",
      aof_enabled: "1",
      aof_rewrite_in_progress: "0",
      aof_rewrite_scheduled: "1",
      aof_last_rewrite_time_sec: "5",
      aof_current_rewrite_time_sec: "-1",
      aof_last_bgrewrite_status: "ok",
      aof_last_write_status: "err",
      aof_current_size: "100",
      aof_base_size: "60",
      aof_buffer_length: "30",
      aof_pending_bio_fsync: "1",
      aof_delayed_fsync: "2",
      torus_log_position: "10",
      torus_log_durable_position: "0",
    };
    for (const [field, value] of Object.entries(expected)) {
      expect(await node.info(field), field).to.equal(value);
    }
    node.persistence.log = null;
    expect(await node.info("aof_enabled")).to.equal("0");
    expect(await node.info("torus_log_position")).to.equal(undefined);
  });
});

describe("SHUTDOWN", () => {
  async function shutDown(...options: string[]): Promise<{ node: SimServer; client: SimCaller }> {
    const node = await SimServer.start();
    const client = await node.connect();
    client.send("SHUTDOWN", ...options);
    client.send("ECHO", "behind it");
    await node.settle();
    return { node, client };
  }

  it("ends the node at once where the log has everything, and closes the client without a reply", async () => {
    for (const options of [[], ["NOSAVE"], ["NOW"], ["NOSAVE", "FORCE"]]) {
      const { node, client } = await shutDown(...options);
      expect(await client.readToEnd()).to.deep.equal([]);
      expect(node.stops).to.deep.equal([undefined]);
      expect(node.persistence.asked).to.deep.equal([]);
    }
  });

  it("saves first if it is told to, or has rules to save and no log", async () => {
    const { node, client } = await shutDown("SAVE");
    expect(node.stops).to.deep.equal([]);
    node.persistence.asked[0]!.end();
    expect(await client.readToEnd()).to.deep.equal([]);
    expect(node.stops).to.deep.equal([undefined]);
    const cache = await SimServer.start({ save: "60 1" });
    cache.persistence.change({ log: null, gates: false });
    (await cache.connect()).send("SHUTDOWN");
    await cache.settle();
    expect(cache.persistence.asked).to.have.length(1);
  });

  it("goes on if the snapshot fails, unless forced", async () => {
    const { node, client } = await shutDown("SAVE");
    node.persistence.asked[0]!.end("disk full");
    expect(await client.read(2)).to.deep.equal([
      '-"ERR Errors trying to SHUTDOWN. Check logs."',
      '"behind it"',
    ]);
    expect(node.stops).to.deep.equal([]);
    const forced = await shutDown("SAVE", "FORCE");
    forced.node.persistence.asked[0]!.end("disk full");
    expect(await forced.client.readToEnd()).to.deep.equal([]);
    expect(forced.node.stops).to.deep.equal([undefined]);
  });

  it("may be called off while it saves", async () => {
    const { node, client } = await shutDown("SAVE");
    const other = await node.connect();
    expect(await other.ask("SHUTDOWN", "ABORT")).to.equal("OK");
    expect(await other.ask("SHUTDOWN", "ABORT")).to.equal('-"ERR No shutdown in progress."');
    node.persistence.asked[0]!.end();
    expect(await client.read(2)).to.deep.equal([
      '-"ERR Errors trying to SHUTDOWN. Check logs."',
      '"behind it"',
    ]);
    expect(node.stops).to.deep.equal([]);
  });
});
