/** TORUS STATUS, MEMBERS and RING: the cluster as this node sees it, for people and tools. */
import { version } from "../base/version.js";
import { slotCount, slotRanges } from "../cluster/slot-ranges.js";
import { isDeparted, type Status } from "../membership/member.js";
import { type ReportedCluster, reportedCluster } from "./lone-node.js";
import { type ReplyTree, writeTree } from "./reply-tree.js";
import type { SessionCall } from "./session.js";
import { copiesOfMember, replicationReport } from "./torus-copies.js";

const MILLIS_PER_SECOND = 1000;

export function status(call: SessionCall): void {
  const { node, reply } = call;
  const cluster = reportedCluster(call);
  const self = cluster.member(cluster.selfId)?.record;
  // Nobody waits for those who have left or were forgotten.
  const all = [...cluster.members()].filter((member) => !isDeparted(member));
  const count = (status: Status) => all.filter((member) => member.status === status).length;
  const links = cluster.links();
  const linksUp = links.filter(({ isUp }) => isUp).length;
  writeTree(reply, {
    node: cluster.selfId,
    name: self?.name ?? "",
    cluster: cluster.clusterId ?? null,
    lifecycle: self?.lifecycle ?? "joining",
    version,
    "uptime-seconds": Math.max(0, Math.floor((node.clock.wallMs() - node.startedWallMs) / MILLIS_PER_SECOND)),
    "members-alive": count("alive"),
    "members-suspect": count("suspect"),
    "members-dead": count("dead"),
    "placement-epoch": cluster.placement?.epoch ?? 0,
    change: changeUnderWay(cluster),
    slots: slotCount(slotRanges(cluster).byNode.get(cluster.selfId)),
    covered: cluster.isCovered,
    missing: cluster.missing(),
    warnings: cluster.warnings(),
    replication: replicationReport(cluster),
    "links-up": linksUp,
    "links-down": links.length - linksUp,
    slowness: cluster.slowness,
  });
}

function changeUnderWay(cluster: ReportedCluster): ReplyTree {
  const change = cluster.placement?.change ?? null;
  if (change === null) return null;
  const { kind, phase, node, others } = change;
  const progress = cluster.change;
  return {
    kind,
    phase,
    node: node.id,
    name: cluster.member(node.id)?.record.name ?? "",
    others,
    slots: progress?.slots ?? 0,
    "slots-done": progress?.slotsDone ?? 0,
    "bytes-shipped": progress?.bytesShipped ?? 0,
  };
}

export function members(call: SessionCall): void {
  const cluster = reportedCluster(call);
  const nowMs = call.node.clock.monotonicMs();
  const { byNode } = slotRanges(cluster);
  const all = Array.from(cluster.members(), (member) => {
    const { record, status, sinceMs } = member;
    return {
      id: record.id,
      name: record.name,
      self: record.id === cluster.selfId,
      lifecycle: record.lifecycle,
      status,
      "since-ms": Math.max(0, Math.floor(nowMs - sinceMs)),
      host: record.host,
      port: record.clientPort,
      "cluster-port": record.clusterPort,
      "http-port": record.httpPort,
      zone: record.zone,
      weight: record.weight,
      slots: slotCount(byNode.get(record.id)),
      link: linkTo(cluster, record.id),
      ...copiesOfMember(cluster, member),
    };
  });
  writeTree(call.reply, all);
}

/** How this node reaches another. */
export function linkTo(cluster: ReportedCluster, id: string): "self" | "up" | "down" | "none" {
  if (id === cluster.selfId) return "self";
  const link = cluster.links().find(({ nodeId }) => nodeId === id);
  if (link === undefined) return "none";
  return link.isUp ? "up" : "down";
}

export function ring(call: SessionCall): void {
  const cluster = reportedCluster(call);
  const ranges = slotRanges(cluster).all.map(({ first, last, nodeId }) => [
    first,
    last,
    nodeId,
    cluster.member(nodeId)?.record.name ?? "",
  ]);
  writeTree(call.reply, ranges);
}
