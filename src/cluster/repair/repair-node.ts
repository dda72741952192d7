/** What repair needs of the node that it runs on: the same for asking and for answering. */
import type { Checksum } from "../../base/crc32.js";
import type { Timers } from "../../host/timers.js";
import type { Keyspace } from "../../keyspace/keyspace.js";
import type { SlotSet } from "../slot-set.js";
import type { Pace } from "./pace.js";
import type { DatabaseFloors } from "./repair-messages.js";
import type { SlotTurns } from "./slot-turns.js";

export interface RepairNode {
  /** It keeps tombstones. */
  readonly keyspace: Keyspace;
  readonly timers: Timers;
  readonly pace: Pace;
  readonly checksum: Checksum;
  /**
   * Merges batches of another node in a turn of their own, when the log has room for them, and tells the journal of them; or changes
   * nothing and answers why they cannot be merged: for one, because they are of slots that they may not touch
   * (`BatchApplication.apply`).
   */
  readonly apply: (batches: Buffer, mayTouch: (slot: number) => boolean) => Promise<string | undefined>;
  /** Resolves when all that was applied so far lasts, as far as this node promises that to its own clients. */
  readonly lasts: () => Promise<void>;
  /**
   * Whether this node has all that its birth floors of a slot cover: it has been in sync since it took them. Of what it lacks up to
   * there it is then known to be gone.
   */
  readonly isWhole: (slot: number) => boolean;
  /**
   * For slots that this node forgets, to be told them as a whole: while one owner tells it, no other one may have it forget that, nor take a floor,
   * which would cover what is yet to be told.
   */
  readonly renewals: SlotTurns;
}

/**
 * Slots in which remains were collected without one of two nodes that repair with each other, so that it may have what is to be gone
 * (docs/formats/repair.md): `mine` without this one, `theirs` without the other. Null: in none.
 */
export interface LeftOut {
  readonly mine: SlotSet | null;
  readonly theirs: SlotSet | null;
}

export const NOBODY_LEFT_OUT: LeftOut = { mine: null, theirs: null };

/** A number that is the same on nodes that hash keys alike. */
export function seedCheck({ hasher }: Keyspace): number {
  const sample = Buffer.from("which hash seed is this?");
  hasher.digest(sample, 0, sample.length);
  return hasher.hash >>> 0;
}

/** What is known of a slot as a whole, of databases that have any floor. */
export function floorsOf({ databases }: Keyspace, slot: number): DatabaseFloors[] {
  return databases.flatMap(({ number, flushFloors, birthFloors }) => {
    if (flushFloors.clock(slot) === 0 && birthFloors.clock(slot) === 0) return [];
    return [{ db: number, flush: flushFloors.version(slot), birth: birthFloors.version(slot) }];
  });
}
