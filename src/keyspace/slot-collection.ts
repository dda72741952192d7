/**
 * Collecting what remains of what was deleted or expired, at the node that executes for a slot. When it may is not known here: all owners
 * must have all up to the floor, and write nothing below it any more (docs/formats/delta.md, rule 3).
 */
import type { Version } from "../delta/version.js";
import { collect } from "./delta-application.js";
import type { Keyspace } from "./keyspace.js";
import type { PackingLimits } from "./packing-limits.js";

/** Whether there is, or may be, anything in a slot that a floor could collect. Cheap: to be asked of all slots. */
export function mayHaveRemains({ databases }: Keyspace, slot: number): boolean {
  for (const database of databases) if (database.mayHaveRemains(slot)) return true;
  return false;
}

/**
 * Lets a slot lose what remains up to a floor, and tells the journal as of a change of this node. Its selection is as before. Answers
 * how many records and entries of tables were walked for that.
 */
export function collectSlot(keyspace: Keyspace, limits: PackingLimits, slot: number, floor: Version): number {
  const selected = keyspace.database.number;
  const walked = collect(keyspace, limits, { kind: "collect", db: null, slot, floor });
  keyspace.select(selected);
  keyspace.journal?.collected(slot, floor);
  keyspace.journal?.ended();
  return walked;
}
