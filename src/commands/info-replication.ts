/** The fields of INFO that tell of copies: Redis's, as far as they mean something, and ours, which begin with `torus_`. */
import type { CoOwnerView, ReplicationView } from "../cluster/replication-view.js";
import type { InfoFields } from "./info-sections.js";
import { fewestCopies, type Replica, replicasOf } from "./replicas.js";
import type { SessionCall } from "./session.js";

/** Section Replication. */
export function replicationFields({ node }: SessionCall): InfoFields {
  const replication = node.cluster?.replication;
  const replicas = replicasOf(node.cluster);
  return {
    role: "master",
    connected_slaves: replicas.length,
    ...Object.fromEntries(replicas.map((replica, i) => [`slave${i}`, replicaLine(replica)])),
    master_failover_state: "no-failover",
    master_replid: node.runId,
    master_replid2: "0".repeat(node.runId.length),
    master_repl_offset: replication?.position ?? 0,
    second_repl_offset: -1,
    ...backlogFields(replication),
    ...(replication === undefined ? {} : ownFields(replication)),
  };
}

function replicaLine({ host, port, state, offset, lagSeconds }: Replica): string {
  return `ip=${host},port=${port},state=${state},offset=${offset},lag=${lagSeconds}`;
}

/** What is kept counts from 1, as in Redis: the first byte ever is at offset 1. */
function backlogFields(replication: ReplicationView | undefined): InfoFields {
  const isActive = replication !== undefined && replication.coOwners().length > 0;
  return {
    repl_backlog_active: isActive ? 1 : 0,
    repl_backlog_size: replication?.backlogBytesMax ?? 0,
    repl_backlog_first_byte_offset: isActive ? replication.backlogFirst + 1 : 0,
    repl_backlog_histlen: isActive ? replication.position - replication.backlogFirst : 0,
  };
}

function ownFields(replication: ReplicationView): InfoFields {
  const { copiesWanted, copiesPlaced, isReady, slotsOwned, slotsActing, counters } = replication;
  const copies = fewestCopies(replication);
  const status = copies < copiesPlaced ? "missing-copies" : copies < copiesWanted ? "too-few-nodes" : "ok";
  const { shipping, repairs, claims } = counters;
  return {
    torus_replication_factor: copiesWanted,
    torus_copies: copies,
    torus_copies_status: status,
    torus_in_sync: yesOrNo(isReady),
    torus_slots_owned: slotsOwned,
    torus_slots_acting: slotsActing,
    ...Object.fromEntries(replication.coOwners().map((owner, i) => [`torus_peer${i}`, peerLine(owner)])),
    torus_repl_gaps: shipping.gaps,
    torus_repl_faults: shipping.faults,
    torus_repairs: repairs.repairs,
    torus_repair_stops: repairs.stops,
    torus_claims: claims.claims,
    torus_slots_won: claims.slotsWon,
    torus_slots_yielded: claims.slotsYielded,
    torus_slots_lost: claims.slotsLost,
  };
}

function peerLine({ nodeId, copy, lag, acknowledged, isWhole, isReceived, repair }: CoOwnerView): string {
  const fields: Record<string, string | number> = {
    id: nodeId,
    state: copy,
    lag_bytes: lag.bytes,
    lag_records: lag.batches,
    lag_ms: Math.round(lag.milliseconds),
    acknowledged: acknowledged ?? -1,
    whole: yesOrNo(isWhole),
    received: yesOrNo(isReceived),
  };
  if (repair !== undefined) fields["repairing"] = `${repair.slotsCompared}/${repair.slots}`;
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join();
}

function yesOrNo(isSo: boolean): "yes" | "no" {
  return isSo ? "yes" : "no";
}

/** Of section Memory. */
export function replicationMemory({ node }: SessionCall) {
  const { backlogBytes = 0, receivedBytes = 0 } = node.cluster?.replication ?? {};
  return {
    mem_replication_backlog: backlogBytes,
    mem_total_replication_buffers: backlogBytes + receivedBytes,
  };
}

/** Of section Stats. Full are syncs for which copies were compared, partial those that the backlog served. */
export function replicationStats({ node }: SessionCall) {
  const counters = node.cluster?.replication?.counters;
  return {
    traffic: {
      total_net_repl_input_bytes: (counters?.receiving.bytes ?? 0) + (counters?.repairs.bytesReceived ?? 0),
      total_net_repl_output_bytes: (counters?.shipping.bytes ?? 0) + (counters?.repairs.bytesSent ?? 0),
    },
    syncs: {
      sync_full: counters?.repairs.repairs ?? 0,
      sync_partial_ok: counters?.shipping.resumptions ?? 0,
      sync_partial_err: counters?.shipping.gaps ?? 0,
    },
  };
}
