import { expect } from "chai";
import { importsOf } from "../../scripts/source-imports.js";
import { tokensOf } from "../../scripts/source-tokens.js";

function shown(source: string): string[] {
  return tokensOf(source).map(({ kind, text, line }) => `${line} ${kind} ${text}`);
}

describe("tokens of a source", () => {
  it("tell a regular expression from a division", () => {
    expect(shown('a / b / "c"; x = /["/*]/g')).to.deep.equal([
      "1 word a",
      "1 punctuation /",
      "1 word b",
      "1 punctuation /",
      '1 string "c"',
      "1 punctuation ;",
      "1 word x",
      "1 punctuation =",
      '1 regexp /["/*]/g',
    ]);
  });

  it("resume a template behind each substitution, nested ones and braces included", () => {
    expect(shown("`a${ {b: `c${d}`} }e` // f")).to.deep.equal([
      "1 template `a${",
      "1 punctuation {",
      "1 word b",
      "1 punctuation :",
      "1 template `c${",
      "1 word d",
      "1 template }`",
      "1 punctuation }",
      "1 template }e`",
      "1 comment // f",
    ]);
  });

  it("carry their lines, across comments and templates of many lines and behind a shebang", () => {
    expect(shown("#!/usr/bin/env node\n/*\n*/ a\n`\n\n` b")).to.deep.equal([
      "2 comment /*\n*/",
      "3 word a",
      "4 template `\n\n`",
      "6 word b",
    ]);
  });
});

describe("imports of a source", () => {
  const cases: readonly (readonly [source: string, specifiers: readonly (string | undefined)[]])[] = [
    ['import { a } from "./a.js"', ["./a.js"]],
    ['import type { A } from "./a.js"', ["./a.js"]],
    ['import { type A,\n b } from "./a.js"', ["./a.js"]],
    ['import a, * as b from "./a.js"', ["./a.js"]],
    ['import a, { b } from "./a.js"', ["./a.js"]],
    ['import "./a.js"', ["./a.js"]],
    ['import { "odd name" as a } from "./a.js"', ["./a.js"]],
    ['import a from "./a.json" with { type: "json" }', ["./a.json"]],
    ['export { a } from "./a.js"', ["./a.js"]],
    ['export type { A } from "./a.js"', ["./a.js"]],
    ['export * from "./a.js"', ["./a.js"]],
    ['export * as a from "./a.js"', ["./a.js"]],
    ['await import("./a.js")', ["./a.js"]],
    ["await import(`./a.js`)", ["./a.js"]],
    ['type A = import("./a.js").A', ["./a.js"]],
    ['import a = require("./a.js")', ["./a.js"]],
    ['require("./a.js")', ["./a.js"]],
    ['await import("./" + name)', [undefined]],
    ["await import(`./${name}.js`)", [undefined]],
    ['export { a }\nconst b = "./b.js"', []],
    ['export const a = "./a.js"', []],
    ['export type A = { a: "./a.js" }', []],
    ["import.meta.url", []],
    ['loader.import("./a.js")', []],
    ["const o = { import: 1 }", []],
    ['// import "./a.js"\n/* import("./b.js") */ const a = \'import "./c.js"\'', []],
  ];
  for (const [source, specifiers] of cases) {
    it(`are ${JSON.stringify(specifiers)} in ${JSON.stringify(source)}`, () => {
      expect(importsOf(tokensOf(source)).map(({ specifier }) => specifier)).to.deep.equal(specifiers);
    });
  }
});
