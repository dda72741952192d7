import { expect } from "chai";
import { formatDuration, formatFigure, formatRatio, formatSpread } from "../../bench/report/format.js";

describe("figures in the report", () => {
  it("have their unit beside them and no false precision", () => {
    expect(formatFigure(1_234_567, "op/s")).to.equal("1.23 M/s");
    expect(formatFigure(93_370, "op/s")).to.equal("93.4 k/s");
    expect(formatFigure(7.084, "us")).to.equal("7.08 \u00b5s");
    expect(formatFigure(3.456, "ms")).to.equal("3.46 ms");
    expect(formatFigure(1234.5, "ms")).to.equal("1,235 ms");
    expect(formatFigure(62.96, "bytes")).to.equal("63.0 B");
    expect(formatFigure(0.987, "share")).to.equal("99 %");
    expect(formatFigure(200_000, "count")).to.equal("200,000");
    expect(formatRatio(1.2345)).to.equal("\u00d71.23");
  });

  it("write a range in the notation of its median", () => {
    expect(formatSpread({ median: 402_000, min: 99_800, max: 1_200_000 }, "op/s")).to.equal(
      "402 k/s (100\u20131,200)",
    );
    expect(formatSpread({ median: 5, min: 5, max: 5 }, "ms")).to.equal("5.00 ms");
  });

  it("write how long a run took", () => {
    expect(formatDuration(59.4)).to.equal("59 s");
    expect(formatDuration(200)).to.equal("3 min 20 s");
  });
});
