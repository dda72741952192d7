/**
 * What an option is: the facts that the table states about it, and the type that gives its text a meaning.
 * The same text form serves flags, the environment, the configuration file and CONFIG GET/SET.
 */

import { quoteConfigWord } from "./config-file.js";

/** A value, or what is wrong with the text. Problems are worded as Redis words them, for CONFIG SET shows them. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

/** How values of one kind are written. Methods on purpose: `Option<number>` must pass for `Option<unknown>`. */
export interface OptionType<T> {
  /** What stands for the value in `--help`: `yes|no`, `bytes`, `seconds`. */
  readonly placeholder: string;
  /** The values allowed, in words. Empty if every text is good. */
  readonly range: string;
  /** True if `range` lists every value there is, and `--help` should too. */
  readonly isChoice?: true;
  /** True if a value is made of several words, as in `bind 127.0.0.1 ::1`. */
  readonly isList: boolean;
  /** Words may have spaces in them: `parse` is given them in quotes where they need them. */
  readonly quotesWords?: boolean;
  /** What the first of several lines adds to where lines add up: without it, that is the value so far. */
  readonly empty?: T;
  /** `current` is the value so far: a list that names only some of its parts leaves the others as they are. */
  parse(text: string, current: T): Parsed<T>;
  /** The text that CONFIG GET shows; `parse` reads it back. */
  format(value: T): string;
  /** What follows the name in the configuration file, one string a line; by default `format`'s text, quoted if need be. */
  formatLines?(value: T): readonly string[];
}

export interface OptionFacts<T> {
  /** As in redis.conf. Flag and environment variable follow from it. */
  readonly name: string;
  /** Older names, accepted wherever the name is. */
  readonly aliases?: readonly string[];
  readonly default: T;
  /** What `torus server` begins with instead: it is a database, while a node inside another process is first of all a cache. */
  readonly serverDefault?: T;
  /** Only said at start, and not shown: CONFIG knows no such option. */
  readonly isDirective?: true;
  /** May CONFIG SET change it while the node runs? */
  readonly mutable: boolean;
  /** What it does; where it is a trade-off, which way each direction goes. The first sentence serves `--help`. */
  readonly doc: string;
  /** What a user of Redis must know: absent where name, meaning and default are Redis's own. */
  readonly differs?: string;
}

export interface Option<T> extends OptionFacts<T> {
  readonly type: OptionType<T>;
}

/** Declares an option. The type decides `T`; the default must fit it. */
export function option<T>(type: OptionType<T>, facts: OptionFacts<NoInfer<T>>): Option<T> {
  return { ...facts, type };
}

/** The text that words of the configuration file stand for: they keep their bounds where that takes quotes. */
export function textOf(words: readonly string[], { quotesWords = false }: OptionType<unknown>): string {
  return (quotesWords ? words.map(quoteConfigWord) : words).join(" ");
}

/** `maxmemory-policy` is the flag `--maxmemory-policy`. */
export function flagOf(name: string): string {
  return `--${name}`;
}

/** `maxmemory-policy` is the environment variable `TORUS_MAXMEMORY_POLICY`. */
export function variableOf(name: string): string {
  return `TORUS_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** All names that an option answers to, its own first. */
export function namesOf({ name, aliases = [] }: Option<unknown>): readonly string[] {
  return [name, ...aliases];
}
