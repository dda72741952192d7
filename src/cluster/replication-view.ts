/** What commands, pages and metrics may ask of the copies of a replicated cluster: of those here, and of those elsewhere as far as this node knows. */
import type { NodeId } from "../membership/member.js";
import type { ClaimCounters } from "./primaries/claim-counters.js";
import type { RepairCounters, RepairProgress } from "./repair/repair-counters.js";
import type { ReceiverCounters } from "./replication/receipt-counters.js";
import type { ShipperState } from "./replication/shipper.js";
import type { ShipperCounters, ShippingCounters } from "./replication/shipping-counters.js";

/**
 * What another owner has of what this node executed:
 * - `in-sync`: everything;
 * - `behind`: everything but what is on its way;
 * - `incomplete`: something is missing that it will not be shipped: copies are being compared, or are to be;
 * - `unreachable`: nothing is on its way, for there is no link, or it takes nothing;
 * - `dead`: it is taken for dead.
 */
export type CopyState = "in-sync" | "behind" | "incomplete" | "unreachable" | "dead";

/** What another owner does not have yet of what this node executed; at least, if some of that is forgotten here. */
export interface CopyLag {
  readonly bytes: number;
  readonly batches: number;
  /** Since this node executed the first of it. */
  readonly milliseconds: number;
}

/** Another node that owns slots of this one, or is to. */
export interface CoOwnerView {
  readonly nodeId: NodeId;
  readonly copy: CopyState;
  /** The session by which it is shipped to. */
  readonly stream: ShipperState;
  readonly lag: CopyLag;
  /** For how many milliseconds it has owed an answer; 0 if it owes none. */
  readonly silentMs: number;
  /** Up to this local position it lacks nothing, as its `appendfsync` promises; undefined if it is not known to have anything. */
  readonly acknowledged: number | undefined;
  /** Whether it lacks nothing but what follows that. */
  readonly isWhole: boolean;
  /** The other way: whether this node has all that the other had executed when they last linked up. */
  readonly isReceived: boolean;
  /** The repair of both that this node began, if one is under way. */
  readonly repair: Readonly<RepairProgress> | undefined;
  readonly counters: Readonly<ShipperCounters>;
  /** Times that it was found to lack what it will not be shipped. */
  readonly gaps: number;
}

/** Of slots of a node: how many there are, and how many copies are left of those that have the fewest. */
export interface CopiesLeft {
  readonly slots: number;
  readonly fewest: number;
}

export interface ReplicationCounters {
  readonly shipping: Readonly<ShippingCounters>;
  readonly receiving: Readonly<ReceiverCounters>;
  readonly repairs: Readonly<RepairCounters>;
  readonly claims: Readonly<ClaimCounters>;
}

export interface ReplicationView {
  /** How many copies of each slot the cluster was founded to have, and how many there are members for. */
  readonly copiesWanted: number;
  readonly copiesPlaced: number;
  /**
   * By number of copies, how many of all slots have so many at present. A copy counts if its owner lives, has caught up by its own word, and lacks
   * nothing of what this node executed.
   */
  slotsByCopies(): ReadonlyMap<number, number>;
  /** What is left of the slots that another node owns; undefined if it owns none. */
  copiesLeftOf(id: NodeId): CopiesLeft | undefined;
  /** Whether this node has caught up with the others, so that they let it execute, and lacks nothing. */
  readonly isReady: boolean;
  /** Whether it has caught up, though it may lack something again: it executes what it executed. */
  readonly isServing: boolean;
  /** Other owners of which it has to have what they have. */
  readonly awaited: readonly NodeId[];
  /** Slots that this node owns, or is to, and how many of them it executes for. */
  readonly slotsOwned: number;
  readonly slotsActing: number;
  /** Behind what this node executed last, in bytes since it started. */
  readonly position: number;
  /** From this position on what it executed can be shipped; and the memory that takes. */
  readonly backlogFirst: number;
  readonly backlogBytes: number;
  readonly backlogBytesMax: number;
  /** Memory for what was received of others, for the sake of owners that outlive them. */
  readonly receivedBytes: number;
  /** Those that were away for so long that remains were collected without them, and that are to take what the others have when they are back. */
  readonly leftOut: readonly NodeId[];
  /** The other owners of this node's slots. */
  coOwners(): readonly CoOwnerView[];
  coOwner(id: NodeId): CoOwnerView | undefined;
  /** What another owner of a slot has of that slot; undefined if nobody here knows, since another node executes for it. */
  copyOf(slot: number, id: NodeId): CopyState | undefined;
  readonly counters: ReplicationCounters;
}
