import { expect } from "chai";
import { problemsOf, rules } from "../../scripts/tidy-rules.js";

const context = { dependencies: new Set(["commander", "denque", "pino", "@scope/package"]) };

/** What all rules together say of one file, each with its line. */
function problems(path: string, text: string): string[] {
  return rules
    .flatMap((rule) => problemsOf(rule, [{ path, text }], context))
    .map(({ line, message }) => `${line}: ${message}`);
}

/** Samples stand on line 2 of a file that is tidy otherwise. */
function inFile(path: string, sample: string): string[] {
  return problems(path, `/** A sample. */\n${sample}\n`);
}

type Samples = readonly (readonly [path: string, sample: string, part?: string])[];

function refuses(samples: Samples): void {
  for (const [path, sample, part = ""] of samples) {
    it(`refuse ${JSON.stringify(sample)} in ${path}`, () => {
      const found = inFile(path, sample);
      expect(found).to.have.length(1);
      expect(found[0]).to.match(/^2: /).and.include(part);
    });
  }
}

function accepts(samples: Samples): void {
  for (const [path, sample] of samples) {
    it(`accept ${JSON.stringify(sample)} in ${path}`, () => {
      expect(inFile(path, sample)).to.deep.equal([]);
    });
  }
}

describe("the rules about layers", () => {
  refuses([
    ["src/base/a.ts", 'import { b } from "../config/b.js";', "above base"],
    ["src/base/a.ts", 'import type { B } from "../config/b.js";', "above base"],
    ["src/base/a.ts", 'export * from "../config/b.js";', "above base"],
    ["src/base/a.ts", 'export type { B } from "../config/b.js";', "above base"],
    ["src/base/a.ts", 'const b = await import("../config/b.js");', "above base"],
    ["src/base/a.ts", 'type B = import("../config/b.js").B;', "above base"],
    ["src/base/a.ts", 'import { b } from "#torus/config/b.js";', "above base"],
    ["src/base/deep/a.ts", 'import { b } from "../../server/b.js";', "above base"],
    ["src/server/a.ts", 'import { startNode } from "../index.js";', "above server"],
    ["src/node.ts", 'import { startNode } from "./index.js";', "above node.ts"],
    ["src/index.ts", 'import { b } from "./cli/b.js";', "above index.ts"],
    ["src/server/a.ts", 'import { b } from "../tools/b.js";', "in no layer"],
    ["src/tools/a.ts", 'import { b } from "../base/b.js";', "in no layer"],
    ["src/server/a.ts", 'import { b } from "../../test/b.js";', "in no layer"],
    ["src/server/a.ts", 'import { n } from "../host/node/n.js";', "choose a world"],
    ["src/node.ts", 'import { s } from "./host/sim/s.js";', "choose a world"],
    ["src/host/host.ts", 'import type { N } from "./node/n.js";', "choose a world"],
    ["src/host/node/a.ts", 'import { s } from "../sim/s.js";', "choose a world"],
    ["src/server/a.ts", "const b = await import(`./${name}.js`);", "not a plain string"],
    ["src/server/a.ts", 'import { readFileSync } from "node:fs";', "src/host/node/ only"],
    ["src/server/a.ts", 'import type { Socket } from "net";', "src/host/node/ only"],
    ["src/server/a.ts", 'import * as timers from "timers/promises";', "src/host/node/ only"],
    ["src/cli/a.ts", 'import { argv } from "node:process";', "src/host/node/ only"],
    ["src/server/a.ts", 'import { expect } from "chai";', "not among the dependencies"],
    ["src/server/a.ts", 'import { pino } from "pino";', "src/host/node/ only"],
    ["src/server/a.ts", 'import { Command } from "commander";', "for src/config/flags.ts and src/cli/ only"],
  ]);
  accepts([
    ["src/config/a.ts", 'import { b } from "../base/b.js";\nimport { c } from "./c.js";'],
    ["src/host/node/a.ts", 'import { readFileSync } from "node:fs";\nimport { pino } from "pino";'],
    ["src/host/node/a.ts", 'import type { Clock } from "../clock.js";\nimport { b } from "./b.js";'],
    ["src/index.ts", 'import { n } from "./host/node/n.js";\nimport { b } from "./node.js";'],
    ["src/cli/a.ts", 'import { s } from "../host/sim/s.js";\nimport { startNode } from "../index.js";'],
    ["src/server/a.ts", 'import Denque from "denque";\nimport { b } from "@scope/package/deep.js";'],
    [
      "src/base/a.ts",
      '// import { b } from "../config/b.js";\nexport const b = \'import "../config/b.js"\';',
    ],
    [
      "test/base/a.test.ts",
      'import { b } from "#torus/config/b.js";\nimport { readFileSync } from "node:fs";',
    ],
  ]);
});

