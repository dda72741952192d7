/**
 * The tests that redis-benchmark does by default, but for SET and GET, which have rows of their own: rate and CPU time per operation at pipelines of
 * 16. Each begins with what it needs and nothing else: a list to pop from, a range to read.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type Bench, type Row, turnsOf, withServers } from "../bench.js";
import { type Figure, type Measurement, measurementsOf } from "../measurement.js";
import { fineCpuSeconds } from "../proc.js";
import { type BenchmarkResult, type BenchmarkRun, redisBenchmark } from "../redis-benchmark.js";
import { formatCount } from "../report/format.js";
import { Connection } from "../resp.js";
import type { Server } from "../servers.js";
import { requestsFor } from "../sizing.js";
import { inTurns } from "../turns.js";

interface DefaultTest {
  readonly name: string;
  /** The key that it changes, which is deleted first; undefined where nothing that was there matters. */
  readonly key?: string;
  /** The test that adds what this one takes or reads, and how often it is done: as often as this one if left out. */
  readonly needs?: { readonly test: string; readonly requests?: number };
  readonly words?: readonly string[];
  readonly reported?: string;
}

const shape = { pipeline: 16, clients: 50, valueBytes: 3 } as const;
const lists = { key: "mylist", needs: { test: "lpush" } } as const;

/** A type that comes is a line here. */
const tests: readonly DefaultTest[] = [
  { name: "incr" },
  { name: "lpush", key: "mylist" },
  { name: "rpush", key: "mylist" },
  { name: "lpop", ...lists },
  { name: "rpop", ...lists },
  { name: "sadd", key: "myset" },
  { name: "hset", key: "myhash" },
  { name: "spop", key: "myset", needs: { test: "sadd" } },
  { name: "zadd", key: "myzset" },
  { name: "zpopmin", key: "myzset", needs: { test: "zadd" } },
  ...[100, 300, 500, 600].map(lrange),
  { name: "mset", reported: "mset (10 keys)" },
  xadd(),
];

/** The redis-benchmark of Redis 7.0 has no test of it. */
function xadd(): DefaultTest {
  const words = ["XADD", "mystream", "*", "myfield", "data"];
  return { name: "xadd", key: "mystream", words, reported: words.join(" ").toLowerCase() };
}

/** Its own test would push as many elements as it reads ranges, and count that as work. */
function lrange(count: number): DefaultTest {
  const words = ["LRANGE", "mylist", "0", String(count - 1)];
  return {
    name: `lrange_${count}`,
    key: "mylist",
    needs: { test: "lpush", requests: 10_000 },
    words,
    reported: words.join(" ").toLowerCase(),
  };
}

export const defaultTestRows: readonly Row[] = tests.map((test) => ({
  name: `default-${test.name}`,
  title: `${titleOf(test)} of redis-benchmark, pipelines of ${shape.pipeline}, ${shape.clients} clients`,
  measure: (bench) => withServers(bench, (servers) => measure(bench, servers, test)),
}));

function titleOf({ name }: DefaultTest): string {
  return name.toUpperCase();
}

interface Cell extends BenchmarkResult {
  readonly cpuMicrosPerOp: number;
}

async function measure(bench: Bench, servers: readonly Server[], test: DefaultTest): Promise<Measurement[]> {
  for (const server of servers) await prepare(bench, server, test, test.needs?.requests ?? rehearsalElements);
  const requests = await requestsFor(
    bench,
    servers.map((server) => runOf(bench, server, test)),
    bench.scale.cellSeconds,
  );
  const run = async (server: Server) => {
    await prepare(bench, server, test, test.needs?.requests ?? requests);
    const cpuBefore = fineCpuSeconds(server.pid);
    const result = await redisBenchmark(bench.children, { ...runOf(bench, server, test), requests });
    const cpuMicrosPerOp = ((fineCpuSeconds(server.pid) - cpuBefore) * 1e6) / requests;
    const rate = `${(result.requestsPerSecond / 1000).toFixed(0)} k/s`.padStart(9);
    bench.note(
      `  ${server.name.padEnd(8)} ${rate} ${cpuMicrosPerOp.toFixed(2)} us/op  p99 ${result.p99Ms.toFixed(2)} ms`,
    );
    return { ...result, cpuMicrosPerOp };
  };
  const { rounds, warmUpRounds } = bench.scale;
  for (let round = 0; round < warmUpRounds; round++) for (const server of servers) await run(server);
  const cells = await inTurns(turnsOf(bench, servers, rounds), run);
  const about = {
    id: `default-${test.name}`,
    label: `${titleOf(test)}, P${shape.pipeline}`,
    sample: `${formatCount(requests)} requests, ${shape.clients} clients, after ${warmUpRounds} rounds to warm up`,
  };
  return measurementsOf(about, figures, cells);
}

/** For the rehearsal that tells how many requests make a run. */
const rehearsalElements = 100_000;

/** Lets the server have what the test needs, and nothing of what it did before. */
async function prepare(
  bench: Bench,
  server: Server,
  { key, needs }: DefaultTest,
  requests: number,
): Promise<void> {
  const { children, scale } = bench;
  if (key !== undefined) {
    const connection = await Connection.open(server.port);
    await connection.call("DEL", key);
    connection.close();
    // A large one may go bit by bit.
    await pause(scale.settleMs);
  }
  if (needs === undefined) return;
  await redisBenchmark(children, {
    ...shape,
    port: server.port,
    keyspace: scale.keyspace,
    command: needs.test,
    requests,
  });
}

function runOf({ scale }: Bench, { port }: Server, test: DefaultTest): Omit<BenchmarkRun, "requests"> {
  const { name, words, reported } = test;
  return {
    ...shape,
    port,
    keyspace: scale.keyspace,
    command: name,
    ...(words && { words }),
    ...(reported !== undefined && { reported }),
  };
}

const figures: readonly Figure<Cell>[] = [
  {
    id: "rate",
    figure: "rate",
    unit: "op/s",
    goal: "rate-default-tests",
    of: (cell) => cell.requestsPerSecond,
  },
  { id: "cpu", figure: "CPU per operation", unit: "us", of: (cell) => cell.cpuMicrosPerOp },
  { id: "p99", figure: "p99 latency", unit: "ms", of: (cell) => cell.p99Ms },
];
