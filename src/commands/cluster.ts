/**
 * CLUSTER, as Redis Cluster has it: what cluster clients ask to send each command to the node that executes it. Nobody needs to, for
 * every node answers every key. https://redis.io/docs/latest/commands/?group=cluster
 */
import { SLOT_COUNT, slotOf } from "../base/key-hash.js";
import type { ClusterView } from "../cluster/cluster-view.js";
import { slotCount, slotRanges } from "../cluster/slot-ranges.js";
import { isGhost } from "../keyspace/ghost.js";
import { collectKeys, SLOT_END } from "../keyspace/slot-walk.js";
import { ReplyError } from "../protocol/reply-error.js";
import { clusterOf, forget, meet, memberIn } from "./cluster-change.js";
import { knownMembers, nodesText, writeShards, writeSlots } from "./cluster-map.js";
import { refusedClusterCommands } from "./cluster-refused.js";
import { type Command, container, session } from "./command.js";
import { withHelp } from "./help.js";
import { redisNodeId } from "./redis-node-id.js";
import { writeTree } from "./reply-tree.js";
import type { SessionCall } from "./session.js";

const NONDETERMINISTIC = ["nondeterministic_output"];
const IDS =
  "Node ids are TorusKV's 32 digits, filled up to 40 by a checksum of them; both forms are understood.";

