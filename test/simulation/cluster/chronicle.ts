/** What happened in a run, as far as it helps whoever has to find out why a promise was broken. */
import type { World } from "#torus/host/sim/world.js";

/** A trace that is read by a person is short; of one key more is of interest. */
const LINES_MAX = 60;
const LINES_OF_KEY_MAX = 200;

export class Chronicle {
  readonly #world: World;
  readonly #key: string | undefined;
  #lines: string[] = [];

  /** With a key, all that concerns it is written down too. */
  constructor(world: World, key?: string) {
    this.#world = world;
    this.#key = key;
  }

  note(what: string): void {
    if (this.#lines.length >= 2 * this.#linesMax) this.#lines = this.#lines.slice(-this.#linesMax);
    this.#lines.push(`${this.clock.padStart(10)} ms  ${what}`);
  }

  /** The same, if it is about the key that is looked at. */
  detail(about: string, what: () => string): void {
    if (this.#key !== undefined && about.includes(this.#key)) this.note(what());
  }

  /** Milliseconds since the world began. */
  get clock(): string {
    return this.#world.nowMs.toFixed(1);
  }

  toString(): string {
    return this.#lines.slice(-this.#linesMax).join("\n");
  }

  get #linesMax(): number {
    return this.#key === undefined ? LINES_MAX : LINES_OF_KEY_MAX;
  }
}
