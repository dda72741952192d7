/**
 * The slots as ranges that one node executes, which is how they are shown. Computed once for each change of routes, since whoever
 * asks asks often and the answer rarely changes.
 */
import { groupBy } from "../base/groups.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import type { NodeId } from "../membership/member.js";
import type { ClusterView } from "./cluster-view.js";

export interface SlotRange {
  /** The first slot and the last one, which may be the same. */
  readonly first: number;
  readonly last: number;
  readonly nodeId: NodeId;
}

export interface SlotRanges {
  /** In the order of slots. Those that nobody executes at present are left out. */
  readonly all: readonly SlotRange[];
  /** Only nodes that execute any. */
  readonly byNode: ReadonlyMap<NodeId, readonly SlotRange[]>;
}

export type SlotOwnership = Pick<ClusterView, "executorOf" | "routesVersion">;

const computed = new WeakMap<SlotOwnership, { version: number; ranges: SlotRanges }>();

export function slotRanges(cluster: SlotOwnership): SlotRanges {
  const version = cluster.routesVersion;
  const known = computed.get(cluster);
  if (known?.version === version) return known.ranges;
  const ranges = computeRanges(cluster);
  computed.set(cluster, { version, ranges });
  return ranges;
}

export function slotCount(ranges: readonly SlotRange[] = []): number {
  return ranges.reduce((count, { first, last }) => count + last - first + 1, 0);
}

function computeRanges(cluster: SlotOwnership): SlotRanges {
  const all: SlotRange[] = [];
  for (let first = 0; first < SLOT_COUNT; ) {
    const nodeId = cluster.executorOf(first);
    let last = first;
    while (last + 1 < SLOT_COUNT && cluster.executorOf(last + 1) === nodeId) last++;
    if (nodeId !== undefined) all.push({ first, last, nodeId });
    first = last + 1;
  }
  return { all, byNode: groupBy(all, ({ nodeId }) => nodeId) };
}
