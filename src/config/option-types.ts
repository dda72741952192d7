/** The plain kinds of values that options have. Kinds with a structure of their own have a file of their own. */
import { formatMemorySize, parseMemorySize } from "../base/memory-size.js";
import type { OptionType, Parsed } from "./option.js";

export interface Range {
  readonly min: number;
  readonly max: number;
}

export interface Quantity extends Range {
  /** What is counted, in the plural: `seconds`, `clients`. */
  readonly unit: string;
}

/** A whole number in decimal digits. As in Redis, neither `+5` nor `05` is one. */
export function integer({ unit, ...range }: Quantity): OptionType<number> {
  return {
    placeholder: unit,
    range: describeRange(range, String),
    isList: false,
    parse(text) {
      if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text)) return bad("argument couldn't be parsed into an integer");
      return within(range, Number(text));
    },
    format: String,
  };
}

/** An amount of memory in bytes, written as `100mb`. */
export function memory(range: Range): OptionType<number> {
  return {
    placeholder: "bytes",
    range: describeRange(range, formatMemorySize),
    isList: false,
    parse(text) {
      const bytes = parseMemorySize(text);
      return bytes === undefined ? bad("argument must be a memory value") : within(range, bytes);
    },
    format: String,
    formatLines: (bytes) => [formatMemorySize(bytes)],
  };
}

/** A fixed amount of memory or, if `percent` is not 0, a share of `maxmemory`. */
export interface MemoryShare {
  readonly bytes: number;
  readonly percent: number;
}

export function memoryShare(): OptionType<MemoryShare> {
  return {
    placeholder: "bytes|percent",
    range: "an amount of memory, or 0% to 100% of maxmemory",
    isList: false,
    parse(text) {
      const percent = /^([0-9]{1,9})%$/.exec(text)?.[1];
      if (percent !== undefined) {
        if (Number(percent) > 100) return bad("percentage argument must be less or equal to 100");
        return { ok: true, value: { bytes: 0, percent: Number(percent) } };
      }
      const bytes = parseMemorySize(text);
      if (bytes === undefined) return bad("argument must be a memory or percent value");
      return { ok: true, value: { bytes, percent: 0 } };
    },
    format: ({ bytes, percent }) => (percent > 0 ? `${percent}%` : String(bytes)),
    formatLines: ({ bytes, percent }) => [percent > 0 ? `${percent}%` : formatMemorySize(bytes)],
  };
}

export function yesNo(): OptionType<boolean> {
  return {
    placeholder: "yes|no",
    range: "yes or no",
    isList: false,
    parse(text) {
      const word = text.toLowerCase();
      if (word !== "yes" && word !== "no") return bad("argument must be 'yes' or 'no'");
      return { ok: true, value: word === "yes" };
    },
    format: (value) => (value ? "yes" : "no"),
  };
}

/** One of a few words, in either case. */
export function oneOf<const W extends string>(placeholder: string, words: readonly W[]): OptionType<W> {
  const list = words.join(", ");
  return {
    placeholder,
    range: list,
    isChoice: true,
    isList: false,
    parse(text) {
      const value = words.find((word) => word === text.toLowerCase());
      return value === undefined
        ? bad(`argument(s) must be one of the following: ${list}`)
        : { ok: true, value };
    },
    format: (value) => value,
  };
}

/** Any text; empty means not set. */
export function text(placeholder: string): OptionType<string> {
  return {
    placeholder,
    range: "",
    isList: false,
    parse: (value) => ({ ok: true, value }),
    format: (value) => value,
  };
}

/** Permission bits of a file, written in octal: `700`. */
export function fileMode(): OptionType<number> {
  return {
    placeholder: "mode",
    range: "0 to 777, octal",
    isList: false,
    parse(text) {
      if (!/^[0-7]{1,4}$/.test(text) || Number.parseInt(text, 8) > 0o777) {
        return bad("argument couldn't be parsed as an octal number");
      }
      return { ok: true, value: Number.parseInt(text, 8) };
    },
    format: (mode) => mode.toString(8),
  };
}

export function bad(problem: string): Parsed<never> {
  return { ok: false, problem };
}

function describeRange({ min, max }: Range, format: (bound: number) => string): string {
  return max === Number.MAX_SAFE_INTEGER ? `at least ${format(min)}` : `${format(min)} to ${format(max)}`;
}

function within({ min, max }: Range, value: number): Parsed<number> {
  if (value < min || value > max) return bad(`argument must be between ${min} and ${max} inclusive`);
  return { ok: true, value };
}
