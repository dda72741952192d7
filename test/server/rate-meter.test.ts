import { expect } from "chai";
import type { NodeStats } from "#torus/commands/session.js";
import { RateMeter } from "#torus/server/rate-meter.js";

describe("the rates", () => {
  function statsOf(): NodeStats {
    return {
      totalConnections: 0,
      rejectedConnections: 0,
      totalCommands: 0,
      inputBytes: 0,
      outputBytes: 0,
      totalErrors: 0,
      commandRate: 0,
      inputRate: 0,
      outputRate: 0,
      evictedClients: 0,
      peakMemoryBytes: 0,
      errorsByCode: new Map(),
    };
  }

  it("are the means over the last sixteen samples", () => {
    const stats = statsOf();
    const meter = new RateMeter(stats);
    for (let period = 0; period <= 100; period++) {
      stats.totalCommands += period < 50 ? 10 : 100;
      stats.inputBytes += 1000;
      stats.outputBytes += 2000;
      meter.sample(period * 100);
      if (period === 49) expect(stats.commandRate).to.equal(100);
    }
    expect(stats.commandRate).to.equal(1000);
    expect(stats.inputRate).to.equal(10_000);
    expect(stats.outputRate).to.equal(20_000);
  });

  it("are there from the second sample on, and 0 before", () => {
    const stats = statsOf();
    const meter = new RateMeter(stats);
    stats.totalCommands = 1000;
    meter.sample(5000);
    expect(stats.commandRate).to.equal(0);
    stats.totalCommands = 1010;
    meter.sample(5100);
    expect(stats.commandRate).to.equal(100);
  });

  it("cover as long a time whatever the frequency of samples", () => {
    const stats = statsOf();
    const meter = new RateMeter(stats);
    for (let ms = 0; ms <= 1000; ms += 2) {
      stats.totalCommands = ms < 500 ? 0 : ms - 500;
      meter.sample(ms);
    }
    expect(stats.commandRate).to.equal(500);
  });

  it("begin anew after the counters did", () => {
    const stats = statsOf();
    const meter = new RateMeter(stats);
    stats.totalCommands = 1_000_000;
    meter.sample(0);
    stats.totalCommands = 5;
    meter.sample(100);
    stats.totalCommands = 15;
    meter.sample(200);
    expect(stats.commandRate).to.equal(100);
  });
});
