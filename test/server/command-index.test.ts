import { expect } from "chai";
import { commands } from "#torus/commands/table.js";
import { CONCERNS_NODE, CommandIndex, type Entry } from "#torus/server/command-index.js";

describe("the index of commands", () => {
  const index = new CommandIndex(commands);
  const names = commands.map(({ name }) => name);

  function find(name: string): Entry | undefined {
    // Between other bytes, as names stand in a request.
    const bytes = Buffer.from(`$9\r\n${name}\r\n`, "latin1");
    return index.find(bytes, 4, 4 + name.length);
  }

  it("finds every command, in whichever case its name comes", () => {
    for (const name of names) {
      const mixed = name.replace(/./g, (letter, at: number) =>
        at % 2 === 0 ? letter.toUpperCase() : letter,
      );
      for (const given of [name, name.toUpperCase(), mixed]) expect(find(given)?.name).to.equal(name);
    }
  });

  it("knows that what operators do concerns the node that they do it to", () => {
    const operators = [...index.all()].filter(({ command }) => command.flags.includes("admin"));
    expect(operators.map(({ name }) => name)).to.include.members([
      "config|set",
      "client|kill",
      "slowlog|reset",
      "acl|setuser",
    ]);
    for (const { name, bits } of operators) expect(bits & CONCERNS_NODE, name).to.not.equal(0);
    expect(find("set")!.bits & CONCERNS_NODE).to.equal(0);
  });

  it("knows up to how many arguments a command takes constant time: all if it is so declared, the fewest if it is fast", () => {
    const upTo = (name: string) => find(name)!.constantUpTo;
    for (const name of ["get", "set", "llen"]) expect(upTo(name), name).to.equal(Number.MAX_SAFE_INTEGER);
    expect(["lpush", "lpop", "sadd", "spop", "hset"].map(upTo)).to.deep.equal([3, 2, 3, 2, 4]);
    expect(["lrange", "keys", "sunion", "hgetall"].map(upTo)).to.deep.equal([0, 0, 0, 0]);
  });

  it("finds nothing by a name that lacks its end, has one letter more, or is empty", () => {
    const known = new Set(names);
    for (const name of names) {
      for (const given of [name.slice(0, -1), `${name}x`, `x${name}`, `${name}\0`]) {
        if (!known.has(given)) expect(find(given), given).to.equal(undefined);
      }
    }
    expect(find("")).to.equal(undefined);
  });

  it("finds nothing by a name with any one bit of it turned, but for the one that makes a letter upper case", () => {
    const known = new Set(names);
    for (const name of names) {
      for (let at = 0; at < name.length; at++) {
        for (let bit = 0; bit < 8; bit++) {
          const byte = name.charCodeAt(at) ^ (1 << bit);
          const given = name.slice(0, at) + String.fromCharCode(byte) + name.slice(at + 1);
          const isUpperCase = bit === 5 && /[a-z]/.test(name[at]!);
          if (isUpperCase) expect(find(given)?.name, given).to.equal(name);
          else if (!known.has(given)) expect(find(given), given).to.equal(undefined);
        }
      }
    }
  });

  it("takes the signs next to the letters for no letters: they differ from each other by the bit of lower case", () => {
    const signs = new CommandIndex(
      commands.slice(0, 1).map((command) => ({ ...command, name: "a`b{c|d}e~f" })),
    );
    const found = (name: string) => signs.find(Buffer.from(name, "latin1"), 0, name.length)?.name;
    expect(found("A`B{C|D}E~F")).to.equal("a`b{c|d}e~f");
    for (const given of ["a@b{c|d}e~f", "a`b[c|d}e~f", "a`b{c\\d}e~f", "a`b{c|d]e~f", "a`b{c|d}e^f"]) {
      expect(found(given), given).to.equal(undefined);
    }
  });

  it("lists subcommands behind their command, by their full names", () => {
    const all = [...index.all()].map(({ name }) => name);
    expect(all).to.include.members(["client|list", "config|set", "get"]);
    expect(new Set(all).size).to.equal(all.length);
    expect(all.indexOf("client|list")).to.be.greaterThan(all.indexOf("client"));
  });
});
