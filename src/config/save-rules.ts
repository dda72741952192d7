/** The value of `save`: after how much change a snapshot is due. Redis's notation. */
import type { OptionType } from "./option.js";
import { bad } from "./option-types.js";

/** A snapshot is due once at least `changes` changes are at least `seconds` old. */
export interface SaveRule {
  readonly seconds: number;
  readonly changes: number;
}

/** More rules than anyone tells apart. */
const RULES_MAX = 64;
const INVALID = "Invalid save parameters";

/** Pairs of seconds and changes; a file may have a line for each. No pair: no snapshot by itself. */
export function saveRules(): OptionType<readonly SaveRule[]> {
  return {
    placeholder: "rules",
    range: "seconds changes, repeated",
    isList: true,
    // Whoever names rules means these and not the default's too.
    empty: [],
    parse(text, current) {
      if (text === "") return { ok: true, value: [] };
      const words = text.split(" ");
      if (words.length % 2 !== 0) return bad(INVALID);
      const rules = [...current];
      for (let at = 0; at < words.length; at += 2) {
        const rule = readRule(words[at]!, words[at + 1]!);
        if (rule === undefined || rules.length === RULES_MAX) return bad(INVALID);
        rules.push(rule);
      }
      return { ok: true, value: rules };
    },
    format: (rules) => rules.map(formatRule).join(" "),
    formatLines: (rules) => (rules.length === 0 ? ['""'] : rules.map(formatRule)),
  };
}

function readRule(seconds: string, changes: string): SaveRule | undefined {
  if (!/^[1-9][0-9]{0,9}$/.test(seconds) || !/^(0|[1-9][0-9]{0,9})$/.test(changes)) return undefined;
  return { seconds: Number(seconds), changes: Number(changes) };
}

function formatRule({ seconds, changes }: SaveRule): string {
  return `${seconds} ${changes}`;
}
