/** CLUSTER NODES, SLOTS and SHARDS: one map of the cluster in the three forms that Redis Cluster's clients read. */
import type { ClusterView } from "../cluster/cluster-view.js";
import { copyRanges } from "../cluster/copy-ranges.js";
import { type SlotRange, slotRanges } from "../cluster/slot-ranges.js";
import {
  isDeparted,
  isPresent,
  type Member,
  type MemberRecord,
  type NodeId,
  type Status,
} from "../membership/member.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import { redisNodeId } from "./redis-node-id.js";

/** Those that take part, and owners that are dead: they are waited for. */
export function knownMembers(cluster: ClusterView): Member[] {
  return [...cluster.members()].filter((member) => !isDeparted(member));
}

// ---- NODES ----

const FLAG_BY_STATUS: Readonly<Record<Status, string>> = {
  alive: "",
  suspect: ",fail?",
  dead: ",fail",
  forgotten: ",fail",
};

/** A line for each node. `wallMsOf` makes a date of a time of the monotonic clock. */
export function nodesText(cluster: ClusterView, wallMsOf: (monotonicMs: number) => number): string {
  const { byNode } = slotRanges(cluster);
  const epoch = cluster.placement?.epoch ?? 0;
  const downLinks = new Set(cluster.links().flatMap(({ nodeId, isUp }) => (isUp ? [] : [nodeId])));
  const lines = knownMembers(cluster).map(({ record, status, sinceMs }) => {
    const { id, host, clientPort, clusterPort } = record;
    const flags = `${id === cluster.selfId ? "myself," : ""}master${FLAG_BY_STATUS[status]}`;
    // Of whom has not answered: since when. Others' probes are answered within a moment.
    const pingSentMs = status === "alive" ? 0 : Math.round(wallMsOf(sinceMs));
    const link = downLinks.has(id) ? "disconnected" : "connected";
    const slots = (byNode.get(id) ?? []).map(rangeText);
    const address = `${host}:${clientPort}@${clusterPort}`;
    return [redisNodeId(id), address, flags, "-", pingSentMs, 0, epoch, link, ...slots].join(" ");
  });
  return lines.map((line) => `${line}\n`).join("");
}

function rangeText({ first, last }: SlotRange): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

// ---- SLOTS ----

export function writeSlots(reply: ReplyWriter, cluster: ClusterView): void {
  // A node has hundreds of ranges: what is the same in all of them is encoded once.
  const servers = new Map<NodeId, Buffer>();
  // Not counted beforehand: a member of which this node has not heard yet has no address to show.
  const mark = reply.reserveArray();
  let count = 0;
  for (const { first, last, nodeId, replicas } of copyRanges(cluster)) {
    const member = cluster.member(nodeId);
    if (member === undefined) continue;
    // Clients connect to all that they are shown: not to those that are dead. The executor they have to know of all the same.
    const others = replicas.flatMap((id) => cluster.member(id) ?? []).filter(isPresent);
    reply.array(3 + others.length);
    reply.integer(first);
    reply.integer(last);
    for (const { record } of [member, ...others]) {
      const encoded = servers.get(record.id);
      if (encoded === undefined) servers.set(record.id, writeServer(reply, record));
      else reply.raw(encoded, 0, encoded.length);
    }
    count++;
  }
  reply.fillArray(mark, count);
}

/** Answers the bytes that it wrote. */
function writeServer(reply: ReplyWriter, { id, host, clientPort }: MemberRecord): Buffer {
  const start = reply.length;
  reply.array(4);
  reply.bulkText(host);
  reply.integer(clientPort);
  reply.bulkText(redisNodeId(id));
  reply.map(0);
  return Buffer.from(reply.buffer.subarray(start, reply.length));
}

// ---- SHARDS ----

/** A shard is a node, with the slots that it executes and those who have copies of any of them: some clients know one shard of a node only. */
export function writeShards(reply: ReplyWriter, cluster: ClusterView): void {
  const { byNode } = slotRanges(cluster);
  const replicas = replicasByNode(cluster);
  const members = knownMembers(cluster);
  reply.array(members.length);
  for (const member of members) {
    const others = members.filter(({ record }) => replicas.get(member.record.id)?.has(record.id));
    const ranges = byNode.get(member.record.id) ?? [];
    reply.map(2);
    reply.bulkText("slots");
    reply.array(2 * ranges.length);
    for (const { first, last } of ranges) {
      reply.integer(first);
      reply.integer(last);
    }
    reply.bulkText("nodes");
    reply.array(1 + others.length);
    writeShardNode(reply, member, "master");
    for (const other of others) writeShardNode(reply, other, "replica");
  }
}

/** By executor, who has copies of any of its slots. */
function replicasByNode(cluster: ClusterView): Map<NodeId, Set<NodeId>> {
  const replicas = new Map<NodeId, Set<NodeId>>();
  for (const range of copyRanges(cluster)) {
    const known = replicas.get(range.nodeId) ?? new Set();
    for (const id of range.replicas) known.add(id);
    replicas.set(range.nodeId, known);
  }
  return replicas;
}

function writeShardNode(reply: ReplyWriter, { record, status }: Member, role: "master" | "replica"): void {
  const fields: readonly (readonly [string, string | number])[] = [
    ["id", redisNodeId(record.id)],
    ["port", record.clientPort],
    ["ip", record.host],
    ["endpoint", record.host],
    ["role", role],
    ["replication-offset", 0],
    ["health", status === "alive" || status === "suspect" ? "online" : "fail"],
  ];
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.bulkText(name);
    if (typeof value === "number") reply.integer(value);
    else reply.bulkText(value);
  }
}
