/**
 * The configuration of a running node: the current snapshot and the ways in which clients read and change it.
 * What a change means is the subscribers' business; the store only promises that all see the same values.
 */
import { compileGlob, globMatches } from "../base/glob.js";
import { type Config, declarations, defaultConfig, type Field, fieldOf, withValues } from "./config.js";
import { namesOf, type Option } from "./option.js";
import { options } from "./options.js";
import { rewriteConfigFile } from "./rewrite.js";

/** A name and a text, as CONFIG SET takes and CONFIG GET answers them: Unicode, which on the wire is UTF-8. */
export type NamedText = readonly [name: string, text: string];

export type SetOutcome =
  | { readonly kind: "set" }
  /** Nothing was changed. `error` is the whole error reply, without its leading dash. */
  | { readonly kind: "refused"; readonly error: string };

export type ConfigListener = (config: Config, before: Config) => void;

export class ConfigStore {
  /** A plain field, replaced as a whole on change: `store.current.maxmemoryBytes` is fit for a hot path. */
  current: Config;
  readonly #listeners = new Set<ConfigListener>();

  /** `defaults` are what the node would start with if nobody said anything. */
  constructor(
    initial: Config,
    readonly defaults: Config = defaultConfig,
  ) {
    this.current = initial;
  }

  /**
   * CONFIG GET: the options that the words name, each once. A word with `*`, `?` or `[` is a glob pattern that is held against
   * every name; another one is a name and is repeated as it was given. Letters are matched in either case.
   */
  get(words: readonly string[]): NamedText[] {
    const wanted = words.map(wantedBy);
    return this.#namedTexts().flatMap(([name, text]): NamedText[] => {
      const match = wanted.find(({ covers }) => covers(name));
      return match === undefined ? [] : [[match.given ?? name, text]];
    });
  }

  /** Every option under each of its names. */
  #namedTexts(): readonly NamedText[] {
    return declarations.flatMap(([field, option]) => {
      if (option.isDirective) return [];
      return namesOf(option).map((name): NamedText => [name, option.type.format(this.current[field])]);
    });
  }

  /**
   * CONFIG SET: all of the changes or none. The texts of the errors and their order of precedence are those of Redis 7.0:
   * first names are judged from left to right, then values.
   */
  set(changes: readonly NamedText[]): SetOutcome {
    const seen = new Set<string>();
    for (const [name] of changes) {
      const field = fieldOf(name);
      if (!field || isDirective(field))
        return refused(`Unknown option or number of arguments for CONFIG SET - '${name}'`);
      if (!options[field].mutable) return refusedFor(name, "can't set immutable config");
      // Redis compares the names as given, so that one option may be set under two of its names; the later wins.
      if (seen.has(name.toLowerCase())) return refusedFor(name, "duplicate parameter");
      seen.add(name.toLowerCase());
    }
    let next = this.current;
    for (const [name, text] of changes) {
      const field = fieldOf(name)!;
      const option: Option<unknown> = options[field];
      const parsed = option.type.parse(text, option.type.empty ?? next[field]);
      // Redis repeats a name as it was given above this point, and as the table spells it from here on.
      if (!parsed.ok) return refusedFor(name.toLowerCase(), parsed.problem);
      next = withValues(next, { [field]: parsed.value });
    }
    const before = this.current;
    this.current = next;
    for (const listener of this.#listeners) listener(next, before);
    return { kind: "set" };
  }

  /** Calls `listener` after every CONFIG SET that succeeded, within it. Returns the way to end that. */
  subscribe(listener: ConfigListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** CONFIG REWRITE: the text of a configuration file, changed to say what is the case now; `more` is what nobody sets by CONFIG SET. */
  rewrite(text: string, more: Partial<Config> = {}): string {
    return rewriteConfigFile(text, withValues(this.current, more), this.defaults);
  }
}

function isDirective(field: Field): boolean {
  const option: Option<unknown> = options[field];
  return option.isDirective === true;
}

/** What a word of CONFIG GET covers; `given` is the word if it is a plain name. */
function wantedBy(word: string): { readonly covers: (name: string) => boolean; readonly given?: string } {
  if (!/[*?[]/.test(word)) return { covers: (name) => name === word.toLowerCase(), given: word };
  const glob = compileGlob(Buffer.from(word), { ignoreCase: true });
  return { covers: (name) => globMatches(glob, Buffer.from(name)) };
}

function refused(problem: string): SetOutcome {
  return { kind: "refused", error: `ERR ${problem}` };
}

function refusedFor(name: string, problem: string): SetOutcome {
  return refused(`CONFIG SET failed (possibly related to argument '${name}') - ${problem}`);
}
