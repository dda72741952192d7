/**
 * Takes what other nodes tell of what they want. As long as one has not told all of it, it is given everything: so nothing is lost that is
 * published at a node that has just come. What one told before it began to tell anew stays until it has told all.
 */
import type { Interest } from "../../pubsub/interest.js";
import { BEGINS, ENDS, type InterestPart, WANTS_ALL } from "./interest-messages.js";
import { keyOf, type WantKey } from "./own-interest.js";

interface Told {
  readonly boot: number;
  readonly epoch: number;
  /** Of the last part. */
  number: number;
  /** What was told since the epoch began, until all is. */
  fresh: Set<WantKey> | null;
}

export class InterestHearer {
  readonly #interest: Interest;
  readonly #told = new Map<number, Told>();

  constructor(interest: Interest) {
    this.#interest = interest;
  }

  /** A node can be sent messages. */
  linked(node: number): void {
    if (!this.#told.has(node)) this.#interest.setAll(node, true);
  }

  /** A node is gone for good. */
  forget(node: number): void {
    this.#told.delete(node);
    this.#interest.setAll(node, false);
    this.#interest.forget(node);
  }

  /** Takes a part. False if it does not follow what came before: the other node is to begin anew. */
  take(node: number, boot: number, part: InterestPart): boolean {
    const told = this.#toldBefore(node, boot, part);
    if (told === undefined) return false;
    told.number = part.number;
    for (const want of part.wants) {
      this.#interest.set(node, want);
      told.fresh?.add(keyOf(want.kind, want.name));
    }
    if ((part.flags & ENDS) !== 0) this.#end(node, told);
    if (told.fresh === null) this.#interest.setAll(node, (part.flags & WANTS_ALL) !== 0);
    return true;
  }

  #toldBefore(node: number, boot: number, { epoch, number, flags }: InterestPart): Told | undefined {
    if ((flags & BEGINS) !== 0) {
      const told: Told = { boot, epoch, number: 0, fresh: new Set() };
      this.#told.set(node, told);
      return told;
    }
    const told = this.#told.get(node);
    if (told === undefined || told.boot !== boot || told.epoch !== epoch) return undefined;
    // One that was answered and whose answer was lost comes again.
    return number === told.number || number === told.number + 1 ? told : undefined;
  }

  #end(node: number, told: Told): void {
    const { fresh } = told;
    told.fresh = null;
    if (fresh !== null) this.#interest.forget(node, (kind, name) => fresh.has(keyOf(kind, name)));
  }
}
