/** What repairs do, for metrics and for whoever looks on. */

export interface RepairWork {
  /** Compared, and found different. */
  slotsCompared: number;
  slotsDiffering: number;
  /** Slots that this node forgot and was told as a whole: it had missed what all others had merged. */
  slotsRenewed: number;
  bytesSent: number;
  bytesReceived: number;
  /** Records, or parts of one, that this node told the other, and was told by it, in repairs that it began. */
  recordsPushed: number;
  recordsPulled: number;
}

/** Of one that is under way. */
export interface RepairProgress extends RepairWork {
  /** All that it is to compare. */
  readonly slots: number;
}

/** Of all since this node started. */
export interface RepairCounters extends RepairWork {
  /** Repairs that this node began and brought to their end, and times that one was stopped for now. */
  repairs: number;
  stops: number;
  /** Records, or parts of one, that were told in repairs of other nodes. */
  recordsTold: number;
  /** Batches of other nodes that were merged, whoever began. */
  batchesMerged: number;
}

export function noRepairWork(): RepairWork {
  return {
    slotsCompared: 0,
    slotsDiffering: 0,
    slotsRenewed: 0,
    bytesSent: 0,
    bytesReceived: 0,
    recordsPushed: 0,
    recordsPulled: 0,
  };
}

export function addRepairWork(did: Readonly<RepairWork>, to: RepairWork): void {
  to.slotsCompared += did.slotsCompared;
  to.slotsDiffering += did.slotsDiffering;
  to.slotsRenewed += did.slotsRenewed;
  to.bytesSent += did.bytesSent;
  to.bytesReceived += did.bytesReceived;
  to.recordsPushed += did.recordsPushed;
  to.recordsPulled += did.recordsPulled;
}
