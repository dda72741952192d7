/** Copies: those here, and those elsewhere as this node knows them. A node of a cluster that keeps one of everything has none of these. */
import type { CoOwnerView, ReplicationView } from "../cluster/replication-view.js";
import { type MetricGroup, type Sample, samplesBy } from "./metric.js";
import { type AdminSources, clusterOf } from "./sources.js";

const MILLIS_PER_SECOND = 1000;

export const copyMetrics: MetricGroup = {
  title: "Copies",
  metrics: [
    {
      name: "torus_copies_wanted",
      kind: "gauge",
      help: "Copies of each slot that the cluster was founded to have.",
      value: ofCopies(({ copiesWanted }) => copiesWanted),
    },
    {
      name: "torus_copies_placed",
      kind: "gauge",
      help: "Copies that there are nodes for, dead ones included.",
      value: ofCopies(({ copiesPlaced }) => copiesPlaced),
    },
    {
      name: "torus_copies_slots",
      kind: "gauge",
      help: "Slots by how many copies they have at present: of owners that are alive, have caught up, and lack nothing that this node executed.",
      labels: ["copies"],
      samples: eachOf((copies) =>
        Array.from(copies.slotsByCopies(), ([count, slots]) => [{ copies: String(count) }, slots]),
      ),
    },
    {
      name: "torus_replication_in_sync",
      kind: "gauge",
      help: "1 if this node has caught up with the other owners of its slots; until then others are let execute for them.",
      value: ofCopies(({ isReady }) => Number(isReady)),
    },
    {
      name: "torus_replication_owned_slots",
      kind: "gauge",
      help: "Slots that this node owns, or is to.",
      value: ofCopies(({ slotsOwned }) => slotsOwned),
    },
    {
      name: "torus_replication_acting_slots",
      kind: "gauge",
      help: "Slots that this node executes the commands of, with the word of their other owners.",
      value: ofCopies(({ slotsActing }) => slotsActing),
    },
    {
      name: "torus_claims_total",
      kind: "counter",
      help: "Times that this node claimed slots of their other owners.",
      value: ofCopies(({ counters }) => counters.claims.claims),
    },
    {
      name: "torus_claims_slots_total",
      kind: "counter",
      help: "Slots that this node won by claims, yielded to others who claimed them, and lost to others who executed in its place.",
      labels: ["outcome"],
      samples: eachOf(({ counters: { claims } }) =>
        samplesBy("outcome", {
          won: claims.slotsWon,
          yielded: claims.slotsYielded,
          lost: claims.slotsLost,
        }),
      ),
    },
    {
      name: "torus_absences_total",
      kind: "counter",
      help: "Times that this node stood still for so long that others may have taken it for dead, and it gave its slots up.",
      value: ofCopies(({ counters }) => counters.claims.absences),
    },
  ],
};

export const replicationMetrics: MetricGroup = {
  title: "Replication",
  metrics: [
    {
      name: "torus_replication_position_bytes",
      kind: "gauge",
      help: "Bytes of all changes that this node executed since it started, as far as others were to hear of them.",
      value: ofCopies(({ position }) => position),
    },
    {
      name: "torus_replication_backlog_first_bytes",
      kind: "gauge",
      help: "The position from which on these are kept for owners that missed them.",
      value: ofCopies(({ backlogFirst }) => backlogFirst),
    },
    {
      name: "torus_replication_backlog_used_bytes",
      kind: "gauge",
      help: "Memory that they take.",
      value: ofCopies(({ backlogBytes }) => backlogBytes),
    },
    {
      name: "torus_replication_backlog_max_bytes",
      kind: "gauge",
      help: "Memory that they may take.",
      value: ofCopies(({ backlogBytesMax }) => backlogBytesMax),
    },
    {
      name: "torus_replication_received_backlog_bytes",
      kind: "gauge",
      help: "Memory for changes that others executed, kept for owners that outlive them.",
      value: ofCopies(({ receivedBytes }) => receivedBytes),
    },
    {
      name: "torus_replica_state",
      kind: "gauge",
      help: "1 for what another owner has of what this node executed: in-sync, behind by what is on its way, incomplete until copies are compared, unreachable, or dead.",
      labels: ["peer", "state"],
      samples: eachOf((copies) =>
        copies.coOwners().map(({ nodeId, copy }) => [{ peer: nodeId, state: copy }, 1]),
      ),
    },
    {
      name: "torus_replica_lag_bytes",
      kind: "gauge",
      help: "Bytes of changes that it does not have yet.",
      labels: ["peer"],
      samples: byPeer(({ lag }) => lag.bytes),
    },
    {
      name: "torus_replica_lag_records",
      kind: "gauge",
      help: "Commands and transactions that made these.",
      labels: ["peer"],
      samples: byPeer(({ lag }) => lag.batches),
    },
    {
      name: "torus_replica_lag_seconds",
      kind: "gauge",
      help: "How long ago this node executed the first of them; 0 if there are none.",
      labels: ["peer"],
      samples: byPeer(({ lag }) => lag.milliseconds / MILLIS_PER_SECOND),
    },
    {
      name: "torus_replica_silent_seconds",
      kind: "gauge",
      help: "For how long it has owed an acknowledgement; 0 if it owes none.",
      labels: ["peer"],
      samples: byPeer(({ silentMs }) => silentMs / MILLIS_PER_SECOND),
    },
    {
      name: "torus_replica_acknowledged_bytes",
      kind: "gauge",
      help: "The position up to which it has everything, as its appendfsync promises; none as long as that is not known.",
      labels: ["peer"],
      samples: byPeer(({ acknowledged }) => acknowledged),
    },
    {
      name: "torus_replica_whole",
      kind: "gauge",
      help: "1 if it lacks nothing but what is on its way.",
      labels: ["peer"],
      samples: byPeer(({ isWhole }) => Number(isWhole)),
    },
    {
      name: "torus_replica_received",
      kind: "gauge",
      help: "1 if this node has all that the other one had executed when they linked up.",
      labels: ["peer"],
      samples: byPeer(({ isReceived }) => Number(isReceived)),
    },
    {
      name: "torus_replica_sent_bytes_total",
      kind: "counter",
      help: "Bytes of changes shipped to it.",
      labels: ["peer"],
      samples: byPeer(({ counters }) => counters.bytes),
    },
    {
      name: "torus_replica_sessions_total",
      kind: "counter",
      help: "Times that this node began to ship to it.",
      labels: ["peer"],
      samples: byPeer(({ counters }) => counters.sessions),
    },
    {
      name: "torus_replica_faults_total",
      kind: "counter",
      help: "Times that this ended though the link was up.",
      labels: ["peer"],
      samples: byPeer(({ counters }) => counters.faults),
    },
    {
      name: "torus_replica_gaps_total",
      kind: "counter",
      help: "Times that it lacked what it would not be shipped any more.",
      labels: ["peer"],
      samples: byPeer(({ gaps }) => gaps),
    },
    {
      name: "torus_replication_received_bytes_total",
      kind: "counter",
      help: "Bytes of changes that others shipped to this node.",
      value: ofCopies(({ counters }) => counters.receiving.bytes),
    },
    {
      name: "torus_replication_received_records_total",
      kind: "counter",
      help: "Commands and transactions that made these.",
      value: ofCopies(({ counters }) => counters.receiving.batches),
    },
    {
      name: "torus_replication_pulled_records_total",
      kind: "counter",
      help: "Of nodes that died, those that other owners told.",
      value: ofCopies(({ counters }) => counters.receiving.pulledBatches),
    },
    {
      name: "torus_replication_fetched_records_total",
      kind: "counter",
      help: "Records that changes built on and that were not here, and were fetched one by one.",
      value: ofCopies(({ counters }) => counters.receiving.fetchedRecords),
    },
    {
      name: "torus_replication_dropped_total",
      kind: "counter",
      help: "Messages of others that were not taken: damaged on their way, or without sense.",
      labels: ["reason"],
      samples: eachOf(({ counters: { receiving } }) =>
        samplesBy("reason", { damaged: receiving.damaged, refused: receiving.refused }),
      ),
    },
  ],
};

