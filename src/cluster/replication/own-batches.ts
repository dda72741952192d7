/**
 * Merges of what is shipped what concerns slots that this node owns. Others may ship more where they have not heard yet that it owns a slot
 * no more, or not at all; that goes nowhere. Nobody would drop it here, and if the slot came back it would be there of old, with what was deleted
 * meanwhile. Of a slot that this node has yet to hear is to be its own, copies are compared later.
 */
import { SLOT_COUNT } from "../../base/key-hash.js";
import { type BatchApplication, UNTOUCHABLE } from "../../keyspace/batch-application.js";
import type { SlotSet } from "../slot-set.js";
import { SlotFilter } from "./slot-filter.js";

/** `own` is undefined if all is to be merged. Answers undefined, or why nothing was, as `BatchApplication.apply` does. */
export function mergeOwn(
  application: BatchApplication,
  batches: Buffer,
  own: SlotSet | undefined,
): string | undefined {
  if (own === undefined || own.size === SLOT_COUNT) return application.apply(batches);
  const problem = application.apply(batches, (slot) => own.has(slot));
  if (problem !== UNTOUCHABLE) return problem;
  const parts: Buffer[] = [];
  new SlotFilter(own).filter(batches, parts);
  return parts.length === 0 ? undefined : application.apply(Buffer.concat(parts));
}
