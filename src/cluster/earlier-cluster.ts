/** Whether a node belonged to a cluster before: asked at start, when not much is loaded. */
import type { Files } from "../host/files.js";
import { HostError } from "../host/host-error.js";

/** Who the others are (cluster-file.ts). */
export const CLUSTER_FILE = "cluster.json";
/** Who owns which slots (placement-store.ts). */
export const PLACEMENT_FILE = "placement.json";

/** Whether there is a trace of one in the data directory, whatever it says. */
export async function hasEarlierCluster(files: Files, directory: string | undefined): Promise<boolean> {
  if (directory === undefined) return false;
  for (const name of [CLUSTER_FILE, PLACEMENT_FILE]) {
    try {
      await files.readText(`${directory}/${name}`);
      return true;
    } catch (error) {
      if (!(error instanceof HostError) || error.code !== "ENOENT") return true;
    }
  }
  return false;
}
