/** A node without a cluster, as a cluster of one: what reports say of it needs no words of its own. */
import type { ClusterView } from "../cluster/cluster-view.js";
import type { Member } from "../membership/member.js";
import type { SessionCall } from "./session.js";

/** What reports ask of a cluster. */
export type ReportedCluster = Pick<
  ClusterView,
  | "selfId"
  | "clusterId"
  | "members"
  | "member"
  | "placement"
  | "change"
  | "replication"
  | "executorOf"
  | "ownersOf"
  | "nextOwnersOf"
  | "routesVersion"
  | "isCovered"
  | "links"
  | "missing"
  | "warnings"
  | "slowness"
>;

/** The cluster to report on: that of the node, or the node alone. */
export function reportedCluster({ node }: SessionCall): ReportedCluster {
  if (node.cluster !== null) return node.cluster;
  const self: Member = {
    record: {
      id: node.runId,
      boot: 0,
      incarnation: 0,
      origin: 0,
      lifecycle: "active",
      name: "",
      zone: "",
      host: "",
      clientPort: node.port,
      clusterPort: 0,
      httpPort: 0,
      weight: 1,
      stateVersion: 0,
      protocolMin: 0,
      protocolMax: 0,
      digests: [],
    },
    status: "alive",
    isOwner: true,
    sinceMs: node.clock.monotonicMs() - Math.max(0, node.clock.wallMs() - node.startedWallMs),
  };
  return {
    selfId: node.runId,
    clusterId: undefined,
    members: () => [self],
    member: (id) => (id === node.runId ? self : undefined),
    placement: {
      epoch: 0,
      by: node.runId,
      members: [{ id: node.runId, weight: 1, zone: "", host: "" }],
      gone: [],
      change: null,
      copies: 1,
      hashSeed: null,
    },
    change: undefined,
    replication: undefined,
    executorOf: () => node.runId,
    ownersOf: () => [node.runId],
    nextOwnersOf: () => undefined,
    routesVersion: 0,
    isCovered: true,
    links: () => [],
    missing: () => [],
    warnings: () => [],
    slowness: 1,
  };
}
