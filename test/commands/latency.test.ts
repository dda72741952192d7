import { expect } from "chai";
import { DurationHistogram } from "#torus/base/duration-histogram.js";
import { latencyGraph } from "#torus/commands/latency-graph.js";
import { LatencyMonitor } from "#torus/commands/latency-monitor.js";
import { NodeSuite } from "../support/node-suite.js";
import { notate } from "../support/notation.js";
import { textOf } from "../support/reply.js";

describe("a graph of spikes", () => {
  it("is as Redis draws it", () => {
    const monitor = new LatencyMonitor();
    for (const [i, ms] of [43, 20, 30, 25, 43].entries()) monitor.add("command", ms, 1000 + 70 * i);
    expect(latencyGraph("command", monitor.events.get("command")!, 1300)).to.equal(
      [
        "command - high 43 ms, low 20 ms (all time high 43 ms)",
        "-".repeat(80),
        "#   #",
        "|   |",
        "| # |",
        "|_|#|",
        "     ",
        "53212",
        "mmmm0",
        "    s",
        "",
      ].join("\n"),
    );
  });

  it("goes on below where there are more spikes than columns", () => {
    const monitor = new LatencyMonitor();
    for (let i = 0; i < 100; i++) monitor.add("command", 10 + (i % 7), 1000 * i);
    const lines = latencyGraph("command", monitor.events.get("command")!, 100_000).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).to.equal(80);
    // A title, and twice the bars, a gap and ages of at most three digits.
    expect(lines).to.have.length(2 + (4 + 1 + 3) + 1 + (4 + 1 + 3) + 1);
  });
});

describe("a percentile of durations", () => {
  it("is the bound of the bucket that it falls into", () => {
    const histogram = new DurationHistogram();
    expect(histogram.percentile(50)).to.equal(0);
    for (let i = 0; i < 99; i++) histogram.note(3);
    histogram.note(100);
    expect([0, 50, 99, 99.5, 100].map((percent) => histogram.percentile(percent))).to.deep.equal([
      4, 4, 4, 128, 128,
    ]);
  });
});

describe("how long commands take", () => {
  const suite = new NodeSuite();

  it("is told by LATENCY HISTOGRAM and INFO of commands that were timed", async () => {
    const client = await suite.connect();
    await client.call("CONFIG", "RESETSTAT");
    for (let i = 0; i < 3; i++) await client.call("MGET", "a", "b");
    const told = notate(await client.call("LATENCY", "HISTOGRAM", "mget", "nosuch", "set"));
    expect(told).to.match(/^\["mget" \["calls" 3 "histogram_usec" \[.* 3\]\]\]$/);
    expect(notate(await client.call("LATENCY", "HISTOGRAM", "config"))).to.match(/"config\|resetstat"/);
    const info = textOf(await client.call("INFO", "latencystats"))!;
    expect(info).to.match(/^latency_percentiles_usec_mget:p50=\d+\.000,p99=\d+\.000,p99\.9=\d+\.000\r$/m);
    await client.call("CONFIG", "SET", "latency-tracking-info-percentiles", "25");
    expect(textOf(await client.call("INFO", "latencystats"))).to.match(/usec_mget:p25=\d+\.000\r$/m);
  });

  it("is not kept while latency-tracking says no", async () => {
    const client = await suite.connect();
    await client.call("CONFIG", "SET", "latency-tracking", "no");
    await client.call("CONFIG", "RESETSTAT");
    await client.call("MGET", "a", "b");
    expect(notate(await client.call("LATENCY", "HISTOGRAM"))).to.equal("[]");
    await client.call("CONFIG", "SET", "latency-tracking", "yes");
  });

  it("is told to people", async () => {
    const client = await suite.connect();
    const doctor = async () => textOf(await client.call("LATENCY", "DOCTOR"))!;
    expect(await doctor()).to.include("not watched for");
    await client.call("CONFIG", "SET", "latency-monitor-threshold", "1");
    await client.call("LATENCY", "RESET");
    expect(await doctor()).to.include("nothing to report");
    expect(notate(await client.call("LATENCY", "GRAPH", "nosuch"))).to.equal(
      `-"ERR No samples available for event 'nosuch'"`,
    );
    await client.call("CONFIG", "SET", "latency-monitor-threshold", "0");
  });
});

describe("MEMORY and LOLWUT", () => {
  const suite = new NodeSuite();

  it("tell where memory goes", async () => {
    const client = await suite.connect();
    await client.call("SET", "k", "x".repeat(1000));
    await client.call("HELLO", "3");
    const stats = notate(await client.call("MEMORY", "STATS"));
    for (const name of [
      "peak.allocated",
      "total.allocated",
      "keys.bytes-per-key",
      "db.0",
      "dataset.percentage",
    ]) {
      expect(stats).to.include(`"${name}"`);
    }
    expect(stats).to.match(/"keys\.count": 1\b/);
    expect(textOf(await client.call("MEMORY", "DOCTOR"))).to.include("hardly any data");
    expect(textOf(await client.call("MEMORY", "MALLOC-STATS"))).to.match(/^db0: keys=1 cells=\d+ /m);
    expect(notate(await client.call("MEMORY", "PURGE"))).to.equal("OK");
  });

  it("draw a torus, whichever version is asked for", async () => {
    const client = await suite.connect();
    for (const args of [[], ["VERSION", "5"], ["VERSION", "99", "1", "2"], ["anything"]]) {
      const drawn = textOf(await client.call("LOLWUT", ...args))!;
      expect(drawn).to.match(/[@$#]/);
      expect(drawn).to.match(/\nTorusKV ver\. \d+\.\d+\.\d+\S*\n$/);
    }
    expect(notate(await client.call("LOLWUT", "VERSION", "x"))).to.equal(
      '-"ERR value is not an integer or out of range"',
    );
  });
});
