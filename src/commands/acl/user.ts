/**
 * What a user may do and how it proves to be that user. Beside the rules of its first selector (selector.ts) there are:
 *
 *     on off   nopass resetpass   >password <password   #hash !hash   sanitize-payload skip-sanitize-payload
 *     (rule rule...)   clearselectors   reset
 *
 * All text is a byte string.
 */
import type { CommandCatalog } from "./command-catalog.js";
import { type Problem, Selector, selectorOf } from "./selector.js";

const UNKNOWN_PASSWORD = "The password you are trying to remove from the user does not exist";
const NOT_A_HASH =
  "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters";
const HASH = /^[0-9a-f]{64}$/;

/** What rules mean depends on. */
export interface RuleContext {
  readonly catalog: CommandCatalog;
  /** SHA-256 of a byte string, in lower-case hexadecimal digits. */
  readonly hash: (password: string) => string;
  /** Whether a new selector allows all channels: the option `acl-pubsub-default`. */
  readonly allowsAllChannels: boolean;
}

export class UserRules {
  isOn = false;
  /** It logs in with any password. */
  needsNoPassword = false;
  /** How payloads of RESTORE are to be checked, if that was said. */
  sanitizing: "sanitize-payload" | "skip-sanitize-payload" | undefined;
  /** As hashes, of which any will do. */
  passwords: readonly string[] = [];

  private constructor(
    private readonly context: RuleContext,
    /** At least one: the first is what rules outside parentheses change. */
    public selectors: readonly [Selector, ...Selector[]],
  ) {}

  /** Those of a new user, who may do nothing, and not even log in. */
  static none(context: RuleContext): UserRules {
    return new UserRules(context, [new Selector(context.catalog, context.allowsAllChannels)]);
  }

  /** `context` is that of rules to come. */
  copy(context: RuleContext): UserRules {
    const [root, ...others] = this.selectors;
    const copy = new UserRules(context, [root.copy(), ...others.map((selector) => selector.copy())]);
    copy.isOn = this.isOn;
    copy.needsNoPassword = this.needsNoPassword;
    copy.sanitizing = this.sanitizing;
    copy.passwords = this.passwords;
    return copy;
  }

  /** There is nothing that the user may not do. */
  get isUnlimited(): boolean {
    return this.selectors.some(({ isUnlimited }) => isUnlimited);
  }

  /** Applies a rule; if there is something wrong with it, nothing changes. */
  apply(rule: string): Problem {
    switch (rule.toLowerCase()) {
      case "":
        return undefined;
      case "on":
      case "off":
        this.isOn = rule.toLowerCase() === "on";
        return undefined;
      case "nopass":
      case "resetpass":
        this.needsNoPassword = rule.toLowerCase() === "nopass";
        this.passwords = [];
        return undefined;
      case "sanitize-payload":
        this.sanitizing = "sanitize-payload";
        return undefined;
      case "skip-sanitize-payload":
        this.sanitizing = "skip-sanitize-payload";
        return undefined;
      case "clearselectors":
        this.selectors = [this.selectors[0]];
        return undefined;
      case "reset":
        this.#reset();
        return undefined;
    }
    if (/^[>#]/.test(rule)) return this.#addPassword(rule);
    if (/^[<!]/.test(rule)) return this.#removePassword(rule);
    if (rule.startsWith("(") && rule.endsWith(")")) return this.#addSelector(rule.slice(1, -1));
    return this.selectors[0].apply(rule);
  }

  #reset(): void {
    const { allowsAllChannels } = this.context;
    const rules = ["resetpass", "resetkeys", "resetchannels", "off", "sanitize-payload", "clearselectors"];
    for (const rule of rules) this.apply(rule);
    if (allowsAllChannels) this.apply("allchannels");
    this.apply("-@all");
  }

  #addPassword(rule: string): Problem {
    const hash = this.#hashIn(rule, ">");
    if (hash === undefined) return NOT_A_HASH;
    if (!this.passwords.includes(hash)) this.passwords = [...this.passwords, hash];
    this.needsNoPassword = false;
    return undefined;
  }

  #removePassword(rule: string): Problem {
    const hash = this.#hashIn(rule, "<");
    if (hash === undefined) return NOT_A_HASH;
    if (!this.passwords.includes(hash)) return UNKNOWN_PASSWORD;
    this.passwords = this.passwords.filter((other) => other !== hash);
    return undefined;
  }

  /** Behind `plainSign` stands a password, else a hash. */
  #hashIn(rule: string, plainSign: string): string | undefined {
    const text = rule.slice(1);
    if (rule.startsWith(plainSign)) return this.context.hash(text);
    return HASH.test(text) ? text : undefined;
  }

  #addSelector(rules: string): Problem {
    const { catalog, allowsAllChannels } = this.context;
    const selector = selectorOf(rules, new Selector(catalog, allowsAllChannels));
    if (typeof selector === "string") return selector;
    this.selectors = [...this.selectors, selector];
    return undefined;
  }
}

/** Words put together where parentheses do, as `(~a`, `+get)`; or the word whose parenthesis stays open. */
export function joinSelectors(
  words: readonly string[],
): { readonly rules: readonly string[] } | { readonly unmatched: string } {
  const rules: string[] = [];
  let unmatched: string | undefined;
  let selector = "";
  for (const word of words) {
    if (word.startsWith("(") && !word.endsWith(")")) {
      // As in Redis it begins anew, whatever was begun before.
      unmatched = selector = word;
    } else if (unmatched !== undefined) {
      selector += ` ${word}`;
      if (!word.endsWith(")")) continue;
      rules.push(selector);
      unmatched = undefined;
    } else {
      rules.push(word);
    }
  }
  return unmatched === undefined ? { rules } : { unmatched };
}
