import { expect } from "chai";
import { helpLines } from "#torus/commands/help.js";
import { synopsis } from "#torus/commands/synopsis.js";

describe("a synopsis", () => {
  const cases: [syntax: string | undefined, shown: string][] = [
    [undefined, ""],
    ["key value", "key value"],
    ["key...", "key [key ...]"],
    ["(field value)...", "field value [field value ...]"],
    ["key [condition=(NX|XX)] [GET]", "key [NX | XX] [GET]"],
    ["[KEYS key#1...]", "[KEYS key [key ...]]"],
    ["[GET pattern:pattern]...", "[GET pattern [GET pattern ...]]"],
    ["mode=(ON|OFF)", "(ON | OFF)"],
    ["[TYPE (A|B)]", "[TYPE (A | B)]"],
    [
      "filter=(ip:port|new-format=([ID id:integer]|[USER username])...)",
      "(ip:port | ([ID id] | [USER username]) ...)",
    ],
    ["change=CH score:double", "CH score"],
  ];
  for (const [syntax, shown] of cases) {
    it(`of ${syntax ?? "no arguments"} is ${shown || "empty"}`, () => {
      expect(synopsis(syntax)).to.equal(shown);
    });
  }
});

describe("HELP", () => {
  it("is laid out as in Redis, with values in angle brackets", () => {
    const entries = [
      { name: "get", syntax: "key [COUNT count:integer]", summary: "Gets it." },
      { name: "help", summary: "Helps." },
    ];
    expect(helpLines("thing", entries)).to.deep.equal([
      "THING <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "GET <key> [COUNT <count>]",
      "    Gets it.",
      "HELP",
      "    Helps.",
    ]);
  });
});
