import type { SessionCall } from "./session.js";

/** Redis's word for whether CLUSTER answers, in HELLO and INFO: docs/decisions/0017 says whom it matters to. */
export function modeOf({ node, config }: SessionCall): "cluster" | "standalone" {
  return node.cluster === null && !config.current.clusterEnabled ? "standalone" : "cluster";
}
