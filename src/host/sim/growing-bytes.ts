const CAPACITY_GROWTH = 2;

/** Bytes whose number changes often. Those that are added are zero. */
export class GrowingBytes {
  #memory = Buffer.alloc(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The bytes themselves, until the next change of their number. */
  get view(): Buffer {
    return this.#memory.subarray(0, this.#size);
  }

  resize(size: number): void {
    if (size > this.#memory.length) {
      const grown = Buffer.alloc(Math.max(size, this.#memory.length * CAPACITY_GROWTH));
      grown.set(this.view);
      this.#memory = grown;
    } else if (size < this.#size) {
      this.#memory.fill(0, size, this.#size);
    }
    this.#size = size;
  }

  /** Takes on what another one holds. */
  become(other: GrowingBytes): void {
    this.#memory = Buffer.from(other.view);
    this.#size = other.size;
  }
}
