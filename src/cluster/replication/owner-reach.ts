/**
 * What another owner has of the local stream, as far as it has said, and how much of that counts. It is *whole* if it lacks nothing that
 * lies before what it has applied. Where something is missing there is a *gap*; until that is repaired nothing counts as
 * acknowledged that came behind it.
 *
 * Slots that are *new* to it leave a gap of their own: it gets what is executed for them, and lacks what was before. Of all others its word
 * counts meanwhile as it did.
 */
import { SlotSet } from "../slot-set.js";
import type { Answer } from "./replication-messages.js";

/** Not even what there was before the stream began, which is at 0. */
export const NOTHING = -1;

export class OwnerReach {
  /** But for new slots. */
  isWhole = false;
  /** Those of which it may lack what was executed before they were shipped to it; another set whenever there are more. */
  newSlots: SlotSet | null = null;
  /** All up to here since the stream started for it, and what of that its log has; undefined if nothing. */
  applied = 0;
  durable: number | undefined;
  /** Up to here it lacks nothing, whatever came later, as its `appendfsync` promises. It goes back if it has lost some of that. */
  acknowledged = NOTHING;
  /** Counts them. */
  gaps = 0;
  /** When it answered last, and when it last had anything to tell of the stream. */
  #boot: number | undefined;
  #tellingBoot: number | undefined;
  #isDurablyWhole = false;
  /** What is acknowledged even after a loss of its power. */
  #durablyAcknowledged = NOTHING;

  /** Whether it has all that was executed for a slot up to a position. */
  has({ slot, position }: { readonly slot: number; readonly position: number }): boolean {
    return this.acknowledged >= position && this.newSlots?.has(slot) !== true;
  }

  /**
   * Whether it has that whatever becomes of it, but for its disk: even after a loss of power, or if it keeps nothing, and begins anew with a
   * gap then.
   */
  keeps(place: { readonly slot: number; readonly position: number }): boolean {
    return this.has(place) && (this.durable === undefined || this.#durablyAcknowledged >= place.position);
  }

  /** Whether it would have all up to a position, and know as much of it, after a loss of power. */
  lasts(position: number): boolean {
    return this.durable === position && this.#isDurablyWhole === (this.isWhole && this.newSlots === null);
  }

  gap(): void {
    this.gaps++;
    this.isWhole = false;
  }

  /** More slots are shipped to it than before. Before its first answer they are in the gap that this will make. */
  widen(slots: Iterable<number>): void {
    if (this.#boot === undefined) return;
    this.gaps++;
    this.newSlots = this.newSlots?.with(slots) ?? new SlotSet(slots);
  }

  /** All gaps are closed, if there were so many. */
  repaired(gaps: number): boolean {
    if (gaps !== this.gaps) return false;
    this.isWhole = true;
    if (this.newSlots === null) return true;
    this.newSlots = null;
    // What lasted lasts without those slots: a repair need not have.
    this.#isDurablyWhole = false;
    this.#durablyAcknowledged = NOTHING;
    return true;
  }

  /**
   * A session begins: answers where the stream goes on for it; undefined if nobody knows what it has. `continues`: if it was not shipped to
   * before it can tell by itself that it is whole.
   */
  resume(answer: Answer, { continues = false } = {}): number | undefined {
    const { boot, applied, isWhole } = answer;
    const lastBoot = this.#boot;
    this.#boot = boot;
    if (boot === lastBoot && applied !== undefined) {
      // Whether it is whole this node knows better: the other may not have heard yet that it is repaired.
      this.applied = applied;
      this.#keep(answer);
      return applied;
    }
    if (lastBoot === undefined && continues && applied !== undefined && isWhole) {
      this.isWhole = true;
      this.#keep(answer);
      return applied;
    }
    // Of a node that was not shipped to before nobody knows for which slots it has the stream, even if it has it. One that started again may take a
    // few sessions before it gets the first message.
    const isLater = this.#tellingBoot !== undefined && boot > this.#tellingBoot;
    if (!isLater || this.durable === undefined) {
      this.#forget();
      return undefined;
    }
    this.applied = this.durable;
    this.acknowledged = Math.min(this.acknowledged, this.#durablyAcknowledged);
    this.isWhole = this.#isDurablyWhole;
    // Whatever was repaired since may be lost.
    if (!this.isWhole) this.gap();
    return this.durable;
  }

  /** A message was answered; `wasWhole`: it said that nothing before it is missing. Answers may come in any order. */
  answered(answer: Answer, wasWhole: boolean): void {
    this.#keep(answer);
    // What it was told builds on what it does not have after all.
    if (wasWhole && !answer.isWhole && this.isWhole) this.gap();
  }

  #keep({ boot, applied = 0, isWhole, durable, isDurablyWhole }: Answer): void {
    this.#tellingBoot = boot;
    if (applied > this.applied) this.applied = applied;
    if (isWhole && this.isWhole && applied > this.acknowledged) this.acknowledged = applied;
    if (durable === undefined || durable < (this.durable ?? 0)) return;
    this.durable = durable;
    this.#isDurablyWhole = isDurablyWhole;
    if (isDurablyWhole) this.#durablyAcknowledged = durable;
  }

  /** It begins anew, or is another one than before. */
  #forget(): void {
    this.#tellingBoot = undefined;
    this.isWhole = false;
    this.applied = 0;
    this.durable = undefined;
    this.acknowledged = NOTHING;
    this.#isDurablyWhole = false;
    this.#durablyAcknowledged = NOTHING;
  }
}
