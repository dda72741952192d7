/**
 * Deltas: what one command did, in a form that merges. All of a command, or of one EXEC, make a batch, the unit of log,
 * stream, acknowledgement and application. Their bytes are in delta-codec.ts, what they do in apply.ts and
 * remains.ts.
 */
import type { ExpiryRegister, RecordState } from "./record-state.js";
import type { Version } from "./version.js";

export type Delta =
  | RecordDelta
  | PatchDelta
  | PieceDelta
  | FlushDelta
  | CollectDelta
  | SwapDelta
  | ForgetDelta
  | DropDelta
  | LocalDelta;

/** Where a key lives. */
export interface KeyPlace {
  /** 0 to `DB_MAX`. */
  readonly db: number;
  readonly slot: number;
  readonly key: Uint8Array;
}

/** A record, or what a command did to it: merged with what is there. */
export interface RecordDelta extends KeyPlace {
  readonly kind: "record";
  readonly state: RecordState;
}

/**
 * Some bytes of a large text. It begins a new life like every text edit, but stands only on the one it was made
 * on: who has another needs the record.
 */
export interface PatchDelta extends KeyPlace {
  readonly kind: "patch";
  readonly predecessor: Version;
  readonly life: Version;
  /** Carried over from the predecessor; 0 for never. */
  readonly deadlineMs: number;
  /** Where the bytes go. They may overlap the text's end or lie beyond it; a gap is filled with zeros. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * Some bytes of a text that is too large to be told in one piece. It does not merge: until all of its pieces have come the
 * text is not to be shown to anybody. For snapshots, which are read as a whole before the first client is served.
 */
export interface PieceDelta extends KeyPlace {
  readonly kind: "piece";
  readonly life: Version;
  readonly expiry: ExpiryRegister;
  /** Of the whole text. */
  readonly totalBytes: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** FLUSHALL and FLUSHDB: lives below the floor do not exist. */
export interface FlushDelta {
  readonly kind: "flush";
  /** null for all. */
  readonly db: number | null;
  /** null for all. */
  readonly slot: number | null;
  readonly floor: Version;
}

/**
 * The slot takes this birth floor and collects remains up to it. Made only when every owner, current and pending, has
 * merged all deltas up to the floor and what any of them wrote before it had (docs/formats/delta.md).
 */
export interface CollectDelta {
  readonly kind: "collect";
  /** null for all. */
  readonly db: number | null;
  readonly slot: number;
  readonly floor: Version;
}

/**
 * SWAPDB: the keys of two databases changed places. It does not merge, for what arrives later names databases as they
 * were called before or after: it holds only in the one log of a node that has no other owners beside it.
 */
export interface SwapDelta {
  readonly kind: "swap";
  readonly one: number;
  readonly other: number;
  /** By which a node that has swapped already knows. */
  readonly version: Version;
}

/**
 * This node holds nothing of a slot any more: its records are gone from here in all databases, and its floors. It does not
 * merge, for it says nothing of the keys: it holds in the log of the node, or on the way of a copy, where it stands.
 */
export interface ForgetDelta {
  readonly kind: "forget";
  readonly slot: number;
}

/** The same of one key. Floors stay. */
export interface DropDelta extends KeyPlace {
  readonly kind: "drop";
}

/**
 * Up to here the log of this node has its local stream (durability/change-stream.ts). It changes no key, and is for the node itself, which
 * reads it when it starts again.
 */
export interface LocalDelta {
  readonly kind: "local";
  /** Of the life of the node that executed the stream; 0 if nobody knows how far the log has it. */
  readonly boot: number;
  /** Behind the last local batch. */
  readonly position: number;
}

export const DB_MAX = 254;
