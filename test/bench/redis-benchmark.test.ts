import { expect } from "chai";
import { resultOf } from "../../bench/redis-benchmark.js";

const csv = `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
"SET","682128.25","1.068","0.272","0.943","1.799","3.815","9.063"
"GET","1026694.06","0.670","0.240","0.639","0.911","1.215","2.959"
`;

describe("the CSV of redis-benchmark", () => {
  it("is read by the names of its columns", () => {
    expect(resultOf(csv, "get")).to.deep.equal({
      requestsPerSecond: 1026694.06,
      p50Ms: 0.639,
      p99Ms: 1.215,
      maxMs: 2.959,
    });
    const reordered =
      '"test","p99_latency_ms","rps","max_latency_ms","p50_latency_ms"\r\n"SET","4","1000","9","2"\r\n';
    expect(resultOf(reordered, "set")).to.deep.equal({
      requestsPerSecond: 1000,
      p50Ms: 2,
      p99Ms: 4,
      maxMs: 9,
    });
  });

  it("is refused, with its own words, if a figure is missing", () => {
    expect(() => resultOf(csv, "incr")).to.throw(RangeError, "no rps for incr");
    expect(() => resultOf("Error from server: ERR unknown command", "set")).to.throw(
      RangeError,
      "ERR unknown command",
    );
    expect(() => resultOf(csv.replace('"3.815"', '""'), "set")).to.throw(RangeError, "no p99_latency_ms");
    expect(() => resultOf(csv.replace('"3.815"', '"-nan"'), "set")).to.throw(RangeError, "no p99_latency_ms");
  });
});
