/**
 * Tells one other node the prefixes that this node's clients want: all of them, whenever they have changed, and when a link to it comes up. One
 * question is on its way at a time. A pure core: it says when to ask, and is told what became of it.
 */

/** Nothing was told since the link is there. */
const NEVER = -1;

export class PrefixTeller {
  /** The version of the prefixes that the other node knows. */
  told = NEVER;
  #asked: number | null = null;

  /** The link is there, again. */
  linked(): void {
    this.told = NEVER;
  }

  /** Whether to ask now, of which the version is this. */
  asks(version: number): boolean {
    if (this.#asked !== null || this.told >= version) return false;
    this.#asked = version;
    return true;
  }

  /** The answer came. True if the other node had known nothing since the link is there. */
  answered(): boolean {
    const wasDeaf = this.told === NEVER;
    this.told = this.#asked!;
    this.#asked = null;
    return wasDeaf;
  }

  /** Nobody knows whether it came there. */
  failed(): void {
    this.#asked = null;
  }
}
