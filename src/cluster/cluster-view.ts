/** What commands, pages and metrics may ask of the cluster that this node belongs to, and ask it to do. */
import type { Address } from "../host/datagrams.js";
import type { GossipCounters } from "../membership/gossip-counters.js";
import type { ClusterId, Member, NodeId } from "../membership/member.js";
import type { SwimCounters } from "../membership/swim-events.js";
import type { LinkCounters } from "./peer-link.js";
import type { PeerServerCounters } from "./peer-server.js";
import type { Placement } from "./placement.js";
import type { ReplicationView } from "./replication-view.js";

/** The link by which this node asks another one. */
export interface LinkView {
  readonly nodeId: NodeId;
  readonly host: string;
  readonly port: number;
  readonly isUp: boolean;
  /** Requests on their way, and bytes of them. */
  readonly inFlight: number;
  readonly bytesInFlight: number;
  readonly counters: Readonly<LinkCounters>;
}

/** How far a change of owners is, as this node sees it. */
export interface ChangeView {
  /** Slots that this node hands over or takes over, and how many of them it has. */
  readonly slots: number;
  readonly slotsDone: number;
  readonly bytesShipped: number;
}

/** This node's wall clock beside those of others: clock-watch.ts. */
export interface ClockView {
  /** By how much it is ahead of the middle one of all, in milliseconds; negative if behind. */
  readonly aheadMs: number;
  /** Others that it was compared with. */
  readonly compared: number;
  /** Whether it is ahead of most by more than `max-clock-offset`, so that its time goes on with theirs; and how often that began. */
  readonly isAhead: boolean;
  readonly timesAhead: number;
}

export interface ClusterView {
  readonly selfId: NodeId;
  /** Undefined as long as no seed has answered. */
  readonly clusterId: ClusterId | undefined;
  /** All members known, this node included: also those that are dead, or about to join. */
  members(): Iterable<Member>;
  member(id: NodeId): Member | undefined;
  /** Who shares the slots, and what is changing; undefined as long as this node has not heard. */
  readonly placement: Placement | undefined;
  readonly change: ChangeView | undefined;
  /** What is known of copies; undefined in a cluster that keeps one of everything, and as long as this node has not heard. */
  readonly replication: ReplicationView | undefined;
  /**
   * Who executes a slot's commands, as this node knows it, all changes under way included; undefined if nobody does at present.
   * A slot is 0 to 16383.
   */
  executorOf(slot: number): NodeId | undefined;
  /** Whose a slot is, in the order of preference; empty as long as that is not known. */
  ownersOf(slot: number): readonly NodeId[];
  /** Whose it is to be when the change under way is done; undefined while there is none. */
  nextOwnersOf(slot: number): readonly NodeId[] | undefined;
  /** Rises whenever the executor of any slot changes. */
  readonly routesVersion: number;
  /** Whether all slots have an executor. */
  readonly isCovered: boolean;
  links(): readonly LinkView[];
  readonly clock: ClockView;
  readonly gossipCounters: Readonly<GossipCounters>;
  readonly swimCounters: Readonly<SwimCounters>;
  readonly peerServerCounters: Readonly<PeerServerCounters>;
  /** How many times longer than usual this node waits before it accuses others: 1 if it seems well itself. */
  readonly slowness: number;
  /** What this node lacks to serve every key and to have its copies of them, in words for an operator; empty if nothing. */
  missing(): readonly string[];
  /** What makes the cluster weaker than it should be though this node lacks nothing, in the same way. */
  warnings(): readonly string[];
  /**
   * Joins the cluster of the node at a cluster address. Resolves when that is under way, or with the reason why it cannot be, as an
   * error line: only a node that is alone and empty can join another cluster.
   */
  meet(address: Address): Promise<string | undefined>;
  /**
   * Declares dead members gone for good, together. Resolves when that is asked for, or with the reason why it cannot be, as an error line;
   * one is that slots would be lost with them, unless it is forced.
   */
  forget(ids: readonly NodeId[], isForced: boolean): Promise<string | undefined>;
  /** Hands all slots over to the others. Resolves when that is done, or with the reason why it cannot be, as an error line. */
  leave(): Promise<string | undefined>;
}
