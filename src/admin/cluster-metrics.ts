/** The cluster as this node sees it. A node of no cluster has none of these. */
import { SLOT_COUNT } from "../base/key-hash.js";
import type { ClusterView } from "../cluster/cluster-view.js";
import { slotCount, slotRanges } from "../cluster/slot-ranges.js";
import { isDeparted, statuses } from "../membership/member.js";
import { type MetricGroup, type Sample, samplesBy } from "./metric.js";
import { type AdminSources, clusterOf } from "./sources.js";

export const memberMetrics: MetricGroup = {
  title: "Members",
  metrics: [
    {
      name: "torus_members",
      kind: "gauge",
      help: "Members of the cluster, this one included, by what this node believes of them; those that left for good are none.",
      labels: ["status"],
      samples: eachOf((cluster) => samplesBy("status", membersByStatus(cluster))),
    },
    {
      name: "torus_membership_slowness_ratio",
      kind: "gauge",
      help: "How many times longer than usual this node waits before it accuses others: 1 if it seems well itself.",
      value: ofCluster(({ slowness }) => slowness),
    },
    {
      name: "torus_membership_probes_total",
      kind: "counter",
      help: "Probes of other members.",
      value: ofCluster(({ swimCounters }) => swimCounters.probes),
    },
    {
      name: "torus_membership_probe_failures_total",
      kind: "counter",
      help: "Probes that nobody answered, directly or for another.",
      value: ofCluster(({ swimCounters }) => swimCounters.probesFailed),
    },
    {
      name: "torus_membership_suspicions_total",
      kind: "counter",
      help: "Suspicions that this node raised.",
      value: ofCluster(({ swimCounters }) => swimCounters.suspicions),
    },
    {
      name: "torus_membership_refutations_total",
      kind: "counter",
      help: "Suspicions of this node itself that it refuted.",
      value: ofCluster(({ swimCounters }) => swimCounters.refutations),
    },
    {
      name: "torus_membership_deaths_declared_total",
      kind: "counter",
      help: "Members that this node declared dead.",
      value: ofCluster(({ swimCounters }) => swimCounters.deathsDeclared),
    },
    {
      name: "torus_membership_misdirected_total",
      kind: "counter",
      help: "Messages meant for another node, which had this one's address before.",
      value: ofCluster(({ swimCounters }) => swimCounters.misdirected),
    },
    {
      name: "torus_membership_overflows_total",
      kind: "counter",
      help: "Members that found no room in the table.",
      value: ofCluster(({ swimCounters }) => swimCounters.tableFull),
    },
  ],
};

export const gossipMetrics: MetricGroup = {
  title: "Gossip",
  metrics: [
    {
      name: "torus_gossip_datagrams_total",
      kind: "counter",
      help: "Datagrams received and sent.",
      labels: ["direction"],
      samples: eachOf(({ gossipCounters: { datagramsReceived, datagramsSent } }) =>
        samplesBy("direction", { received: datagramsReceived, sent: datagramsSent }),
      ),
    },
    {
      name: "torus_gossip_bytes_total",
      kind: "counter",
      help: "Bytes of datagrams received and sent.",
      labels: ["direction"],
      samples: eachOf(({ gossipCounters: { bytesReceived, bytesSent } }) =>
        samplesBy("direction", { received: bytesReceived, sent: bytesSent }),
      ),
    },
    {
      name: "torus_gossip_dropped_total",
      kind: "counter",
      help: "Packets dropped, by what was wrong with them.",
      labels: ["reason"],
      samples: eachOf(({ gossipCounters }) => samplesBy("reason", gossipCounters.dropped)),
    },
    {
      name: "torus_gossip_suppressed_total",
      kind: "counter",
      help: "Datagrams not sent: there would have been too many in too short a time.",
      value: ofCluster(({ gossipCounters }) => gossipCounters.datagramsSuppressed),
    },
    {
      name: "torus_gossip_exchanges_total",
      kind: "counter",
      help: "Exchanges of whole tables, by how they went: begun here, of these failed, and packets answered of those that others began.",
      labels: ["part"],
      samples: eachOf(({ gossipCounters: { exchanges, exchangesFailed, exchangesAnswered } }) =>
        samplesBy("part", { begun: exchanges, failed: exchangesFailed, answered: exchangesAnswered }),
      ),
    },
    {
      name: "torus_gossip_exchange_sent_bytes_total",
      kind: "counter",
      help: "Bytes sent in exchanges.",
      value: ofCluster(({ gossipCounters }) => gossipCounters.exchangeBytesSent),
    },
  ],
};

