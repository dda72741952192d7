/** Small questions about files that subcommands ask. */
import { HostError } from "../host/host-error.js";
import { nodeDisk } from "../host/node/disk.js";

export async function exists(path: string): Promise<boolean> {
  try {
    await (await nodeDisk.open(path, "read")).close();
    return true;
  } catch (error) {
    if (error instanceof HostError && error.code === "ENOENT") return false;
    throw error;
  }
}

/** Names in a directory; none if it is not there. */
export async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await nodeDisk.list(directory);
  } catch (error) {
    if (error instanceof HostError && error.code === "ENOENT") return [];
    throw error;
  }
}

/** The directory that a path names a file in. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  if (slash < 0) return ".";
  return slash === 0 ? "/" : path.slice(0, slash);
}
