/**
 * Node ids as Redis Cluster's clients know them: 40 hexadecimal digits, where ours are 32. The eight that are missing are a checksum of
 * the 32, so that every node shows the same ones, and either form leads back to the node.
 */
import { crc32 } from "../base/crc32.js";
import type { ClusterView } from "../cluster/cluster-view.js";
import type { Member, NodeId } from "../membership/member.js";

const OWN_DIGITS = 32;
const CHECKSUM_DIGITS = 8;

export function redisNodeId(id: NodeId): string {
  const bytes = Buffer.from(id, "latin1");
  const checksum = crc32(bytes, 0, bytes.length).toString(16).padStart(CHECKSUM_DIGITS, "0");
  return `${id}${checksum}`;
}

/** Whether that is the id of a node, in either form. */
export function isCalled(id: NodeId, text: string): boolean {
  const lower = text.toLowerCase();
  return lower === id || lower === redisNodeId(id);
}

/** The member with an id of either form. */
export function memberOfId(cluster: ClusterView, text: string): Member | undefined {
  const member = cluster.member(text.toLowerCase().slice(0, OWN_DIGITS));
  return member !== undefined && isCalled(member.record.id, text) ? member : undefined;
}
