/** Subscriptions of this node's clients, and messages between nodes. */
import type { RelayCounters } from "../pubsub/broker.js";
import { subscriptionKinds } from "../pubsub/subscriber.js";
import type { MetricGroup } from "./metric.js";
import type { AdminSources } from "./sources.js";

export const pubsubMetrics: MetricGroup = {
  title: "Publish and subscribe",
  metrics: [
    {
      name: "torus_pubsub_names",
      kind: "gauge",
      help: "Channels, patterns and shard channels that clients of this node are subscribed to.",
      labels: ["kind"],
      samples: ({ node }) => subscriptionKinds.map((kind) => [{ kind }, node.broker.local.count(kind)]),
    },
    {
      name: "torus_pubsub_messages_sent_total",
      kind: "counter",
      help: "Messages sent to other nodes, each counted once for each node.",
      value: ofRelay(({ sent }) => sent),
    },
    {
      name: "torus_pubsub_messages_received_total",
      kind: "counter",
      help: "Messages that came from other nodes.",
      value: ofRelay(({ received }) => received),
    },
    {
      name: "torus_pubsub_messages_dropped_total",
      kind: "counter",
      help: "Messages that were not sent to another node since it took too little of what was sent before.",
      value: ofRelay(({ dropped }) => dropped),
    },
  ],
};

/** Nothing, as long as there are no other nodes. */
function ofRelay(pick: (counters: Readonly<RelayCounters>) => number) {
  return ({ node }: AdminSources): number | undefined => {
    const { relay } = node.broker;
    return relay === null ? undefined : pick(relay.counters);
  };
}
