/** The pages that are made from tables of the code, and whether the ones in the repository still are what the tables say. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { commandsPage } from "./commands-page.js";
import { configurationPage } from "./configuration-page.js";
import { metricsPage } from "./metrics-page.js";

export interface Page {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly render: () => string;
}

/** To add a page: a file beside this one that renders it, and a line here. */
export const pages: readonly Page[] = [
  { path: "docs/commands.md", render: commandsPage },
  { path: "docs/configuration.md", render: configurationPage },
  { path: "docs/metrics.md", render: metricsPage },
];

/** The paths of pages that are missing or differ from what would be generated now. */
export function stalePages(root: string): string[] {
  return pages
    .filter(({ path, render }) => readIfThere(join(root, path)) !== render())
    .map(({ path }) => path);
}

export function writePages(root: string): void {
  for (const { path, render } of pages) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), render());
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
