import { expect } from "chai";
import { runProgram } from "../support/program.js";
import { encodeCommand } from "../support/request.js";
import { needsProgram } from "../support/requirements.js";
import { onEveryServer } from "../support/servers.js";
import { connectTo, type Target } from "../support/target.js";

onEveryServer("redis-cli", (start) => {
  let target: Target;

  before(async function () {
    await needsProgram(this, "redis-cli");
    target = await start();
  });
  after(() => target?.close());
  beforeEach(async () => {
    const client = await connectTo(target);
    await client.call("FLUSHALL");
    await client.call("MSET", "apple", "1", "banana", "22", "cherry", "x".repeat(500));
    await client.call("HSET", "basket", "pear", "3", "plum", "4");
    await client.close();
  });

  /** What redis-cli prints; fails if it does not end well. */
  async function cli(args: readonly string[], input?: string | Uint8Array): Promise<string> {
    const run = await runProgram("redis-cli", ["-p", String(target.address.port), ...args], {
      input: input ?? "",
    });
    expect(run.code, run.errors).to.equal(0);
    return run.output;
  }

  it("starts an interactive session, with help from COMMAND DOCS", async function () {
    await needsProgram(this, "script");
    const session = `redis-cli -p ${target.address.port}`;
    const typed = "PING\nGET apple\nHELP STRLEN\nBOGUS\nQUIT\n";
    const { output } = await runProgram("script", ["-qec", session, "/dev/null"], { input: typed });
    expect(output)
      .to.match(/> PONG\s/)
      .and.match(/> "1"\s/);
    expect(output)
      .to.match(/STRLEN\S* \S*key/)
      .and.match(/since:\S* 2\.2\.0/)
      .and.match(/group:\S* string/);
    expect(output).to.contain("(error) ERR unknown command 'BOGUS', with args beginning with: ");
  });

  it("runs commands from its arguments and from its input", async () => {
    expect(await cli(["GET", "banana"])).to.equal("22\n");
    expect(await cli(["--no-raw", "MGET", "apple", "absent"])).to.equal('1) "1"\n2) (nil)\n');
    expect(await cli([], "INCR apple\nINCR apple\nTYPE basket\n")).to.equal("2\n3\nhash\n");
    expect(await cli(["-n", "3", "DBSIZE"])).to.equal("0\n");
    expect(await cli(["-r", "3", "INCR", "counter"])).to.equal("1\n2\n3\n");
    expect(await cli(["-x", "SET", "from-input"], "any\nbytes")).to.equal("OK\n");
    expect(await cli(["GET", "from-input"])).to.equal("any\nbytes\n");
  });

  it("speaks RESP3 with -3", async () => {
    expect(await cli(["-3", "--no-raw", "HGETALL", "basket"])).to.equal(
      '1# "pear" => "3"\n2# "plum" => "4"\n',
    );
    expect(await cli(["-3", "--no-raw", "GET", "absent"])).to.equal("(nil)\n");
    expect(await cli(["-3", "--json", "HGETALL", "basket"])).to.equal('{"pear":"3","plum":"4"}\n');
  });

  it("finds every key with --scan, also by pattern and by type", async () => {
    const lines = (output: string): string[] => output.trim().split("\n").sort();
    expect(lines(await cli(["--scan"]))).to.deep.equal(["apple", "banana", "basket", "cherry"]);
    expect(lines(await cli(["--scan", "--pattern", "ba*"]))).to.deep.equal(["banana", "basket"]);
    expect(lines(await cli(["--scan", "--pattern", "nothing*"]))).to.deep.equal([""]);
  });

  it("finds the biggest keys with --bigkeys, and their memory with --memkeys", async () => {
    const big = await cli(["--bigkeys"]);
    expect(big).to.contain("Sampled 4 keys in the keyspace!");
    expect(big).to.contain(`Biggest string found '"cherry"' has 500 bytes`);
    expect(big).to.contain(`Biggest   hash found '"basket"' has 2 fields`);
    const memory = await cli(["--memkeys"]);
    expect(memory).to.match(/Biggest string found '"cherry"' has \d{3,} bytes/);
    expect(memory).to.match(/Biggest {3}hash found '"basket"' has \d+ bytes/);
  });

  it("loads commands in bulk with --pipe", async () => {
    const commands = Array.from({ length: 10_000 }, (_, i) => encodeCommand(["SET", `piped:${i}`, i]));
    expect(await cli(["--pipe"], Buffer.concat(commands))).to.contain("errors: 0, replies: 10000");
    const port = String(target.address.port);
    const failed = await runProgram("redis-cli", ["-p", port, "--pipe"], { input: encodeCommand(["BOGUS"]) });
    expect(failed.errors).to.contain("ERR unknown command 'BOGUS'");
    expect(failed.output).to.contain("errors: 1, replies: 1");
    expect(await cli(["GET", "piped:9999"])).to.equal("9999\n");
  });

  it("measures latency until it is stopped", async () => {
    const [low, high, mean, samples] = (await cli(["--latency", "-i", "1"])).trim().split(" ").map(Number);
    expect(samples).to.be.greaterThan(10);
    expect(mean).to.be.within(low!, high!);
  });

  it("says so when nobody listens", async () => {
    const run = await runProgram("redis-cli", ["-p", "1", "PING"]);
    expect(run.code).to.equal(1);
    expect(run.errors).to.contain("Connection refused");
  });
});

onEveryServer("redis-cli with a password", (start) => {
  let target: Target;
  before(async function () {
    await needsProgram(this, "redis-cli");
    target = await start({ requirepass: "secret" });
  });
  after(() => target?.close());

  it("logs in with -a, and is told off without", async () => {
    const said = async (...args: readonly string[]): Promise<string> => {
      const port = String(target.address.port);
      const run = await runProgram("redis-cli", ["-p", port, "--no-auth-warning", ...args]);
      return run.output + run.errors;
    };
    expect(await said("-a", "secret", "PING")).to.equal("PONG\n");
    expect(await said("--user", "default", "--pass", "secret", "PING")).to.equal("PONG\n");
    expect(await said("PING")).to.equal("NOAUTH Authentication required.\n\n");
    expect(await said("-a", "wrong", "PING")).to.contain("WRONGPASS invalid username-password pair");
  });
});
