import { expect } from "chai";
import { parseOptions, splitWords } from "../../bench/options.js";
import { rowsNamed } from "../../bench/rows.js";

describe("the command line of the benchmark", () => {
  it("measures everything in full beside redis-server if nothing is said", () => {
    const options = parseOptions([]);
    expect(options.scale.name).to.equal("full");
    expect(options.only).to.deep.equal([]);
    expect(options.against).to.equal(undefined);
    expect(options.pin).to.equal(true);
  });

  it("takes command lines apart as a shell would, as far as quotes go", () => {
    expect(splitWords(`redis-server --port {port} --save "" --dir '/a b' x"y z"`)).to.deep.equal([
      ...["redis-server", "--port", "{port}", "--save", "", "--dir", "/a b", "xy z"],
    ]);
    expect(splitWords("  ")).to.deep.equal([]);
  });

  it("gives every measurement the number of rounds asked for, and more time", () => {
    const { scale } = parseOptions(["--quick", "--rounds", "9"]);
    const { rounds, memoryRounds, stallRounds, pairs, faults } = scale;
    expect([rounds, memoryRounds, stallRounds, pairs, faults]).to.deep.equal([9, 9, 9, 9, 9]);
    expect(scale.minutesMax).to.be.greaterThan(parseOptions(["--quick"]).scale.minutesMax);
  });

  it("names what it cannot understand", () => {
    expect(() => parseOptions(["--rounds", "0"])).to.throw(RangeError, "--rounds 0");
    expect(() => parseOptions(["--rounds", "two"])).to.throw(RangeError, "--rounds two");
    expect(() => parseOptions(["--quick", "--smoke"])).to.throw(RangeError, "--smoke");
    expect(() => parseOptions(["--against", "redis-server"])).to.throw(RangeError, "{port}");
    expect(() => parseOptions(["--alone", "--against", "x {port}"])).to.throw(RangeError, "--alone");
    expect(() => parseOptions(["--bogus"])).to.throw(TypeError, "--bogus");
  });

  it("selects rows by name or group, in their usual order", () => {
    expect(rowsNamed(parseOptions(["--only", "p64,p16-d100"]).only).map((row) => row.name)).to.deep.equal([
      ...["p64-d3", "p16-d100", "p64-d100"],
    ]);
    expect(rowsNamed(["p1"]).map((row) => row.name)).to.deep.equal(["p1-d3"]);
    expect(() => rowsNamed(["p7"])).to.throw(RangeError, "--only p7");
  });
});
