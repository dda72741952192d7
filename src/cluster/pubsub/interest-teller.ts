/**
 * Tells one other node what this one wants, and knows up to when that one has heard. One part is on its way at a time; what changes
 * meanwhile gathers, a name once however often it changed. Counts are told as they are, not by how much they changed, so that a part
 * that comes twice does no harm.
 *
 * A pure core: it says what to send, and is told what became of it. interest-messages.ts has the bytes.
 */
import type { Want } from "../../pubsub/interest.js";
import { BEGINS, ENDS, type InterestPart, WANTS_ALL } from "./interest-messages.js";
import type { OwnInterest, WantKey } from "./own-interest.js";

/** A part has so many names, and about so many bytes of them, at most: it takes a fraction of a millisecond to write and to read. */
const PART_WANTS_MAX = 512;
const PART_BYTES_MAX = 64 * 1024;
/** If more names than that have changed, as they may while the link is down for long, all is told anew: it is no more than that by much. */
export const DUE_MAX = 16_384;
/** Nothing was heard since the link is there. */
const NEVER = -1;

/** What a part tells: names, and whether they are the last of telling all. */
interface Content {
  readonly keys: readonly WantKey[];
  readonly isEnd: boolean;
}

interface Sent extends Content {
  readonly part: InterestPart;
  /** What was wanted up to then the other node knows when it has taken this. */
  readonly covers: number;
}

export class InterestTeller {
  /** What was wanted up to this time the other node knows. */
  heard = NEVER;
  readonly #own: OwnInterest;
  #epoch = 0;
  #number = 0;
  /** Names that changed, and since when they wait. */
  #due = new Map<WantKey, number>();
  /** What is left of telling all; null if that is done. */
  #rest: IterableIterator<WantKey> | null = null;
  #mustBegin = true;
  /** The other node has to say whether it knows what it was told. */
  #mustVerify = true;
  #sent: Sent | null = null;
  /** What nobody knows to have arrived: it is sent again, before what came later, under the same number. */
  #lost: Content | null = null;

  constructor(own: OwnInterest) {
    this.#own = own;
  }

  /** The link is there, again: whether the other node is the one that was told is to be seen. */
  linked(): void {
    this.heard = NEVER;
    this.#mustVerify = true;
  }

  changed(key: WantKey): void {
    // Then it is told with all others.
    if (this.#mustBegin) return;
    if (!this.#due.has(key)) this.#due.set(key, this.#own.time);
    if (this.#due.size > DUE_MAX) this.beginAnew();
  }

  /** All is to be told anew. */
  beginAnew(): void {
    this.#mustBegin = true;
    this.#due.clear();
    this.#rest = null;
    this.#lost = null;
  }

  /** The next part to send; undefined while one is on its way, and if there is nothing to tell. */
  next(): InterestPart | undefined {
    if (this.#sent !== null) return undefined;
    if (this.#mustBegin) this.#begin();
    else if (!this.#hasMore && !this.#mustVerify) return undefined;
    this.#sent = this.#compose();
    return this.#sent.part;
  }

  /** The part on its way was taken. */
  taken(): void {
    const { covers } = this.#sent!;
    this.#sent = null;
    // Of one that came before all is told anew the number is of no use, and what it covers holds all the same.
    this.#number++;
    this.#mustVerify = false;
    this.heard = Math.max(this.heard, covers);
  }

  /** The other node lacks what came before. */
  refused(): void {
    this.#sent = null;
    this.beginAnew();
  }

  /** Nobody knows whether the part on its way arrived. What came before it did: a slow link gets on, too. */
  lost(): void {
    const sent = this.#sent!;
    this.#sent = null;
    if (this.#mustBegin) return;
    if (this.#number === 0) this.beginAnew();
    else this.#lost = sent;
  }

  get #hasMore(): boolean {
    return this.#lost !== null || this.#rest !== null || this.#due.size > 0;
  }

  #begin(): void {
    this.#mustBegin = false;
    this.#epoch++;
    this.#number = 0;
    this.#due.clear();
    this.#rest = this.#own.wantsAll ? NO_KEYS : this.#own.keys();
    // Who was told that everything is wanted knows what is wanted up to now, and nothing of what is to come.
    if (!this.#own.wantsAll) this.heard = Math.min(this.heard, this.#own.time);
  }

  #compose(): Sent {
    const own = this.#own;
    const content = this.#lost ?? this.#take();
    this.#lost = null;
    const flags =
      (this.#number === 0 ? BEGINS : 0) | (content.isEnd ? ENDS : 0) | (own.wantsAll ? WANTS_ALL : 0);
    const wants = content.keys.map((key): Want => own.want(key));
    const part = { epoch: this.#epoch, number: this.#number, flags, wants };
    return { ...content, part, covers: this.#covers() };
  }

  /** What comes next of all, or of what changed. */
  #take(): Content {
    const keys: WantKey[] = [];
    let isEnd = false;
    if (this.#rest !== null) {
      isEnd = this.#fill(keys, this.#rest);
      if (isEnd) this.#rest = null;
    } else if (this.#own.wantsAll) {
      this.#due.clear();
    } else {
      this.#fill(keys, this.#due.keys());
      for (const key of keys) this.#due.delete(key);
    }
    return { keys, isEnd };
  }

  /** Up to when the other node knows what is wanted, once it has taken all that was composed so far. */
  #covers(): number {
    if (this.#rest !== null) return NEVER;
    if (this.#own.wantsAll) return Number.POSITIVE_INFINITY;
    for (const since of this.#due.values()) return since - 1;
    return this.#own.time;
  }

  /** Takes as many keys as a part may have. True if those were all. */
  #fill(keys: WantKey[], from: IterableIterator<WantKey>): boolean {
    let bytes = 0;
    while (keys.length < PART_WANTS_MAX && bytes < PART_BYTES_MAX) {
      const { value, done } = from.next();
      if (done === true) return true;
      keys.push(value);
      bytes += value.length;
    }
    return false;
  }
}

const NO_KEYS: IterableIterator<WantKey> = new Map<WantKey, number>().keys();
