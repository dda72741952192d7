/** What happened in a run, as far as it helps whoever has to find out why a promise was broken. */
import type { World } from "#torus/host/sim/world.js";

/** A trace that is read by a person is short. */
const LINES_MAX = 60;

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
    if (this.#lines.length >= 2 * LINES_MAX) this.#lines = this.#lines.slice(-LINES_MAX);
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
    return this.#lines.slice(-LINES_MAX).join("\n");
  }
}
