/** What it costs a node to belong to a cluster when all keys are its own. */
import type { Row } from "../bench.js";
import { pairedRow } from "../paired-row.js";

export const clusterModeRow: Row = pairedRow({
  name: "cluster-mode",
  title: "Cluster mode beside none, all keys local",
  words: { judged: "cluster mode", beside: "cluster-enabled no" },
  flags: { judged: ["--cluster-enabled", "yes"], beside: ["--cluster-enabled", "no"] },
  commands: ["set", "get"],
  goal: "cpu-cluster-mode",
});
