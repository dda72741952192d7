import { expect } from "chai";
import type { Command } from "#torus/commands/command.js";
import {
  allCommands,
  categoriesOf,
  findCommand,
  keyPositions,
  keyRangeOf,
} from "#torus/commands/command-facts.js";
import { type Argument, parseSyntax } from "#torus/commands/syntax.js";
import { commandByName, commands } from "#torus/commands/table.js";

/** Redis gives these another arity than their arguments say; so do we. */
const ARITY_OF_ITS_OWN = [
  "client|kill",
  "command",
  "command|getkeys",
  "command|getkeysandflags",
  "debug",
  "geohash",
  "geopos",
  "pfmerge",
  "quit",
];

const named = [...allCommands(commands)];

describe("the table of commands", () => {
  it("names every command once, in small letters", () => {
    const names = named.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    for (const name of names) expect(name).to.match(/^[a-z][a-z_-]*(?:\|[a-z][a-z-]*)?$/);
    expect(commandByName.size).to.equal(commands.length);
  });

  it("says of each since when it is there, what it costs and, in a sentence, what it does", () => {
    for (const { name, command } of named) {
      expect(command.since, name).to.match(/^\d+\.\d+\.\d+$/);
      expect(command.complexity, name).to.match(/^(?:O\(.*|By .*)$/);
      expect(command.summary, name).to.match(/^[A-Z].*[A-Za-z)]\.$/);
      if (command.differs !== undefined) expect(command.differs, name).to.match(/^[A-Z].*\.$/);
    }
  });

  it("has an arity for each that agrees with its arguments", () => {
    for (const { name, command } of named) {
      if (command.kind === "container" || ARITY_OF_ITS_OWN.includes(name)) continue;
      const { least, isFixed } = wordsOf(parseSyntax(command.syntax ?? ""));
      const words = name.split("|").length + least;
      expect(command.arity, name).to.equal(isFixed ? words : -words);
    }
  });

  it("has a key spec for each key among the arguments, and an argument for each key spec", () => {
    for (const { name, command } of named) {
      const specs = new Set(keySpecIndexes(parseSyntax(command.syntax ?? "")));
      const keys = (command.keys ?? []).filter(({ access }) => !access.includes("not_key"));
      expect([...specs].sort(), name).to.deep.equal(keys.map((_, index) => index));
    }
  });

  it("lets every container answer HELP", () => {
    for (const { name, command } of named) {
      if (command.subcommands === undefined) continue;
      expect(
        command.subcommands.map((child) => child.name),
        name,
      ).to.include("help");
    }
  });

  it("gives each one category of speed, and its group's unless it only holds others", () => {
    for (const { name, command } of named) {
      const categories = categoriesOf(command);
      const isFast = command.flags.includes("fast");
      expect(categories.includes("fast"), name).to.equal(isFast);
      expect(categories.includes("slow"), name).to.equal(!isFast);
    }
    expect(categoriesOf(find("get"))).to.deep.equal(["read", "string", "fast"]);
    expect(categoriesOf(find("client|list"))).to.deep.equal(["admin", "slow", "dangerous", "connection"]);
    expect(categoriesOf(find("client"))).to.deep.equal(["slow"]);
  });

  it("finds a subcommand by its whole name in either case, and nothing below it", () => {
    expect(findCommand(commandByName, "CLIENT|Id")?.name).to.equal("client|id");
    expect(findCommand(commandByName, "client|id|x")).to.equal(undefined);
    expect(findCommand(commandByName, "get|x")).to.equal(undefined);
    expect(findCommand(commandByName, "")).to.equal(undefined);
  });
});

