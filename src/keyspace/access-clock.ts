/**
 * The word in a record that says how recently (LRU) or how often (LFU) it was used. Under LRU it is seconds of the
 * monotonic clock since before the node started; under LFU 16 bits of minutes and 8 of a logarithmic counter, as
 * Redis has it: https://redis.io/docs/latest/develop/reference/eviction/#lfu-eviction
 */
const LFU_INITIAL = 5;
const LFU_COUNTER_MAX = 255;
const MINUTES_MASK = 0xffff;
/** The seconds at which the clock starts: a key may have been used before, elsewhere. Some 34 years. */
const START_SECONDS = 2 ** 30;

export class AccessClock {
  #isLfu = false;
  #isHeld = false;
  /** Neither of the above: the common case, in one look. */
  #isPlain = true;
  lfuLogFactor = 10;
  lfuDecayMinutes = 1;
  #seconds = START_SECONDS;
  readonly #random: () => number;

  /** `random` gives unsigned 32-bit integers; the monotonic time is that of what is made before the first tick. */
  constructor(random: () => number, monotonicMs = 0) {
    this.#random = random;
    this.tick(monotonicMs);
  }

  get isLfu(): boolean {
    return this.#isLfu;
  }

  set isLfu(on: boolean) {
    this.#isLfu = on;
    this.#isPlain = !(on || this.#isHeld);
  }

  /** While it is held, what is used leaves no trace of it (CLIENT NO-TOUCH). */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  set isHeld(on: boolean) {
    this.#isHeld = on;
    this.#isPlain = !(on || this.#isLfu);
  }

  /** Takes note of the time, a few times a second. */
  tick(monotonicMs: number): void {
    this.#seconds = START_SECONDS + Math.floor(monotonicMs / 1000);
  }

  /** The word of a record just made. */
  initial(): number {
    return this.isLfu ? (this.#minutes() << 8) | LFU_INITIAL : this.#seconds;
  }

  /** The word of a record whose value was replaced: under LFU its past counts. */
  overwritten(word: number, initial: number): number {
    return this.isLfu ? word : initial;
  }

  touched(word: number): number {
    if (this.#isPlain) return this.#seconds;
    if (this.#isHeld) return word;
    const counter = this.frequency(word);
    return (this.#minutes() << 8) | (this.#grows(counter) ? counter + 1 : counter);
  }

  /** The word of a record that was used last so many seconds ago, under LRU. */
  usedBefore(idleSeconds: number): number {
    return Math.max(0, this.#seconds - idleSeconds);
  }

  /** The word of a record that is used so often, under LFU. */
  usedOften(counter: number): number {
    return (this.#minutes() << 8) | counter;
  }

  idleSeconds(word: number): number {
    return Math.max(0, this.#seconds - word);
  }

  /** The LFU counter, after the decay that its age asks for. */
  frequency(word: number): number {
    const counter = word & 0xff;
    if (this.lfuDecayMinutes === 0) return counter;
    const elapsed = (this.#minutes() - (word >>> 8)) & MINUTES_MASK;
    return Math.max(0, counter - Math.floor(elapsed / this.lfuDecayMinutes));
  }

  #minutes(): number {
    return Math.floor(this.#seconds / 60) & MINUTES_MASK;
  }

  /** The more often a key was used, the less likely one more use counts. */
  #grows(counter: number): boolean {
    if (counter === LFU_COUNTER_MAX) return false;
    const above = Math.max(0, counter - LFU_INITIAL);
    return this.#random() < 2 ** 32 / (above * this.lfuLogFactor + 1);
  }
}
