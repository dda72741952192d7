/** What this node has received of one life of another: how far, and the last of it for owners that received less. */
import { Backlog } from "./backlog.js";
import { DurableReach } from "./durable-reach.js";
import type { Reach } from "./replication-messages.js";

/** The backlogs of all streams are bounded together, by their owner. */
const UNBOUNDED = Number.POSITIVE_INFINITY;

/** Batches that follow one another. */
export interface Arrival {
  readonly batches: Buffer;
  readonly count: number;
  readonly from: number;
  readonly to: number;
  readonly nowMs: number;
}

export class ReceivedStream {
  readonly nodeId: string;
  readonly boot: number;
  /** The one that messages must be of. */
  session = 0;
  /** Up to here all was applied since the stream started for this node; undefined if it has not. */
  applied: number | undefined;
  /** Whether nothing before that is missing here. */
  isWhole = false;
  /** Something was missing though nothing should be, and whoever ships the stream does not say yet that it knows. */
  isLacking = false;
  messages = 0;
  batches = 0;
  bytes = 0;
  /** When something of it came last. */
  heardMs = 0;
  readonly durable = new DurableReach();
  readonly backlog = new Backlog({ bytesMax: UNBOUNDED, position: 0 });

  constructor({ nodeId, boot }: { readonly nodeId: string; readonly boot: number }) {
    this.nodeId = nodeId;
    this.boot = boot;
  }

  get reach(): Reach {
    return {
      applied: this.applied,
      isWhole: this.isWhole,
      durable: this.durable.position,
      isDurablyWhole: this.durable.isWhole,
    };
  }

  /** The batches are applied. */
  took({ batches, count, from, to, nowMs }: Arrival): void {
    if (from !== this.applied) this.backlog.restart(from);
    this.applied = to;
    this.messages++;
    this.batches += count;
    this.bytes += batches.length;
    this.heardMs = nowMs;
    if (to > from) this.backlog.add({ bytes: batches, from, to, batches: count, nowMs });
  }
}
