/** What TORUS STATUS, MEMBERS and EXPLAIN tell of copies. */

import { readinessOf } from "../cluster/primaries/readiness.js";
import type { CoOwnerView } from "../cluster/replication-view.js";
import type { Member } from "../membership/member.js";
import type { ReportedCluster } from "./lone-node.js";
import { fewestCopies } from "./replicas.js";
import type { ReplyFields, ReplyTree } from "./reply-tree.js";

/** How copies are, for STATUS; null in a cluster that keeps one of everything. */
export function replicationReport(cluster: ReportedCluster): ReplyTree {
  const { replication } = cluster;
  if (replication === undefined) return null;
  const { shipping, repairs, claims } = replication.counters;
  return {
    factor: replication.copiesWanted,
    placed: replication.copiesPlaced,
    copies: fewestCopies(replication),
    "in-sync": replication.isReady,
    "slots-owned": replication.slotsOwned,
    "slots-acting": replication.slotsActing,
    position: replication.position,
    "backlog-first": replication.backlogFirst,
    "backlog-bytes": replication.backlogBytes,
    "backlog-max": replication.backlogBytesMax,
    "received-bytes": replication.receivedBytes,
    peers: replication.coOwners().map((owner) => ({
      id: owner.nodeId,
      name: cluster.member(owner.nodeId)?.record.name ?? "",
      ...coOwnerReport(owner),
    })),
    sessions: shipping.sessions,
    faults: shipping.faults,
    gaps: shipping.gaps,
    repairs: repairs.repairs,
    "repair-stops": repairs.stops,
    claims: claims.claims,
    "slots-won": claims.slotsWon,
    "slots-yielded": claims.slotsYielded,
    "slots-lost": claims.slotsLost,
  };
}

function coOwnerReport(owner: CoOwnerView): ReplyFields {
  const { copy, stream, acknowledged, isWhole, isReceived, repair } = owner;
  return {
    ...copyFields(copy, owner),
    stream,
    acknowledged: acknowledged ?? null,
    whole: isWhole,
    received: isReceived,
    repair: repair === undefined ? null : repairReport(repair),
  };
}

function repairReport(repair: NonNullable<CoOwnerView["repair"]>): ReplyFields {
  return {
    slots: repair.slots,
    "slots-compared": repair.slotsCompared,
    "slots-differing": repair.slotsDiffering,
    "bytes-sent": repair.bytesSent,
    "bytes-received": repair.bytesReceived,
  };
}

/** Of a member, for MEMBERS: whether it says that it has caught up, and what it has of what this node executed. */
export function copiesOfMember({ replication, selfId }: ReportedCluster, { record }: Member): ReplyFields {
  if (replication === undefined) return { "in-sync": null, ...copyFields("none") };
  if (record.id === selfId) return { "in-sync": replication.isReady, ...copyFields("here") };
  const owner = replication.coOwner(record.id);
  return { "in-sync": readinessOf(record) === "ready", ...copyFields(owner?.copy ?? "none", owner) };
}

/** Of an owner of a slot, for EXPLAIN. */
export function copyOfSlot({ replication, selfId }: ReportedCluster, slot: number, id: string): ReplyFields {
  if (id === selfId) return copyFields("here");
  return copyFields(replication?.copyOf(slot, id) ?? "unknown", replication?.coOwner(id));
}

function copyFields(copy: string, owner?: CoOwnerView): ReplyFields {
  const { bytes, batches, milliseconds } = owner?.lag ?? NO_LAG;
  return {
    copy,
    "lag-bytes": bytes,
    "lag-records": batches,
    "lag-ms": milliseconds === null ? null : Math.round(milliseconds),
  };
}

/** Of what nobody here knows, or what lags behind nothing. */
const NO_LAG = { bytes: null, batches: null, milliseconds: null };