export const clusterCommand: Command = container({
  name: "cluster",
  arity: -2,
  group: "cluster",
  flags: [],
  since: "3.0.0",
  complexity: "By subcommand",
  summary: "Tells of the cluster, and changes it.",
  subcommands: [
    ...withHelp({ of: "cluster", since: "5.0.0" }, [
      session({
        name: "info",
        arity: 2,
        group: "cluster",
        flags: ["stale"],
        tips: NONDETERMINISTIC,
        since: "3.0.0",
        complexity: "O(N) in nodes",
        summary: "Reports on the state of the cluster as this node sees it.",
        differs:
          "Messages are datagrams of membership. The epochs are that of the placement, which all nodes share. The state is `fail` if some " +
          "slot has no executor, or a dead one: its keys cannot be served, all others are.",
        run: info,
      }),
      session({
        name: "nodes",
        arity: 2,
        group: "cluster",
        flags: ["stale"],
        tips: NONDETERMINISTIC,
        since: "3.0.0",
        complexity: "O(N) in nodes and ranges of slots",
        summary: "Lists the nodes, each with its address, state and slots.",
        differs: `${IDS} All nodes are masters, each of the slots that it executes. The time of a ping is since when a node does not answer, that of a pong always 0, and the epoch that of the placement.`,
        run: nodes,
      }),
      session({
        name: "slots",
        arity: 2,
        group: "cluster",
        flags: ["stale"],
        tips: NONDETERMINISTIC,
        since: "3.0.0",
        deprecatedSince: "7.0.0",
        replacedBy: "`CLUSTER SHARDS`",
        complexity: "O(N) in ranges of slots",
        summary:
          "Lists ranges of slots with the node that executes their commands, and those that have copies of them.",
        history: [
          ["4.0.0", "Node ids"],
          ["7.0.0", "More about the network"],
        ],
        differs: `${IDS} While slots change owners, each is shown where it is executed at the moment. Any node shown will do for any command.`,
        run: (call) => writeSlots(call.reply, clusterOf(call)),
      }),
      session({
        name: "shards",
        arity: 2,
        group: "cluster",
        flags: ["stale"],
        tips: NONDETERMINISTIC,
        since: "7.0.0",
        complexity: "O(N) in nodes and ranges of slots",
        summary:
          "Lists the nodes, each with the slots whose commands it executes, and those that have copies of them.",
        differs: `${IDS} Each node is a shard, and a replica in the shards of others: of all or of some of their slots. Offsets are 0.`,
        run: (call) => writeShards(call.reply, clusterOf(call)),
      }),
      session({
        name: "myid",
        arity: 2,
        group: "cluster",
        flags: ["stale"],
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Answers the id of this node.",
        differs: IDS,
        run: myId,
      }),
      session({
        name: "myshardid",
        arity: 2,
        group: "cluster",
        flags: ["stale"],
        since: "7.2.0",
        complexity: "O(1)",
        summary: "Answers the id of the shard of this node.",
        differs: "Each node is a shard: it is the id of the node.",
        run: myId,
      }),
      session({
        name: "keyslot",
        arity: 3,
        group: "cluster",
        flags: ["stale"],
        syntax: "key:string",
        since: "3.0.0",
        complexity: "O(N) in bytes of the key",
        summary: "Answers the slot of a key.",
        run: keySlot,
      }),
      session({
        name: "countkeysinslot",
        arity: 3,
        group: "cluster",
        flags: ["stale"],
        syntax: "slot:integer",
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Counts the keys of a slot that this node holds.",
        differs: "Of the database that the connection has open.",
        seesAll: true,
        run: countKeysInSlot,
      }),
      session({
        name: "getkeysinslot",
        arity: 4,
        group: "cluster",
        flags: ["stale"],
        tips: NONDETERMINISTIC,
        syntax: "slot:integer count:integer",
        since: "3.0.0",
        complexity: "O(N) in keys asked for",
        summary: "Lists keys of a slot that this node holds.",
        differs: "Of the database that the connection has open.",
        seesAll: true,
        run: getKeysInSlot,
      }),
      session({
        name: "links",
        arity: 2,
        group: "cluster",
        flags: ["stale"],
        tips: NONDETERMINISTIC,
        since: "7.0.0",
        complexity: "O(N) in nodes",
        summary: "Lists the links by which this node asks others.",
        differs:
          "Those by which others ask are not listed. The time of their creation is not known: 0. The send buffer is what was sent and not answered.",
        run: links,
      }),
      session({
        name: "count-failure-reports",
        arity: 3,
        group: "cluster",
        flags: ["admin", "stale"],
        tips: NONDETERMINISTIC,
        syntax: "node-id:string",
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Answers whether a node seems to have failed.",
        differs:
          "It is 1 if this node suspects the other or takes it for dead, else 0: what others believe is not counted.",
        run: (call) => {
          const { status } = memberIn(call, 2);
          call.reply.integer(status === "alive" ? 0 : 1);
        },
      }),
      ...["replicas", "slaves"].map((name) =>
        session({
          name,
          arity: 3,
          group: "cluster",
          flags: ["admin", "stale"],
          tips: NONDETERMINISTIC,
          syntax: "node-id:string",
          complexity: "O(1)",
          summary: "Lists the replicas of a node.",
          differs: "No node is the replica of another: the list is empty.",
          ...(name === "replicas"
            ? { since: "5.0.0" }
            : { since: "3.0.0", deprecatedSince: "5.0.0", replacedBy: "`CLUSTER REPLICAS`" }),
          run: (call: SessionCall) => {
            memberIn(call, 2);
            call.reply.emptyArray();
          },
        }),
      ),
      session({
        name: "meet",
        arity: -4,
        group: "cluster",
        flags: ["admin", "stale", "no_async_loading"],
        syntax: "ip port:integer [cluster_bus_port:integer@4.0.0]",
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Joins the cluster of the node at an address.",
        history: [["4.0.0", "The port for other nodes, if it is not the port plus 10000"]],
        differs:
          "A node that is alone and empty joins the other one's cluster; another one cannot. A host name will do. The reply comes when the " +
          "joining has begun, or says why it cannot.",
        run: meet,
      }),
      session({
        name: "forget",
        arity: 3,
        group: "cluster",
        flags: ["admin", "stale", "no_async_loading"],
        syntax: "node-id:string",
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Declares a dead node gone for good: others make up for its copies.",
        differs:
          "Once is enough for the whole cluster, and it lasts. A node that is alive leaves by `TORUS LEAVE`. Where no other node has a copy it is " +
          "refused: `TORUS FORGET` takes several nodes together, and knows FORCE.",
        run: forget,
      }),
    ]),
    ...refusedClusterCommands,
  ],
});

