/**
 * Slots that this node came to own, and of which it may lack what others have, until it has been repaired with each of their other owners.
 *
 * That others ship them does not tell it: who lost a slot and got it back a moment later has erased it, while for an owner that was not told of the
 * loss in between it was its own all the time.
 */
import type { NodeId } from "../../membership/member.js";
import { SlotSet } from "../slot-set.js";

export class NewSlots {
  readonly #slots = new SlotSet();
  /** By other owner, those for which it is still to be asked, with the number of the question. */
  readonly #open = new Map<NodeId, Map<number, number>>();
  #questions = 0;

  has(slot: number): boolean {
    return this.#slots.has(slot);
  }

  add(slots: Iterable<number>): void {
    this.#slots.addAll(slots);
  }

  /** All of it is here. */
  delete(slot: number): void {
    this.#slots.deleteAll([slot]);
  }

  /** Another owner is asked for slots that are new. Answers what is to be called when what it has of them by now is here. */
  ask(id: NodeId, slots: readonly number[]): () => void {
    const question = ++this.#questions;
    const open = this.#open.get(id) ?? new Map<number, number>();
    this.#open.set(id, open);
    for (const slot of slots) open.set(slot, question);
    return () => {
      // What was lost and came back meanwhile is asked for once more.
      for (const slot of slots) if (open.get(slot) === question) open.delete(slot);
    };
  }

  /** Whether another owner is still to be asked for a slot. */
  isOpen(id: NodeId, slot: number): boolean {
    return this.#open.get(id)?.has(slot) === true;
  }

  /** Another node owns none of this node's slots any more. */
  forget(id: NodeId): void {
    this.#open.delete(id);
  }
}
