/** What it costs the only node of a cluster that copies of its keys are to be kept as soon as there are others. */
import type { Row } from "../bench.js";
import { pairedRow } from "../paired-row.js";

export const replicationAloneRow: Row = pairedRow({
  name: "replication-alone",
  title: "Three copies beside one, as long as there is one node",
  words: { judged: "three copies, one node", beside: "replication-factor 1" },
  flags: {
    judged: ["--cluster-enabled", "yes", "--replication-factor", "3"],
    beside: ["--cluster-enabled", "yes", "--replication-factor", "1"],
  },
  commands: ["set"],
  goal: "cpu-replication-alone",
});
