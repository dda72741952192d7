/**
 * The slots as ranges that one node executes and the same others have copies of, as clients of Redis Cluster want to know it. Computed
 * once for each change of routes or of owners.
 */
import { SLOT_COUNT } from "../base/key-hash.js";
import type { NodeId } from "../membership/member.js";
import type { ClusterView } from "./cluster-view.js";
import { isReplicated, type Placement } from "./placement.js";
import { type SlotRange, slotRanges } from "./slot-ranges.js";

export interface CopyRange extends SlotRange {
  /**
   * Who else owns the slots, in the order of their ids: clients think that slots with the same nodes in the same order belong together,
   * and the order of preference is nothing to them.
   */
  readonly replicas: readonly NodeId[];
}

export type CopyOwnership = Pick<ClusterView, "executorOf" | "ownersOf" | "placement" | "routesVersion">;

interface Computed {
  readonly version: number;
  readonly placement: Placement | undefined;
  readonly ranges: readonly CopyRange[];
}

const NONE: readonly NodeId[] = [];
const computed = new WeakMap<CopyOwnership, Computed>();

/** In the order of slots. Those that nobody executes at present are left out. */
export function copyRanges(cluster: CopyOwnership): readonly CopyRange[] {
  const { routesVersion: version, placement } = cluster;
  const known = computed.get(cluster);
  if (known?.version === version && known.placement === placement) return known.ranges;
  const hasReplicas = placement !== undefined && isReplicated(placement);
  const ranges = hasReplicas
    ? computeRanges(cluster)
    : slotRanges(cluster).all.map((range) => ({ ...range, replicas: NONE }));
  computed.set(cluster, { version, placement, ranges });
  return ranges;
}

function computeRanges(cluster: CopyOwnership): readonly CopyRange[] {
  const ranges: CopyRange[] = [];
  let first = 0;
  let open = copyOf(cluster, 0);
  for (let slot = 1; slot <= SLOT_COUNT; slot++) {
    const next = slot < SLOT_COUNT ? copyOf(cluster, slot) : undefined;
    if (next?.name === open.name) continue;
    const { nodeId, replicas } = open;
    if (nodeId !== undefined) ranges.push({ first, last: slot - 1, nodeId, replicas });
    if (next === undefined) break;
    first = slot;
    open = next;
  }
  return ranges;
}

function copyOf(cluster: CopyOwnership, slot: number) {
  const nodeId = cluster.executorOf(slot);
  const replicas =
    nodeId === undefined
      ? NONE
      : cluster
          .ownersOf(slot)
          .filter((id) => id !== nodeId)
          .sort();
  return { nodeId, replicas, name: `${nodeId} ${replicas.join()}` };
}
