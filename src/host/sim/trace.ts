/**
 * A running hash of all that happened in a world: two runs with equal hashes did the same things at the same times with
 * the same bytes. FNV-1a with 32 bits (Fowler, Noll and Vo), fed with bytes or whole words, beside a count of events.
 */

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

export class Trace {
  private hash = OFFSET_BASIS;
  private events = 0;
  private readonly float = new Float64Array(1);
  private readonly words = new Uint32Array(this.float.buffer);

  event(event: { readonly atMs: number; readonly kind: string; readonly place: string }): void {
    this.events++;
    this.float[0] = event.atMs;
    this.word(this.words[0] as number);
    this.word(this.words[1] as number);
    this.text(event.kind);
    this.text(event.place);
  }

  text(text: string): void {
    for (let at = 0; at < text.length; at++) this.word(text.charCodeAt(at));
    this.word(text.length);
  }

  bytes(bytes: Uint8Array, length: number): void {
    for (let at = 0; at < length; at++) this.word(bytes[at] as number);
    this.word(length);
  }

  /** Such as `1042-9e107d9d`: the number of events and the hash. */
  get digest(): string {
    return `${this.events}-${(this.hash >>> 0).toString(16).padStart(8, "0")}`;
  }

  private word(word: number): void {
    this.hash = Math.imul(this.hash ^ word, PRIME);
  }
}
