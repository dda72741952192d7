/** Reads a whole snapshot file, every delta in it too, without loading it. */
import { readWholeSnapshot } from "../durability/inspection.js";
import { type SnapshotContents, UnusableSnapshot } from "../durability/snapshot-reader.js";
import { createNodeHost } from "../host/node/node-host.js";
import { CommandFailure } from "./connection-options.js";

/** Rejects with a `CommandFailure` that names file and offset if it is not whole. */
export async function checkSnapshotFile(path: string): Promise<SnapshotContents> {
  const host = createNodeHost({ log: { level: "warn", format: "text" } });
  try {
    return await readWholeSnapshot(host, path);
  } catch (error) {
    if (error instanceof UnusableSnapshot) throw new CommandFailure(error.message);
    throw error;
  } finally {
    host.log.close();
  }
}