export const repairMetrics: MetricGroup = {
  title: "Repair",
  metrics: [
    {
      name: "torus_repair_slots",
      kind: "gauge",
      help: "Slots of the comparison of copies with another owner that this node began; only while one is under way.",
      labels: ["peer"],
      samples: byPeer(({ repair }) => repair?.slots),
    },
    {
      name: "torus_repair_compared_slots",
      kind: "gauge",
      help: "How many of these are compared.",
      labels: ["peer"],
      samples: byPeer(({ repair }) => repair?.slotsCompared),
    },
    {
      name: "torus_repairs_total",
      kind: "counter",
      help: "Comparisons that this node began, by how they ended: with equal copies, or stopped for now.",
      labels: ["outcome"],
      samples: eachOf(({ counters: { repairs } }) =>
        samplesBy("outcome", { done: repairs.repairs, stopped: repairs.stops }),
      ),
    },
    {
      name: "torus_repair_slots_total",
      kind: "counter",
      help: "Slots compared, found different, and told anew as a whole.",
      labels: ["finding"],
      samples: eachOf(({ counters: { repairs } }) =>
        samplesBy("finding", {
          compared: repairs.slotsCompared,
          differing: repairs.slotsDiffering,
          renewed: repairs.slotsRenewed,
        }),
      ),
    },
    {
      name: "torus_repair_bytes_total",
      kind: "counter",
      help: "Bytes received and sent in them.",
      labels: ["direction"],
      samples: eachOf(({ counters: { repairs } }) =>
        samplesBy("direction", { received: repairs.bytesReceived, sent: repairs.bytesSent }),
      ),
    },
    {
      name: "torus_repair_records_total",
      kind: "counter",
      help: "Records, or parts of one: told to others and told by them in comparisons of this node, and told in those of others.",
      labels: ["way"],
      samples: eachOf(({ counters: { repairs } }) =>
        samplesBy("way", {
          pushed: repairs.recordsPushed,
          pulled: repairs.recordsPulled,
          told: repairs.recordsTold,
        }),
      ),
    },
  ],
};

function ofCopies(value: (copies: ReplicationView) => number) {
  return (sources: AdminSources) => {
    const copies = clusterOf(sources)?.replication;
    return copies && value(copies);
  };
}

function eachOf(samples: (copies: ReplicationView) => readonly Sample[]) {
  return (sources: AdminSources) => {
    const copies = clusterOf(sources)?.replication;
    return copies === undefined ? [] : samples(copies);
  };
}

/** Without those of which there is no value at present. */
function byPeer(read: (owner: CoOwnerView) => number | undefined) {
  return eachOf((copies) =>
    copies.coOwners().flatMap((owner): Sample[] => {
      const value = read(owner);
      return value === undefined ? [] : [[{ peer: owner.nodeId }, value]];
    }),
  );
}
