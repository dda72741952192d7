/** What clients cache, and what nodes tell each other of it. */
import type { RelayCounters } from "../tracking/relay.js";
import type { MetricGroup } from "./metric.js";
import type { AdminSources } from "./sources.js";

export const trackingMetrics: MetricGroup = {
  title: "Client-side caching",
  metrics: [
    {
      name: "torus_tracking_clients",
      kind: "gauge",
      help: "Clients of this node that are told of changed keys.",
      value: ({ node }) => node.trackingCounts.clients,
    },
    {
      name: "torus_tracking_keys",
      kind: "gauge",
      help: "Keys of which the node remembers who has read them: its clients, or other nodes for theirs.",
      value: ({ node }) => node.trackingCounts.keys,
    },
    {
      name: "torus_tracking_invalidations_sent_total",
      kind: "counter",
      help: "Changed keys of which other nodes were told, each counted once for each node.",
      value: ofRelay(({ sent }) => sent),
    },
    {
      name: "torus_tracking_invalidations_received_total",
      kind: "counter",
      help: "Changed keys of which other nodes told.",
      value: ofRelay(({ received }) => received),
    },
    {
      name: "torus_tracking_losses_total",
      kind: "counter",
      help: "How often another node had to be told that everything its clients cache of this one may have changed.",
      value: ofRelay(({ losses }) => losses),
    },
  ],
};

/** Nothing, as long as there are no other nodes. */
function ofRelay(pick: (counters: Readonly<RelayCounters>) => number) {
  return ({ node }: AdminSources): number | undefined => {
    const { relay } = node.trackingCounts;
    return relay === null ? undefined : pick(relay);
  };
}
