/** Directories that last as long as what uses them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHostError } from "./os-error.js";

/** Makes a directory of its own where the system keeps such. Rejects with a `HostError`. */
export async function makeTemporaryDirectory(prefix: string): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), prefix));
  } catch (error) {
    throw toHostError(error);
  }
}

/** Removes a directory and all that is in it; one that is gone already will do. Rejects with a `HostError`. */
export async function removeDirectory(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    throw toHostError(error);
  }
}
