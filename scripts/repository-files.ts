/** The files of the repository as they lie in the working copy: what people wrote, without what was built or fetched. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface RepositoryFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** The same that .gitignore leaves out, and git's own. */
const ignoredPaths = new Set([".git", "node_modules", "dist", "dist-dev", "bench/results"]);
const ignoredEndings = [".cpuprofile", ".heapprofile", ".log", ".png", ".ico"];

/** Every text file under `root`, sorted by path. */
export function repositoryFiles(root: string, folder = ""): RepositoryFile[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries
    .map((entry) => ({ entry, path: folder === "" ? entry.name : `${folder}/${entry.name}` }))
    .filter(({ path }) => !ignoredPaths.has(path) && !ignoredEndings.some((ending) => path.endsWith(ending)))
    .sort((one, other) => (one.path < other.path ? -1 : 1))
    .flatMap(({ entry, path }) => {
      if (entry.isDirectory()) return repositoryFiles(root, path);
      return entry.isFile() ? [{ path, text: readFileSync(join(root, path), "utf8") }] : [];
    });
}
