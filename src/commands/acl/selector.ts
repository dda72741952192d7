/**
 * A selector: commands, keys and channels that go together. A user has one or several; a command is allowed if one of them allows all
 * of it. Rules change a selector one after the other, so their order counts; their grammar and errors are those of Redis 7.0:
 * https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
 *
 *     allcommands +@all   nocommands -@all   +@category -@category   +command -command   +container|subcommand   +command|argument
 *     allkeys ~*   resetkeys   ~pattern   %R~pattern %W~pattern %RW~pattern
 *     allchannels &*   resetchannels   &pattern
 *
 * All text is a byte string (one character a byte, latin1).
 */
import { compileGlob, type Glob } from "../../base/glob.js";
import { splitWords } from "../../base/quoted-words.js";
import { CATEGORIES } from "../command-facts.js";
import type { CatalogEntry, CommandCatalog } from "./command-catalog.js";

/** What may be done with keys, as bits. */
export const READ = 1;
export const WRITE = 2;

export interface Pattern {
  readonly text: string;
  readonly glob: Glob;
}

export interface KeyPattern extends Pattern {
  /** `READ`, `WRITE` or both. */
  readonly permissions: number;
}

/** Why a rule is refused, in Redis's words. */
export const SYNTAX = "Syntax error";
export const UNKNOWN_COMMAND = "Unknown command or category name in ACL";
const BEHIND_ALL_KEYS =
  "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. " +
  "Try 'resetkeys' to start with an empty list of patterns";
const BEHIND_ALL_CHANNELS =
  "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. " +
  "Try 'resetchannels' to start with an empty list of channels";
const ARGUMENT_OF_SUBCOMMAND = "Allowing first-arg of a subcommand is not supported";

/** Undefined: the rule was applied. */
export type Problem = string | undefined;

export class Selector {
  allowsAllKeys = false;
  allowsAllChannels: boolean;
  /** Every command there is. Each rule that takes one away ends it, and no rule but `+@all` begins it again. */
  allowsAllCommands = false;
  /** Commands of releases to come too: it began with `+@all`, whatever was taken away since. */
  allowsNewCommands = false;
  keys: readonly KeyPattern[] = [];
  channels: readonly Pattern[] = [];
  /** By the id of a command that is not allowed otherwise: first arguments with which it is. */
  #firstArguments: ReadonlyMap<number, readonly string[]> = new Map();
  readonly #allowed: Uint8Array;

  constructor(
    readonly catalog: CommandCatalog,
    /** The option `acl-pubsub-default`. */
    allowsAllChannels = false,
  ) {
    this.allowsAllChannels = allowsAllChannels;
    this.#allowed = new Uint8Array(catalog.size);
  }

  copy(): Selector {
    const copy = new Selector(this.catalog, this.allowsAllChannels);
    copy.allowsAllKeys = this.allowsAllKeys;
    copy.allowsAllCommands = this.allowsAllCommands;
    copy.allowsNewCommands = this.allowsNewCommands;
    copy.keys = this.keys;
    copy.channels = this.channels;
    copy.#firstArguments = this.#firstArguments;
    copy.#allowed.set(this.#allowed);
    return copy;
  }

  /** There is nothing that it does not allow. */
  get isUnlimited(): boolean {
    return this.allowsAllCommands && this.allowsAllKeys && this.allowsAllChannels;
  }

  /** Whether a command is allowed whatever its arguments. */
  allows(id: number): boolean {
    return this.#allowed[id] === 1;
  }

  /** First arguments with which a command is allowed that is not otherwise. */
  firstArguments(id: number): readonly string[] {
    return this.#firstArguments.get(id) ?? [];
  }

  /** Applies a rule; if there is something wrong with it, nothing changes. */
  apply(rule: string): Problem {
    switch (rule.toLowerCase()) {
      case "allkeys":
      case "~*":
        this.#setAllKeys(true);
        return undefined;
      case "resetkeys":
        this.#setAllKeys(false);
        return undefined;
      case "allchannels":
      case "&*":
        this.#setAllChannels(true);
        return undefined;
      case "resetchannels":
        this.#setAllChannels(false);
        return undefined;
      case "allcommands":
      case "+@all":
        this.#setAllCommands(true);
        return undefined;
      case "nocommands":
      case "-@all":
        this.#setAllCommands(false);
        return undefined;
    }
    if (rule.startsWith("~") || rule.startsWith("%")) return this.#addKeys(rule);
    if (rule.startsWith("&")) return this.#addChannels(rule.slice(1));
    if (rule.startsWith("+@") || rule.startsWith("-@")) return this.#setCategory(rule);
    if (rule.startsWith("+")) return this.#allow(rule.slice(1));
    if (rule.startsWith("-")) return this.#forbid(rule.slice(1));
    return SYNTAX;
  }

  /** Allows or forbids a command with its subcommands. */
  set({ id, subcommands }: CatalogEntry, isAllowed: boolean): void {
    this.#setBit(id, isAllowed);
    this.#setFirstArguments(id, []);
    for (const subcommand of subcommands) this.#setBit(subcommand.id, isAllowed);
  }