describe("the keys of a command", () => {
  const of = (...words: readonly string[]) => {
    const call = { count: words.length, head: (index: number) => words[index]! };
    return keyPositions(find(words[0]!), call);
  };
  const at = (name: string, count: number) => {
    return of(name, ...Array.from({ length: count - 1 }, () => "x")).map((key) => key.at);
  };

  it("are found from the first to the last by steps", () => {
    expect(at("get", 2)).to.deep.equal([1]);
    expect(at("del", 4)).to.deep.equal([1, 2, 3]);
    expect(at("mset", 5)).to.deep.equal([1, 3]);
    expect(at("mset", 4)).to.deep.equal([1, 3]);
    expect(at("memory|usage", 3)).to.deep.equal([2]);
    expect(at("ping", 2)).to.deep.equal([]);
  });

  it("are found by every key spec", () => {
    expect(of("copy", "a", "b").map(({ at, spec }) => [at, spec.access[0]])).to.deep.equal([
      [1, "RO"],
      [2, "OW"],
    ]);
    expect(keyRangeOf(find("copy"))).to.include({ first: 1, last: 2, step: 1 });
    expect(keyRangeOf(find("ping"))).to.deep.equal({ first: 0, last: 0, step: 0 });
    expect(keyRangeOf(find("sinterstore"))).to.include({ first: 1, last: -1, step: 1 });
  });

  it("are as many as an argument says, and none if that cannot be", () => {
    const keys = (...words: readonly string[]) => of("sintercard", ...words).map((key) => key.at);
    expect(keys("2", "a", "b", "LIMIT", "1")).to.deep.equal([2, 3]);
    expect(keys("1", "a", "b")).to.deep.equal([2]);
    for (const count of ["3", "0", "-1", "x", "1e9", "0x2", "2.0", " 2", ""])
      expect(keys(count, "a", "b"), count).to.deep.equal([]);
    expect(keyRangeOf(find("sintercard"))).to.deep.equal({ first: 0, last: 0, step: 0 });
  });

  it("stand behind a word, and not behind that of an option", () => {
    const keys = (line: string) => {
      const words = line.split(" ");
      return of(...words).map((key) => words[key.at]);
    };
    expect(keys("xread COUNT 1 streams a b 0 $")).to.deep.equal(["a", "b"]);
    expect(keys("xreadgroup GROUP g c NOACK STREAMS a b > >")).to.deep.equal(["a", "b"]);
    expect(keys("xreadgroup GROUP streams streams STREAMS a >")).to.deep.equal(["a"]);
    expect(keys("xreadgroup NOACK COUNT 1 GROUP streams STREAMS STREAMS a b > >")).to.deep.equal(["a", "b"]);
    expect(keys("xreadgroup COUNT 1 GROUP g STREAMS STREAMS STREAMS >")).to.deep.equal(["STREAMS"]);
    expect(keys("xreadgroup BLOCK 0 GROUP group count STREAMS a >")).to.deep.equal(["a"]);
    expect(keys("xreadgroup GROUP g c COUNT 1 a >")).to.deep.equal([]);
  });
});

function find(name: string): Command {
  return findCommand(commandByName, name)!.command;
}

interface Words {
  readonly least: number;
  /** No more than that can be given. */
  readonly isFixed: boolean;
}

/** How many words arguments take. */
function wordsOf(syntax: readonly Argument[]): Words {
  const each = syntax.map(wordsOfOne);
  return {
    least: each.reduce((sum, { least }) => sum + least, 0),
    isFixed: each.every(({ isFixed }) => isFixed),
  };
}

function wordsOfOne(argument: Argument): Words {
  const { type, token, optional, multiple, arguments: parts = [] } = argument;
  if (optional) return { least: 0, isFixed: false };
  const inner = type === "oneof" ? wordsOfChoice(parts) : parts.length > 0 ? wordsOf(parts) : ONE;
  const withToken = token !== undefined && type !== "pure-token" ? inner.least + 1 : inner.least;
  return { least: withToken, isFixed: inner.isFixed && !multiple };
}

const ONE: Words = { least: 1, isFixed: true };

function wordsOfChoice(alternatives: readonly Argument[]): Words {
  const each = alternatives.map(wordsOfOne);
  const least = Math.min(...each.map((words) => words.least));
  return { least, isFixed: each.every((words) => words.isFixed && words.least === least) };
}

function keySpecIndexes(syntax: readonly Argument[]): number[] {
  return syntax.flatMap(({ keySpecIndex, arguments: parts = [] }) => [
    ...(keySpecIndex === undefined ? [] : [keySpecIndex]),
    ...keySpecIndexes(parts),
  ]);
}
