import type { DurationHistogram } from "../base/duration-histogram.js";
import type { ClusterView } from "../cluster/cluster-view.js";
import type { Node } from "../commands/session.js";
import type { ConfigStore } from "../config/config-store.js";
import type { Keyspace } from "../keyspace/keyspace.js";

/** `starting`: what was kept is being read, or the cluster port is being opened. */
export type Stage = "starting" | "serving" | "closing";

/** What the pages of the HTTP port are made from. They read it, and change nothing. */
export interface AdminSources {
  readonly node: Node;
  readonly keyspace: Keyspace;
  readonly config: ConfigStore;
  readonly stage: () => Stage;
  /** How late the event loop came to a timer. */
  readonly loopLag: DurationHistogram;
}

/** Null for a node of no cluster, and as long as the node has not begun to take part in one. */
export function clusterOf({ node, stage }: AdminSources): ClusterView | null {
  return stage() === "starting" ? null : node.cluster;
}
