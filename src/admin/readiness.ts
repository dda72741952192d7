import { type AdminSources, clusterOf } from "./sources.js";

/** What the node lacks to serve every key, reads and writes, in words for an operator; empty if nothing. */
export function whatIsMissing(sources: AdminSources): readonly string[] {
  const missing: string[] = [];
  const stage = sources.stage();
  const cluster = clusterOf(sources);
  const { loading, refusal } = sources.node.persistence;
  if (stage === "closing") missing.push("the node is closing");
  if (loading !== null) {
    missing.push(`what was kept is being read: ${loading.loadedBytes} of ${loading.totalBytes} bytes`);
  } else if (stage === "starting") {
    missing.push("the node is starting");
  }
  if (refusal !== null) missing.push(`writes are refused: ${refusal}`);
  if (cluster !== null) missing.push(...cluster.missing());
  return missing;
}
