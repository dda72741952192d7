/** What /readyz says beside whether. */
import { type AdminSources, clusterOf } from "./sources.js";

/** What the node lacks to serve every key, reads and writes, and to have its copies, in words for an operator; empty if nothing. */
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

/** What is weaker than it should be though the node lacks nothing, in the same way: clients need not go elsewhere for that. */
export function whatIsWeak(sources: AdminSources): readonly string[] {
  return clusterOf(sources)?.warnings() ?? [];
}