export const slotMetrics: MetricGroup = {
  title: "Slots",
  metrics: [
    {
      name: "torus_slots",
      kind: "gauge",
      help: "Slots by the node that executes their commands, as this node knows it.",
      labels: ["executor"],
      samples: eachOf((cluster) =>
        Array.from(slotRanges(cluster).byNode, ([executor, ranges]) => [{ executor }, slotCount(ranges)]),
      ),
    },
    {
      name: "torus_slots_owned",
      kind: "gauge",
      help: "Slots that this node executes the commands of.",
      value: ofCluster((cluster) => slotCount(slotRanges(cluster).byNode.get(cluster.selfId))),
    },
    {
      name: "torus_slots_unserved",
      kind: "gauge",
      help: "Slots that nobody executes the commands of at present: these wait.",
      value: ofCluster((cluster) => SLOT_COUNT - slotCount(slotRanges(cluster).all)),
    },
    {
      name: "torus_slot_route_changes_total",
      kind: "counter",
      help: "Changes of the executor of any slots.",
      value: ofCluster(({ routesVersion }) => routesVersion),
    },
    {
      name: "torus_clock_ahead_seconds",
      kind: "gauge",
      help: "By how much this node's wall clock is ahead of the middle one of all nodes that it is compared with; negative if behind.",
      value: ofCluster(({ clock }) => clock.aheadMs / 1000),
    },
    {
      name: "torus_clock_ahead_total",
      kind: "counter",
      help: "How often this node's clock came to be ahead of most others by more than `max-clock-offset`: its time then goes on with theirs.",
      value: ofCluster(({ clock }) => clock.timesAhead),
    },
    {
      name: "torus_placement_epoch",
      kind: "gauge",
      help: "Version of who owns what; all nodes have the same when nothing is changing. None as long as this node has not heard.",
      value: ofCluster(({ placement }) => placement?.epoch),
    },
    {
      name: "torus_placement_members",
      kind: "gauge",
      help: "Members that own slots.",
      value: ofCluster(({ placement }) => placement?.members.length),
    },
    {
      name: "torus_placement_change",
      kind: "gauge",
      help: "1 while a change of owners is under way, by what it is and how far.",
      labels: ["kind", "phase", "node"],
      samples: eachOf(({ placement }) => {
        const change = placement?.change ?? null;
        if (change === null) return [];
        return [[{ kind: change.kind, phase: change.phase, node: change.node.id }, 1]];
      }),
    },
    {
      name: "torus_change_slots",
      kind: "gauge",
      help: "Slots that this node hands over or takes over in the change under way.",
      value: ofCluster(({ change }) => change?.slots),
    },
    {
      name: "torus_change_done_slots",
      kind: "gauge",
      help: "How many of these are done.",
      value: ofCluster(({ change }) => change?.slotsDone),
    },
    {
      name: "torus_change_shipped_bytes",
      kind: "gauge",
      help: "Bytes shipped in the change under way.",
      value: ofCluster(({ change }) => change?.bytesShipped),
    },
  ],
};

export const linkMetrics: MetricGroup = {
  title: "Links and forwarding",
  metrics: [
    {
      name: "torus_link_up",
      kind: "gauge",
      help: "1 if this node is linked with another one.",
      labels: ["peer"],
      samples: byPeer(({ isUp }) => Number(isUp)),
    },
    {
      name: "torus_link_ups_total",
      kind: "counter",
      help: "Times the link came up.",
      labels: ["peer"],
      samples: byPeer(({ counters }) => counters.ups),
    },
    {
      name: "torus_link_requests_in_flight",
      kind: "gauge",
      help: "Requests that are not answered yet.",
      labels: ["peer"],
      samples: byPeer(({ inFlight }) => inFlight),
    },
    {
      name: "torus_link_in_flight_bytes",
      kind: "gauge",
      help: "Bytes of these.",
      labels: ["peer"],
      samples: byPeer(({ bytesInFlight }) => bytesInFlight),
    },
    {
      name: "torus_link_received_bytes_total",
      kind: "counter",
      help: "Bytes of answers received.",
      labels: ["peer"],
      samples: byPeer(({ counters }) => counters.bytesReceived),
    },
    {
      name: "torus_link_sent_bytes_total",
      kind: "counter",
      help: "Bytes of requests sent.",
      labels: ["peer"],
      samples: byPeer(({ counters }) => counters.bytesSent),
    },
    {
      name: "torus_forwarded_runs_total",
      kind: "counter",
      help: "Runs sent: commands that one client had for one node in one turn.",
      labels: ["peer"],
      samples: byPeer(({ counters }) => counters.runsSent),
    },
    {
      name: "torus_forwarded_commands_total",
      kind: "counter",
      help: "Commands in these.",
      labels: ["peer"],
      samples: byPeer(({ counters }) => counters.commandsSent),
    },
    {
      name: "torus_link_overdue_total",
      kind: "counter",
      help: "Requests of which the deadline passed without an answer.",
      labels: ["peer"],
      samples: byPeer(({ counters }) => counters.overdue),
    },
    {
      name: "torus_peers_accepted_total",
      kind: "counter",
      help: "Links from other nodes that were accepted.",
      value: ofCluster(({ peerServerCounters }) => peerServerCounters.accepted),
    },
    {
      name: "torus_peers_refused_total",
      kind: "counter",
      help: "Connections to the cluster port that were refused, by what was wrong with them.",
      labels: ["reason"],
      samples: eachOf(({ peerServerCounters }) => samplesBy("reason", peerServerCounters.refused)),
    },
  ],
};

function ofCluster(value: (cluster: ClusterView) => number | undefined) {
  return (sources: AdminSources) => {
    const cluster = clusterOf(sources);
    return cluster === null ? undefined : value(cluster);
  };
}

function eachOf(samples: (cluster: ClusterView) => readonly Sample[]) {
  return (sources: AdminSources) => {
    const cluster = clusterOf(sources);
    return cluster === null ? [] : samples(cluster);
  };
}

function byPeer(value: (link: ReturnType<ClusterView["links"]>[number]) => number) {
  return eachOf((cluster) => cluster.links().map((link) => [{ peer: link.nodeId }, value(link)]));
}

function membersByStatus(cluster: ClusterView): Record<string, number> {
  const present = statuses.filter((status) => status !== "forgotten");
  const counts: Record<string, number> = Object.fromEntries(present.map((status) => [status, 0]));
  for (const member of cluster.members()) {
    if (!isDeparted(member)) counts[member.status] = (counts[member.status] ?? 0) + 1;
  }
  return counts;
}
