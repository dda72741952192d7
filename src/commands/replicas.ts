/**
 * The other owners of a node's slots as Redis shows replicas, for INFO and ROLE: those that are linked with. This node is a master to all
 * of them, as they are to it: each executes for slots of its own.
 */
import type { ClusterView } from "../cluster/cluster-view.js";
import type { CoOwnerView, ReplicationView } from "../cluster/replication-view.js";

const MILLIS_PER_SECOND = 1000;

export interface Replica {
  /** Where clients reach it. */
  readonly host: string;
  readonly port: number;
  /**
   * Redis's words. `online`: it lacks nothing but what is on its way; `send_bulk`: what it lacks is being copied, as far as this node
   * began that; `wait_bgsave`: that is still to come.
   */
  readonly state: "online" | "send_bulk" | "wait_bgsave";
  /** Up to here it has all that this node executed; 0 as long as nobody knows. */
  readonly offset: number;
  /** Since it last acknowledged something, while it has not acknowledged everything. */
  readonly lagSeconds: number;
}

export function replicasOf(cluster: ClusterView | null): readonly Replica[] {
  return (cluster?.replication?.coOwners() ?? []).flatMap((owner) => {
    const record = cluster!.member(owner.nodeId)?.record;
    if (record === undefined || owner.copy === "dead" || owner.stream === "down") return [];
    return {
      host: record.host,
      port: record.clientPort,
      state: stateOf(owner),
      offset: owner.acknowledged ?? 0,
      lagSeconds: Math.floor(owner.silentMs / MILLIS_PER_SECOND),
    };
  });
}

function stateOf({ isWhole, repair }: CoOwnerView): Replica["state"] {
  if (isWhole) return "online";
  return repair === undefined ? "wait_bgsave" : "send_bulk";
}

/** The fewest copies that any slot has at present. */
export function fewestCopies(replication: ReplicationView): number {
  return Math.min(...replication.slotsByCopies().keys());
}
