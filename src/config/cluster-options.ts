/** The part of the table of options (options.ts) that is about several nodes. */
import { option } from "./option.js";
import { integer, oneOf, text, yesNo } from "./option-types.js";
import { seedAddresses } from "./seed-addresses.js";

export const clusterOptions = {
  clusterEnabled: option(yesNo(), {
    name: "cluster-enabled",
    default: false,
    serverDefault: true,
    mutable: false,
    doc:
      "Whether the node belongs to a cluster. One that starts without `join` founds a cluster, of which it is the only member until others " +
      "join it, and serves all keys by itself. `no`: nobody can join it, for it opens no cluster port; an HTTP port it opens only if `http-port` names one.",
    differs:
      "A node of a cluster answers every key, wherever it lies: clients need not know that there is a cluster.",
  }),
  join: option(seedAddresses(), {
    name: "join",
    default: [],
    mutable: false,
    doc:
      "Cluster addresses of some nodes of the cluster to join, `host:port`, parted by spaces or commas; without a port it is 16379. One that answers is " +
      "enough; they are asked again until one does. A node that was a member of a cluster finds it again by itself, too.",
    differs: "Not in Redis, where CLUSTER MEET does it.",
  }),
  clusterPort: option(integer({ min: 0, max: 65535, unit: "port" }), {
    name: "cluster-port",
    default: 0,
    mutable: false,
    doc:
      "Port for other nodes, TCP and UDP. 0: the port for clients plus 10000 or, where that is no port or `port` is 0, any free one. " +
      "It must be open to all nodes of the cluster and to nobody else, unless `cluster-secret` is set.",
  }),
  clusterAnnounceIp: option(text("address"), {
    name: "cluster-announce-ip",
    default: "",
    mutable: false,
    doc:
      "Address by which other nodes and clients reach this one, as behind a translation of addresses. Empty: the first of `bind` or, " +
      "where that is every interface, the first address of this machine that is not loopback.",
  }),
  clusterSecret: option(text("secret"), {
    name: "cluster-secret",
    default: "",
    mutable: false,
    doc:
      "A secret that all nodes of the cluster share. What they say to each other is then sealed with it (AES-256-GCM): who does not know it can neither read, " +
      "nor change, nor join. Empty: everyone who can reach the cluster port is trusted. As with `requirepass`, prefer the file or the environment to a flag.",
    differs: "Not in Redis.",
  }),
  membershipPreset: option(oneOf("network", ["local", "lan", "wan"]), {
    name: "membership-preset",
    default: "lan",
    mutable: false,
    doc:
      "What network the nodes share: `local` is one machine, `lan` a data centre, `wan` the world. The wider, the longer until a dead node is taken for dead, " +
      "and the fewer datagrams and false alarms. All nodes of a cluster should have the same.",
    differs: "Not in Redis, where `cluster-node-timeout` does some of it.",
  }),
  zone: option(text("zone"), {
    name: "zone",
    default: "",
    mutable: false,
    doc: "What fails together with this node: a rack, a data centre. Copies of a key go to distinct zones as far as there are any.",
    differs: "Not in Redis.",
  }),
  nodeWeight: option(integer({ min: 1, max: 100, unit: "weight" }), {
    name: "node-weight",
    default: 1,
    mutable: false,
    doc: "This node's share of the keys against a node of weight 1. Higher for machines with more memory.",
    differs: "Not in Redis.",
  }),
  httpPort: option(integer({ min: -1, max: 65535, unit: "port" }), {
    name: "http-port",
    default: -1,
    serverDefault: 0,
    mutable: false,
    doc:
      "Port of `/healthz`, `/readyz` and `/metrics` (docs/metrics.md), on the first address of `bind`. 0: the port for clients plus 2000 or, where that is no " +
      "port or `port` is 0, any free one; none without a cluster. -1: none.",
    differs: "Not in Redis.",
  }),
} as const;
