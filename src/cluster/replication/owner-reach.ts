/**
 * What another owner has of the local stream, as far as it has said, and how much of that counts. It is *whole* if it lacks nothing that
 * lies before what it has applied. Where something is missing there is a *gap*; until that is repaired nothing counts as
 * acknowledged that came behind it.
 */
import type { Answer } from "./replication-messages.js";

export class OwnerReach {
  isWhole = false;
  /** All up to here since the stream started for it, and what of that its log has; undefined if nothing. */
  applied = 0;
  durable: number | undefined;
  /** Up to here it lacks nothing, whatever came later, as its `appendfsync` promises. It goes back if it has lost some of that. */
  acknowledged = 0;
  gaps = 0;
  /** When it answered last. */
  #boot: number | undefined;
  #isDurablyWhole = false;
  /** What is acknowledged even after a loss of its power. */
  #durablyAcknowledged = 0;

  /** Whether it would have all up to a position, and know as much of it, after a loss of power. */
  lasts(position: number): boolean {
    return this.durable === position && this.#isDurablyWhole === this.isWhole;
  }

  gap(): void {
    this.gaps++;
    this.isWhole = false;
  }

  /** All gaps are closed, if there were so many. */
  repaired(gaps: number): boolean {
    if (gaps !== this.gaps) return false;
    this.isWhole = true;
    return true;
  }

  /** A session begins: answers where the stream goes on for it; undefined if nothing is known of what it has. */
  resume(answer: Answer): number | undefined {
    const { boot, applied, isWhole } = answer;
    const lastBoot = this.#boot;
    this.#boot = boot;
    if (applied !== undefined) {
      // Of one that was shipped to before this node knows better itself: the other may not have heard yet that it is repaired.
      if (boot !== lastBoot) this.isWhole = isWhole;
      this.applied = applied;
      this.#keep(answer);
      return applied;
    }
    const isLater = lastBoot !== undefined && boot > lastBoot;
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

  #keep({ applied = 0, isWhole, durable, isDurablyWhole }: Answer): void {
    if (applied > this.applied) this.applied = applied;
    if (isWhole && this.isWhole && applied > this.acknowledged) this.acknowledged = applied;
    if (durable === undefined || durable < (this.durable ?? 0)) return;
    this.durable = durable;
    this.#isDurablyWhole = isDurablyWhole;
    if (isDurablyWhole) this.#durablyAcknowledged = durable;
  }

  /** It begins anew, or is another one than before. */
  #forget(): void {
    this.isWhole = false;
    this.applied = 0;
    this.durable = undefined;
    this.acknowledged = 0;
    this.#isDurablyWhole = false;
    this.#durablyAcknowledged = 0;
  }
}