  #setBit(id: number, isAllowed: boolean): void {
    this.#allowed[id] = isAllowed ? 1 : 0;
    if (!isAllowed) this.allowsAllCommands = false;
  }

  #setFirstArguments(id: number, words: readonly string[]): void {
    if (words.length === 0 && !this.#firstArguments.has(id)) return;
    const changed = new Map(this.#firstArguments);
    if (words.length === 0) changed.delete(id);
    else changed.set(id, words);
    this.#firstArguments = changed;
  }

  #setAllKeys(isAllowed: boolean): void {
    this.allowsAllKeys = isAllowed;
    this.keys = [];
  }

  #setAllChannels(isAllowed: boolean): void {
    this.allowsAllChannels = isAllowed;
    this.channels = [];
  }

  #setAllCommands(isAllowed: boolean): void {
    this.#allowed.fill(isAllowed ? 1 : 0);
    this.#firstArguments = new Map();
    this.allowsAllCommands = isAllowed;
    this.allowsNewCommands = isAllowed;
  }

  #setCategory(rule: string): Problem {
    const category = rule.slice(2).toLowerCase();
    if (!CATEGORIES.some((known) => known === category)) return UNKNOWN_COMMAND;
    for (const entry of this.catalog.ofCategory(category)) this.set(entry, rule.startsWith("+"));
    return undefined;
  }

  #forbid(name: string): Problem {
    const entry = this.catalog.find(name);
    if (entry === undefined) return UNKNOWN_COMMAND;
    this.set(entry, false);
    return undefined;
  }

  #allow(name: string): Problem {
    const bar = name.lastIndexOf("|");
    const entry = this.catalog.find(bar < 0 ? name : name.slice(0, bar));
    if (entry === undefined) return UNKNOWN_COMMAND;
    if (bar < 0) {
      this.set(entry, true);
      return undefined;
    }
    if (entry.isSubcommand) return ARGUMENT_OF_SUBCOMMAND;
    const word = name.slice(bar + 1);
    if (word === "") return SYNTAX;
    if (entry.subcommands.length === 0) return this.#allowWith(entry, word);
    const subcommand = this.catalog.find(name);
    if (subcommand === undefined) return UNKNOWN_COMMAND;
    this.set(subcommand, true);
    return undefined;
  }

  #allowWith({ id }: CatalogEntry, word: string): Problem {
    // No file could hold it.
    if (hasSpaces(word)) return SYNTAX;
    const words = this.firstArguments(id);
    const isThere = words.some((other) => other.toLowerCase() === word.toLowerCase());
    if (!isThere) this.#setFirstArguments(id, [...words, word]);
    return undefined;
  }

  #addKeys(rule: string): Problem {
    if (this.allowsAllKeys) return BEHIND_ALL_KEYS;
    const [, letters, behindLetters] = /^%([rw]+)(.*)$/is.exec(rule) ?? [];
    const isPlain = rule.startsWith("~");
    const permissions = isPlain ? READ | WRITE : permissionsOf(letters);
    if (permissions === undefined) return SYNTAX;
    const behind = isPlain ? rule : behindLetters!;
    // Redis takes `%R` for `%R~`.
    if (behind !== "" && !behind.startsWith("~")) return SYNTAX;
    const text = behind.slice(1);
    if (hasSpaces(text)) return SYNTAX;
    const known = this.keys.find((other) => other.text === text);
    if (known === undefined) {
      this.keys = [...this.keys, { ...patternOf(text), permissions }];
    } else {
      const widened = { ...known, permissions: known.permissions | permissions };
      this.keys = this.keys.map((other) => (other === known ? widened : other));
    }
    return undefined;
  }

  #addChannels(text: string): Problem {
    if (this.allowsAllChannels) return BEHIND_ALL_CHANNELS;
    if (hasSpaces(text)) return SYNTAX;
    if (!this.channels.some((other) => other.text === text)) {
      this.channels = [...this.channels, patternOf(text)];
    }
    return undefined;
  }
}

/** A selector from the rules between its parentheses; a string says what is wrong with them. */
export function selectorOf(rules: string, empty: Selector): Selector | string {
  // As Redis: if a quote stays open there are no words.
  for (const rule of splitWords(rules) ?? []) {
    const problem = empty.apply(rule);
    if (problem !== undefined) return problem;
  }
  return empty;
}

/** What separates words, or ends text in C: neither names nor patterns may have it. */
export function hasSpaces(text: string): boolean {
  return /[ \t\n\v\f\r\0]/.test(text);
}

function patternOf(text: string): Pattern {
  return { text, glob: compileGlob(Buffer.from(text, "latin1")) };
}

/** Of `R`, `W` or both, each once, in either case. */
function permissionsOf(letters = ""): number | undefined {
  switch (letters.toUpperCase()) {
    case "R":
      return READ;
    case "W":
      return WRITE;
    case "RW":
    case "WR":
      return READ | WRITE;
    default:
      return undefined;
  }
}
