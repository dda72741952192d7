import { expect } from "chai";
import type { Measurement } from "../../bench/measurement.js";
import { element } from "../../bench/report/markup.js";
import { page } from "../../bench/report/page.js";
import { type Report, reportOf } from "../../bench/report/report.js";
import { terminalReport } from "../../bench/report/terminal.js";
import { scales } from "../../bench/scale.js";

const rate: Measurement = {
  id: "p64-d3-set-rate",
  label: "SET, P64, 3 B",
  figure: "rate",
  goal: "rate-p64-d3",
  unit: "op/s",
  sample: "1,000 requests",
  ours: [130, 150, 140],
  rival: [100, 100, 100],
};

function report(measurements: readonly Measurement[], rivalName?: string): Report {
  const rival = { side: "rival", name: rivalName ?? "", version: "7.0.15", command: "redis-server" } as const;
  return reportOf({
    startedAt: "2025-01-31T10:00:00.000Z",
    seconds: 61,
    commandLine: "npm run bench --",
    scale: scales.full,
    rows: ["p64-d3"],
    machine: {
      processor: "A <fast> one",
      cores: 2,
      memoryGigabytes: 4,
      system: "Linux 6",
      node: "v20",
      loadGenerator: "redis-benchmark 7.0.15",
      pinning: "none",
      openFilesMax: 1024,
    },
    contenders: [
      { side: "ours", name: "torus", version: "0.1.0", command: "node main.js" },
      ...(rivalName === undefined ? [] : [rival]),
    ],
    measurements,
    failures: [],
  });
}

describe("the report of a benchmark", () => {
  it("needs nothing from elsewhere", () => {
    const html = page(report([rate], "redis"));
    expect(html).to.match(/^<!doctype html>/);
    expect(html).not.to.match(/<script|<link|<img|@import|url\(|https?:/);
  });

  it("tells the outcome, the ratio and its range in words", () => {
    const html = page(report([rate], "redis"));
    expect(html).to.include("aim reached");
    expect(html).to.include("\u00d71.40 (1.30\u20131.50)");
    const text = terminalReport(report([rate], "redis"));
    expect(text).to.match(
      /^aim .*pipelines of 64, 3-byte values \(must \u2265 \u00d71\.20, aim \u2265 \u00d71\.40\)/,
    );
    expect(text).to.include("redis 0.1 k/s");
  });

  it("names what a figure is beside where that is not the rival, and judges it without one too", () => {
    const own = { ...rate, beside: "one node alone" };
    for (const rivalName of ["redis", undefined]) {
      const both = report([own], rivalName);
      expect(both.verdicts.map(({ outcome }) => outcome)).to.deep.equal(["aim"]);
      expect(page(both)).to.include("SET, P64, 3 B, beside one node alone");
      expect(terminalReport(both)).to.include("one node alone 0.1 k/s");
    }
  });

  it("gives an interval of confidence instead of the range where there were many rounds", () => {
    const ours = Array.from({ length: 12 }, (_, round) => 101 + round);
    const many = { ...rate, ours, rival: ours.map(() => 100) };
    expect(terminalReport(report([many], "redis"))).to.include("\u00d71.065 (95 %: 1.030\u20131.100)");
  });

  it("says aloud that nobody was there to compare with, and judges no ratio then", () => {
    const alone = report([{ ...rate, rival: [] }]);
    expect(alone.verdicts.map(({ outcome }) => outcome)).to.deep.equal(["unjudged"]);
    expect(page(alone)).to.include("Nobody to compare with");
    expect(terminalReport(alone)).not.to.include("\u00d71.30");
  });

  it("calls a verdict only what had the keys and the rounds for one", () => {
    const whole = report([rate], "redis");
    expect(terminalReport(whole)).to.include("Full run, 5 rounds.");
    expect(terminalReport({ ...whole, scale: scales.quick })).to.include("hints, no verdict");
    expect(page({ ...whole, scale: { ...scales.full, rounds: 1 } })).to.include(
      "too few rounds for a verdict",
    );
  });

  it("does not hide a row that could not be measured", () => {
    const failed = { ...report([rate], "redis"), failures: [{ row: "start", reason: "no PONG" }] };
    expect(page(failed)).to.include("start could not be measured: no PONG");
    expect(terminalReport(failed)).to.include("FAILED start: no PONG");
  });

  it("warns of a machine that others used", () => {
    const foreign = (share: number): Measurement => ({
      ...{ ...rate, id: "foreign", figure: "foreign load", goal: undefined, unit: "share" },
      ours: [0, share, 0],
      rival: [0, 0, 0],
    });
    expect(page(report([rate, foreign(0.5)], "redis"))).to.include("Others used the machine");
    expect(page(report([rate, foreign(0.01)], "redis"))).not.to.include("Others used the machine");
  });

  it("is read back from JSON as it was", () => {
    const whole = report([rate], "redis");
    expect(page(JSON.parse(JSON.stringify(whole)) as Report)).to.equal(page(whole));
  });

  it("escapes what comes from the machine", () => {
    expect(page(report([rate], "<b>")))
      .to.include("A &lt;fast&gt; one")
      .and.not.include("<b>,");
    expect(element("a", { title: 'say "&"' }, "<'>").markup).to.equal(
      '<a title="say &quot;&amp;&quot;">&lt;&#39;&gt;</a>',
    );
  });
});
