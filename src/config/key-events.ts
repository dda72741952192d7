/** The value of `notify-keyspace-events`: of which events subscribers hear, and in which form. Redis's notation. */
import type { OptionType } from "./option.js";
import { bad } from "./option-types.js";

/** Kinds of events, in the order in which CONFIG GET shows their letters. */
const letters = {
  generic: "g",
  string: "$",
  list: "l",
  set: "s",
  hash: "h",
  zset: "z",
  expired: "x",
  evicted: "e",
  stream: "t",
  module: "d",
  new: "n",
  keymiss: "m",
} as const;

export type KeyEventKind = keyof typeof letters;

export interface KeyEvents {
  readonly kinds: ReadonlySet<KeyEventKind>;
  /** To `__keyspace@<db>__:<key>`, with the event for a message. */
  readonly byKey: boolean;
  /** To `__keyevent@<db>__:<event>`, with the key for a message. */
  readonly byEvent: boolean;
}

const kinds = Object.keys(letters) as KeyEventKind[];
/** What `A` stands for: new keys and misses are so many that they have to be asked for. */
const usual: readonly KeyEventKind[] = kinds.filter((kind) => kind !== "new" && kind !== "keymiss");

export const noKeyEvents: KeyEvents = { kinds: new Set(), byKey: false, byEvent: false };

export function keyEvents(): OptionType<KeyEvents> {
  return {
    placeholder: "letters",
    range: "any of Ag$lshzxetdnmKE",
    isList: false,
    parse(text) {
      const found = new Set<KeyEventKind>();
      for (const letter of text) {
        if (letter === "A") for (const kind of usual) found.add(kind);
        else if (letter !== "K" && letter !== "E") {
          const kind = kinds.find((candidate) => letters[candidate] === letter);
          if (kind === undefined) return bad("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
          found.add(kind);
        }
      }
      return { ok: true, value: { kinds: found, byKey: text.includes("K"), byEvent: text.includes("E") } };
    },
    format({ kinds: chosen, byKey, byEvent }) {
      const isUsual = usual.every((kind) => chosen.has(kind));
      const shown = kinds.filter((kind) => chosen.has(kind) && kind !== "keymiss");
      const named = isUsual ? shown.filter((kind) => !usual.includes(kind)) : shown;
      const text = named.map((kind) => letters[kind]).join("");
      const miss = chosen.has("keymiss") ? letters.keymiss : "";
      return `${isUsual ? "A" : ""}${text}${byKey ? "K" : ""}${byEvent ? "E" : ""}${miss}`;
    },
  };
}
