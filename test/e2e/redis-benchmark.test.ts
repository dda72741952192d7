import { expect } from "chai";
import { runProgram } from "../support/program.js";
import { needsProgram } from "../support/requirements.js";
import { onEveryServer } from "../support/servers.js";
import { connectTo, type Target } from "../support/target.js";

const TESTS = [
  ...[
    "PING_INLINE",
    "PING_MBULK",
    "SET",
    "GET",
    "INCR",
    "LPUSH",
    "RPUSH",
    "LPOP",
    "RPOP",
    "SADD",
    "HSET",
    "SPOP",
    "ZADD",
    "ZPOPMIN",
  ],
  ...["LPUSH (needed to benchmark LRANGE)", "LRANGE_100 (first 100 elements)"],
  ...["MSET (10 keys)"],
];
const NAMES = "ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange_100,mset";

onEveryServer("redis-benchmark", (start) => {
  let target: Target;
  before(async function () {
    await needsProgram(this, "redis-benchmark");
    target = await start();
  });
  after(() => target?.close());

  async function benchmark(...options: readonly string[]): Promise<string> {
    const common = ["-p", String(target.address.port), "-t", NAMES, "-q"];
    const run = await runProgram("redis-benchmark", [...common, ...options]);
    expect(run.code, run.errors).to.equal(0);
    expect(run.errors).to.equal("");
    return run.output;
  }

  for (const options of [
    ["-n", "2000", "-c", "50"],
    ["-n", "4000", "-c", "20", "-P", "16", "-r", "100000", "-d", "100"],
    ["-n", "2000", "-c", "10", "-3"],
  ]) {
    it(`completes every test with ${options.join(" ")}`, async () => {
      const output = await benchmark(...options);
      expect(output).not.to.match(/error/i);
      for (const name of TESTS) expect(output).to.contain(`${name}: `);
      expect(output.match(/requests per second/g)).to.have.lengthOf(TESTS.length);
    });
  }

  it("leaves a server that has stored what it sent", async () => {
    const client = await connectTo(target);
    expect(await client.ask("STRLEN", "key:__rand_int__")).to.equal("3");
    expect(await client.ask("GET", "counter:__rand_int__")).to.match(/^"\d+"$/);
    await client.close();
  });
});
