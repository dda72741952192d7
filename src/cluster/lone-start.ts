/** What keeps a directory from being served by a node alone, outside of the cluster that it belongs to. */
import { UnusableDirectory } from "../durability/node-file.js";
import type { Files } from "../host/files.js";
import { hasCopies } from "./placement.js";
import { PlacementStore } from "./placement-store.js";

/**
 * Rejects with `UnusableDirectory` if others have copies of what the directory keeps. A node alone keeps no remains of what was deleted: back
 * among the others it would bring back what it had deleted, and what they did meanwhile could not be told from that.
 */
export async function refuseWhereCopiesAre(files: Files, directory: string): Promise<void> {
  const { kept } = await PlacementStore.open(files, directory);
  if (kept === undefined || !hasCopies(kept.placement)) return;
  throw new UnusableDirectory(
    `${directory} is of a node of a cluster that keeps copies, from which it must not differ without a trace: start it with cluster-enabled yes, or take its keys elsewhere (torus backup there, torus restore)`,
  );
}
