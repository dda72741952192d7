import { expect } from "chai";
import { NodeSuite } from "../support/node-suite.js";
import { needsRedis, startRedis } from "../support/redis-server.js";
import { textOf } from "../support/reply.js";
import { connectTo, REFERENCE_VERSION } from "../support/target.js";
import type { WireClient } from "../support/wire-client.js";

async function info(client: WireClient, ...sections: string[]): Promise<string> {
  return textOf(await client.call("INFO", ...sections))!;
}

function titlesOf(text: string): string[] {
  return [...text.matchAll(/^# (.*)\r$/gm)].map((match) => match[1]!);
}

function fieldsOf(text: string): Map<string, string> {
  const lines = text.split("\r\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

/** Fields that Redis does not have. */
const OURS = ["torus_version", "runtime", "runtime_heap_used", "runtime_heap_total", "runtime_array_buffers"];

/** What these read: redis-cli --stat, ioredis, node-redis, RedisInsight, redis_exporter. */
const READ_BY_TOOLS = [
  ..."used_memory connected_clients blocked_clients total_commands_processed total_connections_received".split(
    " ",
  ),
  ..."loading redis_version redis_mode role master_replid connected_slaves cluster_enabled".split(" "),
  ..."os arch_bits process_id tcp_port uptime_in_seconds uptime_in_days run_id hz executable config_file".split(
    " ",
  ),
  ..."used_memory_human used_memory_rss used_memory_peak used_memory_peak_human maxmemory maxmemory_human".split(
    " ",
  ),
  ..."maxmemory_policy mem_fragmentation_ratio total_system_memory used_memory_dataset used_memory_overhead".split(
    " ",
  ),
  ..."used_memory_lua allocator_frag_ratio mem_clients_normal mem_allocator".split(" "),
  ..."rdb_changes_since_last_save rdb_bgsave_in_progress rdb_last_save_time rdb_last_bgsave_status".split(
    " ",
  ),
  ..."aof_enabled aof_rewrite_in_progress aof_last_write_status aof_last_bgrewrite_status".split(" "),
  ..."instantaneous_ops_per_sec instantaneous_input_kbps instantaneous_output_kbps".split(" "),
  ..."total_net_input_bytes total_net_output_bytes rejected_connections expired_keys evicted_keys".split(" "),
  ..."keyspace_hits keyspace_misses pubsub_channels pubsub_patterns latest_fork_usec total_error_replies".split(
    " ",
  ),
  ..."master_repl_offset repl_backlog_size used_cpu_sys used_cpu_user maxclients".split(" "),
];

describe("INFO", () => {
  const suite = new NodeSuite();

  it("has Redis's sections in Redis's order, and no field that is neither Redis's nor known as ours", async function () {
    await needsRedis(this, REFERENCE_VERSION);
    const redis = await startRedis();
    const reference = await connectTo(redis);
    const client = await suite.connect();
    try {
      expect(titlesOf(await info(client))).to.deep.equal(titlesOf(await info(reference)));
      expect(titlesOf(await info(client, "all"))).to.deep.equal(titlesOf(await info(reference, "all")));
      const theirs = fieldsOf(await info(reference));
      for (const name of fieldsOf(await info(client)).keys()) {
        if (!OURS.includes(name)) expect(theirs.has(name), name).to.equal(true);
      }
    } finally {
      await reference.close();
      await redis.close();
    }
  });

  it("has what tools read", async () => {
    const fields = fieldsOf(await info(await suite.connect()));
    for (const name of READ_BY_TOOLS) expect(fields.has(name), name).to.equal(true);
  });

  it("shows sections by name in its own order, each once, and nothing for unknown names", async () => {
    const client = await suite.connect();
    expect(titlesOf(await info(client, "keyspace", "SERVER", "bogus", "server"))).to.deep.equal([
      "Server",
      "Keyspace",
    ]);
    expect(titlesOf(await info(client, "default", "commandstats"))).to.include.members([
      "CPU",
      "Commandstats",
    ]);
    expect(await info(client, "bogus")).to.equal("");
  });

  it("counts keys, hits, misses, expired keys and errors", async () => {
    const client = await suite.connect();
    await client.call("SET", "a", "1");
    await client.call("SET", "b", "1", "PX", "1");
    await client.call("SELECT", 5);
    await client.call("SET", "c", "1", "EX", 1000);
    await client.call("SET", "d", "1", "EX", 3000);
    await client.call("GET", "c");
    await client.call("GET", "absent");
    await client.call("INCR", "c", "many", "words");
    await client.call("HGET", "c", "f");
    const fields = fieldsOf(await info(client, "default", "commandstats"));
    expect(fields.get("keyspace_hits")).to.equal("2");
    expect(fields.get("keyspace_misses")).to.equal("1");
    expect(fields.get("errorstat_ERR")).to.equal("count=1");
    expect(fields.get("errorstat_WRONGTYPE")).to.equal("count=1");
    expect(fields.get("cmdstat_incr")).to.match(/^calls=0,.*rejected_calls=1,failed_calls=0$/);
    expect(fields.get("cmdstat_hget")).to.match(/^calls=1,.*rejected_calls=0,failed_calls=1$/);
    const [, ttl] = /^keys=2,expires=2,avg_ttl=(\d+)$/.exec(fields.get("db5")!)!;
    expect(Number(ttl)).to.be.within(1_900_000, 2_000_000);
  });

  it("tells of memory what grows with data, and what the process really holds", async () => {
    const client = await suite.connect();
    const before = fieldsOf(await info(client, "memory"));
    await client.call("SET", "large", "x".repeat(1_000_000));
    const after = fieldsOf(await info(client, "memory"));
    const grown = Number(after.get("used_memory")) - Number(before.get("used_memory"));
    expect(grown).to.be.within(1_000_000, 1_400_000);
    expect(Number(after.get("used_memory_peak"))).to.be.at.least(Number(after.get("used_memory")));
    expect(Number(after.get("used_memory_rss"))).to.be.greaterThan(
      Number(after.get("runtime_array_buffers")),
    );
    expect(after.get("used_memory_human")).to.match(/^\d+\.\d\dM$/);
    const parts = Number(after.get("used_memory_overhead")) + Number(after.get("used_memory_dataset"));
    expect(parts).to.equal(Number(after.get("used_memory")));
  });

  it("starts from zero after CONFIG RESETSTAT, but keeps what is no statistic", async () => {
    const client = await suite.connect();
    await client.call("BOGUS");
    await client.call("CONFIG", "RESETSTAT");
    const fields = fieldsOf(await info(client));
    expect(fields.get("total_error_replies")).to.equal("0");
    expect(fields.has("errorstat_ERR")).to.equal(false);
    expect(fields.get("connected_clients")).to.equal("1");
  });
});
