import type { Vocabulary } from "./vocabulary.js";

/** A command as its words, one byte a character. */
export type Command = readonly string[];

/** Commands that belong together, each with the weight by which it is drawn. */
export interface Group {
  readonly name: string;
  readonly phrases: readonly Phrase[];
  /** Whether a command is sent as it is always: others are now and then damaged. */
  readonly isSpared?: (command: Command) => boolean;
}

export type Phrase = readonly [weight: number, make: (words: Vocabulary) => Command];
