import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { stalePages } from "../scripts/generated-pages.js";
import { repositoryFiles } from "../scripts/repository-files.js";
import { problemsOf, rules } from "../scripts/tidy-rules.js";

/** From dist-dev/test/, where the compiled form of this file lies. */
const root = fileURLToPath(new URL("../../", import.meta.url));

describe("the repository", () => {
  const files = repositoryFiles(root);
  const manifest: { dependencies: object } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  const context = { dependencies: new Set(Object.keys(manifest.dependencies)) };

  for (const rule of rules) {
    it(rule.promise, () => {
      const problems = problemsOf(rule, files, context);
      expect(problems.map(({ path, line, message }) => `${path}:${line}: ${message}`)).to.deep.equal([]);
    });
  }

  it("was searched as a whole: every rule met a file to judge", () => {
    expect(rules.filter((rule) => !files.some(({ path }) => rule.appliesTo(path)))).to.deep.equal([]);
    expect(files.map(({ path }) => path)).to.include.members(["package.json", "src/config/options.ts"]);
  });

  it("has generated pages that say what the tables say", () => {
    expect(stalePages(root), "stale pages: run npm run docs").to.deep.equal([]);
  });
});
