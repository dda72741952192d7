import { noClaims } from "#torus/cluster/primaries/claim-counters.js";
import { noRepairWork, type RepairProgress } from "#torus/cluster/repair/repair-counters.js";
import { noReceipts } from "#torus/cluster/replication/receipt-counters.js";
import { noShipments } from "#torus/cluster/replication/shipping-counters.js";
import type { CoOwnerView, CopiesLeft, CopyState, ReplicationView } from "#torus/cluster/replication-view.js";
import type { NodeId } from "#torus/membership/member.js";

/** An owner that has everything. */
export function coOwnerOf(nodeId: NodeId, view: Partial<CoOwnerView> = {}): CoOwnerView {
  return {
    nodeId,
    copy: "in-sync",
    stream: "shipping",
    lag: { bytes: 0, batches: 0, milliseconds: 0 },
    silentMs: 0,
    acknowledged: 0,
    isWhole: true,
    isReceived: true,
    repair: undefined,
    counters: noShipments(),
    gaps: 0,
    ...view,
  };
}

/** A repair that has compared 40 of 100 slots. */
export const REPAIR_UNDER_WAY: RepairProgress = {
  ...noRepairWork(),
  slots: 100,
  slotsCompared: 40,
  slotsDiffering: 3,
  bytesSent: 50,
  bytesReceived: 60,
};

/** Copies of which the test says how they are; all slots have three, unless it says otherwise. */
export class FakeReplication implements ReplicationView {
  copiesWanted = 3;
  copiesPlaced = 3;
  isReady = true;
  isServing = true;
  awaited: NodeId[] = [];
  slotsOwned = 16_384;
  slotsActing = 5000;
  position = 0;
  backlogFirst = 0;
  backlogBytes = 0;
  backlogBytesMax = 64 * 2 ** 20;
  receivedBytes = 0;
  leftOut: NodeId[] = [];
  readonly counts = new Map([[3, 16_384]]);
  /** Of each slot, what others have. */
  readonly copies = new Map<NodeId, CopyState>();
  readonly counters = {
    shipping: { ...noShipments(), gaps: 0 },
    receiving: noReceipts(),
    repairs: { ...noRepairWork(), repairs: 0, stops: 0, recordsTold: 0, batchesMerged: 0 },
    claims: noClaims(),
  };

  constructor(public others: CoOwnerView[]) {}

  slotsByCopies(): ReadonlyMap<number, number> {
    return this.counts;
  }

  copiesLeftOf(): CopiesLeft {
    return { slots: this.slotsOwned, fewest: Math.min(...this.counts.keys()) };
  }

  coOwners(): readonly CoOwnerView[] {
    return this.others;
  }

  coOwner(id: NodeId): CoOwnerView | undefined {
    return this.others.find(({ nodeId }) => nodeId === id);
  }

  copyOf(_slot: number, id: NodeId): CopyState | undefined {
    return this.copies.get(id);
  }
}