describe("the rules about the outside world", () => {
  refuses([
    ["src/server/a.ts", "const now = Date.now();", "'Date'"],
    ["src/server/a.ts", "let at: Date | undefined;", "'Date'"],
    ["src/server/a.ts", "setTimeout(fire, 5);", "'setTimeout'"],
    ["src/server/a.ts", "const later = setImmediate;", "'setImmediate'"],
    ["src/server/a.ts", "queueMicrotask(fire);", "'queueMicrotask'"],
    ["src/server/a.ts", "exit(process.argv);", "'process'"],
    ["src/server/a.ts", "const { env } = process;", "'process'"],
    ["src/server/a.ts", "export const world = { process };", "'process'"],
    ["src/server/a.ts", "const now = isReal ? performance : fake;", "'performance'"],
    ["src/server/a.ts", "const id = `node-${crypto.randomUUID()}`;", "'crypto'"],
    ["src/server/a.ts", "console.log(1);", "'console'"],
    ["src/server/a.ts", "globalThis.x = 1;", "'globalThis'"],
    ["src/server/a.ts", "let timer: NodeJS.Timeout;", "'NodeJS'"],
    ["src/server/a.ts", "const r = Math.random();", "'Math.random'"],
    ["src/server/a.ts", "const { random } = Math;", "'Math.random'"],
    ["src/server/a.ts", 'const r = Math["random"]();', "'Math.random'"],
    ["src/host/sim/a.ts", "const now = performance.now();", "'performance'"],
  ]);
  accepts([
    ["src/host/node/a.ts", "export const now = Date.now() + Math.random() + process.pid;"],
    ["src/server/a.ts", "export const r = Math.floor(host.random.uint32() / 2) + this.process + a?.Date;"],
    ["src/server/a.ts", "export const facts = { process: 1, Date: 2 };"],
    ["src/server/a.ts", "export interface Facts { readonly process: number; performance?: string }"],
    ["src/server/a.ts", "// Date.now() is not for us.\nexport const text = `setTimeout ${a} Math.random()`;"],
    ["src/server/a.ts", "export const pattern = /process|Date/;"],
    ["src/server/a.ts", "export const bytes = Buffer.alloc(8);"],
    ["bench/a.ts", "export const now = Date.now();"],
  ]);
});

describe("the rules about the language", () => {
  refuses([
    ["src/base/a.ts", "export let a: any;", "'any'"],
    ["test/a.test.ts", "const a = b as any;", "'any'"],
    ["bench/a.ts", "function f(a: any[]): void {}", "'any'"],
    ["scripts/a.ts", "const a = new Map<string, any>();", "'any'"],
    ["src/base/a.ts", "export type A = [string, any];", "'any'"],
    ["src/base/a.ts", "export enum Color { red }", "'enum'"],
    ["src/base/a.ts", "export const enum Color { red }", "'enum'"],
    ["src/base/a.ts", "export namespace inner { const a = 1; }", "'namespace'"],
    ["src/base/a.ts", "declare module Inner.Most { const a = 1; }", "'module'"],
    ["src/base/a.ts", "export default function f() {}", "default export"],
    ["src/base/a.ts", "export { a as default };", "default export"],
    ["src/base/a.ts", "export = a;", "default export"],
    ["src/base/a.ts", "// @ts-ignore", "muted"],
    ["test/a.test.ts", "/* @ts-expect-error */", "muted"],
  ]);
  accepts([
    ["src/base/a.ts", "export const a = Promise.any(list); // any of them"],
    ["src/base/a.ts", "const [, any, two] = three;\nexport const a = f(any !== two);"],
    ["src/base/a.ts", 'export const a = { any: 1, enum: 2, default: 3 }.any + "any";'],
    ["src/base/a.ts", 'import { default as a } from "denque";\nswitch (b) { default: a(); }'],
    ["src/base/a.ts", "const module = 1;\nexport const namespace = module;"],
  ]);
});

