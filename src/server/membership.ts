/** What the cluster is to the server. */
import type { ClusterView } from "../cluster/cluster-view.js";
import type { Copies } from "../cluster/copies.js";
import type { Forwarder } from "../cluster/forwarder.js";
import type { ReplicaReads } from "../cluster/replica-reads.js";

export interface Membership {
  readonly view: ClusterView;
  readonly forwarder: Forwarder;
  readonly copies?: Copies;
  readonly replicaReads?: ReplicaReads;
}
