/** What tracking needs of the way to other nodes, and the other way about. Nodes have the numbers of their links. */
import type { Tracker, Writer } from "./tracker.js";

export interface RelayCounters {
  /** Keys of which other nodes were told, for each of them; keys of which other nodes told. */
  sent: number;
  received: number;
  /** How often a node was told that all it tracks here counts as changed. */
  losses: number;
}

/** How much is tracked, as INFO and metrics tell it. */
export interface TrackingCounts {
  readonly clients: number;
  readonly keys: number;
  readonly items: number;
  readonly prefixes: number;
  /** Null if there are no other nodes. */
  readonly relay: Readonly<RelayCounters> | null;
}

/** The way to other nodes. */
export interface TrackingRelay {
  readonly counters: Readonly<RelayCounters>;
  numberOf(nodeId: string): number;
  /** The node as one who tracks keys. */
  trackerOf(node: number): Tracker;
  /** Whether some node wants to hear of keys by their prefixes. */
  readonly wantsPrefixes: boolean;
  /** A key has changed: nodes that want it by its prefix are told when the turn is over. */
  broadcast(key: string, writer: Writer | null): void;
  /** All that other nodes track here counts as changed. */
  lost(): void;
  /** The prefixes of this node's clients have changed. */
  prefixesChanged(): void;
  /** Resolves when the nodes that can be reached know the prefixes as they are now; null if they do. */
  prefixesHeard(): Promise<void> | null;
}

/** A key that has changed at another node, by the command of this client of ours; 0 if it was none. */
export interface ChangeElsewhere {
  readonly key: string;
  readonly session: number;
}

/** What the way to other nodes needs of this one. */
export interface TrackingNode {
  /** Set once, where there are other nodes. */
  relay: TrackingRelay | null;
  /** Those of this node's clients. */
  readonly prefixes: readonly string[];
  /** Other nodes want other prefixes. */
  wantsChanged(): void;
  /** A key that was read there for clients of this node. */
  changedElsewhere(change: ChangeElsewhere): void;
  /** A key that some client may want by its prefix. */
  broadcastElsewhere(change: ChangeElsewhere): void;
  /** Whatever was read there counts as changed. */
  lostElsewhere(node: number): void;
  /** That node did not know for a while what is wanted by prefixes. */
  prefixesUnheard(): void;
}
