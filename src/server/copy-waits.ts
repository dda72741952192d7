/** Those who wait until so many other owners have what this node executed in some slots, and how many have it. */
import type { Copies } from "../cluster/copies.js";
import type { Cancel, Timers } from "../host/timers.js";

/** Longer than any timer takes, 24 days: as good as for ever. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export interface CopiesWanted {
  /** Slots, and up to which local position of each, in pairs. */
  readonly marks: readonly number[];
  /** Other owners that are to have all of it. */
  readonly needed: number;
  readonly timeoutMs: number;
}

export interface CopiesFound {
  /** The least number of other owners that have what is wanted of a slot; 0 if nothing is. */
  readonly count: number;
  /** Whether all owners have all of it. */
  readonly isAll: boolean;
}

interface Wait extends CopiesWanted {
  /** Marks before it were found in enough owners, which they stay. */
  next: number;
  readonly settle: (found: CopiesFound) => void;
  cancel: Cancel;
}

export class CopyWaits {
  readonly #timers: Timers;
  readonly #copies: () => Copies;
  /** By who waits. */
  readonly #waits = new Map<object, Wait>();

  constructor({ timers, copies }: { readonly timers: Timers; readonly copies: () => Copies }) {
    this.#timers = timers;
    this.#copies = copies;
  }

  get size(): number {
    return this.#waits.size;
  }

  /** Resolves when so many have it, or in time, with how many do; never if whoever waits is forgotten before. */
  wait(who: object, wanted: CopiesWanted): Promise<CopiesFound> {
    return new Promise((settle) => {
      const wait: Wait = { ...wanted, next: 0, settle, cancel: () => {} };
      if (wanted.timeoutMs <= 0 || this.#isMet(wait)) {
        settle(this.#find(wanted));
        return;
      }
      this.#waits.set(who, wait);
      this.#copies().hasten();
      if (wanted.timeoutMs > TIMEOUT_MS_MAX) return;
      wait.cancel = this.#timers.after(wanted.timeoutMs, () => this.#end(who, wait));
    });
  }

  /** Owners have more. */
  progressed(): void {
    for (const [who, wait] of this.#waits) if (this.#isMet(wait)) this.#end(who, wait);
  }

  /** Whoever it is waits for nothing any more. */
  forget(who: object): void {
    this.#waits.get(who)?.cancel();
    this.#waits.delete(who);
  }

  #end(who: object, wait: Wait): void {
    this.forget(who);
    wait.settle(this.#find(wait));
  }

  #isMet(wait: Wait): boolean {
    const { marks, needed } = wait;
    if (needed <= 0) return true;
    const copies = this.#copies();
    for (; wait.next < marks.length; wait.next += 2) {
      if (copies.countOf(marks[wait.next]!, marks[wait.next + 1]!) < needed) return false;
    }
    // Of nothing nobody has anything.
    return marks.length > 0;
  }

  #find({ marks }: CopiesWanted): CopiesFound {
    const copies = this.#copies();
    let count = Number.POSITIVE_INFINITY;
    let isAll = true;
    for (let i = 0; i < marks.length; i += 2) {
      const owners = copies.countOf(marks[i]!, marks[i + 1]!);
      count = Math.min(count, owners);
      isAll &&= owners >= copies.ownersOf(marks[i]!) - 1;
    }
    return { count: marks.length === 0 ? 0 : count, isAll };
  }
}