function info(call: SessionCall): void {
  const cluster = clusterOf(call);
  const slots = slotStates(cluster);
  const epoch = cluster.placement?.epoch ?? 0;
  const fields = {
    cluster_state: cluster.isCovered && slots.fail === 0 ? "ok" : "fail",
    cluster_slots_assigned: slots.ok + slots.pfail + slots.fail,
    cluster_slots_ok: slots.ok,
    cluster_slots_pfail: slots.pfail,
    cluster_slots_fail: slots.fail,
    cluster_known_nodes: knownMembers(cluster).length,
    cluster_size: slotRanges(cluster).byNode.size,
    cluster_current_epoch: epoch,
    cluster_my_epoch: epoch,
    cluster_stats_messages_sent: cluster.gossipCounters.datagramsSent,
    cluster_stats_messages_received: cluster.gossipCounters.datagramsReceived,
    total_cluster_links_buffer_limit_exceeded: 0,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}:${value}\r\n`);
  call.reply.verbatim(lines.join(""), "txt");
}

/** Slots by how their executors are. */
function slotStates(cluster: ClusterView): { ok: number; pfail: number; fail: number } {
  const counts = { ok: 0, pfail: 0, fail: 0 };
  for (const [id, ranges] of slotRanges(cluster).byNode) {
    const status = cluster.member(id)?.status ?? "dead";
    const state = status === "alive" ? "ok" : status === "suspect" ? "pfail" : "fail";
    counts[state] += slotCount(ranges);
  }
  return counts;
}

function nodes(call: SessionCall): void {
  const { clock } = call.node;
  const startMs = clock.wallMs() - clock.monotonicMs();
  call.reply.verbatim(
    nodesText(clusterOf(call), (ms) => startMs + ms),
    "txt",
  );
}

function myId(call: SessionCall): void {
  call.reply.bulkText(redisNodeId(clusterOf(call).selfId));
}

function keySlot(call: SessionCall): void {
  clusterOf(call);
  call.reply.integer(slotOf(call.bytes, call.start(2), call.end(2)));
}

function countKeysInSlot(call: SessionCall): void {
  clusterOf(call);
  const slot = call.integer(2);
  if (slot < 0 || slot >= SLOT_COUNT) throw new ReplyError("ERR Invalid slot");
  call.reply.integer(call.keyspace.database.counts[slot] ?? 0);
}

function getKeysInSlot(call: SessionCall): void {
  clusterOf(call);
  const slot = call.integer(2);
  const count = call.integer(3);
  if (slot < 0 || slot >= SLOT_COUNT || count < 0) {
    throw new ReplyError("ERR Invalid slot or number of keys");
  }
  const { database } = call.keyspace;
  const keys: Buffer[] = [];
  for (let from = 0; from < SLOT_END && keys.length < count; ) {
    from = collectKeys(database, slot, from, (at) => !isGhost(database, at), keys);
  }
  const shown = keys.slice(0, count);
  call.reply.array(shown.length);
  for (const key of shown) call.reply.bulk(key, 0, key.length);
}

function links(call: SessionCall): void {
  const up = clusterOf(call)
    .links()
    .filter(({ isUp }) => isUp);
  const described = up.map(({ nodeId, bytesInFlight }) => ({
    direction: "to",
    node: redisNodeId(nodeId),
    "create-time": 0,
    events: bytesInFlight === 0 ? "r" : "rw",
    "send-buffer-allocated": bytesInFlight,
    "send-buffer-used": bytesInFlight,
  }));
  writeTree(call.reply, described);
}
