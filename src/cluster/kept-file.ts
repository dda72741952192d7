/** A small file in the data directory of what a node must not forget: to go on as if there were none could be to lose what was written. */
import { UnusableDirectory } from "../durability/node-file.js";
import { type Files, readTextIfThere } from "../host/files.js";

/**
 * What a file holds; undefined if it is not there, or nothing is kept. `parse` answers undefined of a text that makes no sense: then it rejects with
 * `UnusableDirectory`. Rejects with a `HostError` if the file cannot be read.
 */
export async function readKeptFile<Kept>(
  files: Files,
  path: string | undefined,
  parse: (text: string) => Kept | undefined,
): Promise<Kept | undefined> {
  const text = path === undefined ? undefined : await readTextIfThere(files, path);
  if (text === undefined) return undefined;
  const kept = parse(text);
  if (kept !== undefined) return kept;
  throw new UnusableDirectory(
    `${path} makes no sense: restore it, or empty the directory and let the node join anew`,
  );
}