describe("the rules about what is left behind", () => {
  const [todo, fixme, xxx, hack] = ["TO" + "DO", "FIX" + "ME", "X".repeat(3), "HA" + "CK"];
  refuses([
    ["src/base/a.ts", `// ${todo}: later`, todo],
    ["test/a.test.ts", `/* ${fixme} */`, fixme],
    ["docs/a.md", `Text. ${xxx} more`, xxx],
    [".ci/run", `# ${hack}`, hack],
    ["src/base/a.ts", `const a = 1; /* fine\n*/ // ${todo}`.replace("\n", ""), todo],
    ["package.json", `"${"re" + "solved"}": "https://example.org/a.tgz"`, "solved"],
    [".npmrc", `${"regis" + "try"}=https://example.org`, "="],
    ["README.md", `https://${"regis" + "try"}.example.org/a`, "example"],
    ["docs/a.md", `see /${"home"}/somebody/a`, "home"],
    ["src/base/a.ts", `export const a = "/${"Users"}/somebody";`, "Users"],
    ["src/base/a.ts", `export const a = "C:\\${"Users"}\\somebody";`, "Users"],
  ]);
  accepts([
    ["src/base/a.ts", `export const a = "${todo}";`],
    ["docs/a.md", "The mastodon is hacked; registry.add(a). https://example.org/home/page and ./work/a"],
    ["package-lock.json", `"integrity": "sha512-${xxx}/${xxx}=="`],
  ]);
});

describe("the rules about tests", () => {
  refuses([
    ["test/a.test.ts", 'it.only("a", () => {});', "every test runs"],
    ["test/a.test.ts", 'describe.only("a", () => {});', "every test runs"],
    ["test/a.test.ts", 'it.skip("a", () => {});', "every test runs"],
    ["test/a.test.ts", 'context\n.skip("a", () => {});', "every test runs"],
    ["test/a.test.ts", 'xit("a", () => {});', "every test runs"],
    ["test/a.test.ts", 'xdescribe("a", () => {});', "every test runs"],
  ]);
  accepts([
    ["test/a.test.ts", 'it("skips it.only and describe.skip", () => { reader.skip(1); });'],
    ["test/a.test.ts", "before(function () { if (!isThere) this.skip(); });"],
    ["test/a.ts", "export function needs(test: Context) { if (!isThere) test.skip(); }"],
  ]);
});

describe("the rules about files", () => {
  it("refuse names that are not in kebab-case or say nothing", () => {
    expect(inFile("src/base/byteTable.ts", "")).to.deep.equal(["1: 'byteTable' is not in kebab-case"]);
    expect(inFile("src/Base/a.ts", "")).to.deep.equal(["1: 'Base' is not in kebab-case"]);
    expect(inFile("src/base/string-utils.ts", "")).to.deep.equal([
      "1: 'utils' says nothing about what is inside",
    ]);
    expect(inFile("test/helpers/a.ts", "")).to.deep.equal(["1: 'helpers' says nothing about what is inside"]);
    expect(inFile("src/base/crc-32.ts", "")).to.deep.equal([]);
    expect(inFile("test/base/crc-32.test.ts", "")).to.deep.equal([]);
  });

  it("want a documentation comment at the top or above the first export", () => {
    const complaint = "1: there is no documentation comment at the top or above the first export";
    expect(problems("src/base/a.ts", "export const a = 1;\n")).to.deep.equal([complaint]);
    expect(problems("src/base/a.ts", "// Plain.\nexport const a = 1;\n")).to.deep.equal([complaint]);
    expect(
      problems("src/base/a.ts", 'import "./b.js";\nexport const a = 1;\n/** Late. */\nexport const b = 1;\n'),
    ).to.deep.equal([complaint]);
    expect(problems("src/base/a.ts", 'import "./b.js";\n/** Good. */\nexport const a = 1;\n')).to.deep.equal(
      [],
    );
    expect(problems("src/cli/a.ts", "#!/usr/bin/env node\n/** Good. */\nrun();\n")).to.deep.equal([]);
    expect(problems("test/a.test.ts", "run();\n")).to.deep.equal([]);
  });

  it("want a reason for more than 400 lines", () => {
    const lines = (count: number) => "run();\n".repeat(count);
    expect(problems("src/base/a.ts", `/** Short. */\n${lines(399)}`)).to.deep.equal([]);
    expect(problems("src/base/a.ts", `/** Long. */\n${lines(400)}`)).to.deep.equal([
      '1: 401 lines, and the head comment does not say "Long because ..."',
    ]);
    expect(
      problems("src/base/a.ts", `/**\n * A table. Long because it is one.\n */\n${lines(400)}`),
    ).to.deep.equal([]);
  });
});
