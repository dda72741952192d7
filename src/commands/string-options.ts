/** The options of SET and GETEX, which share a grammar. */
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { TIME_FORMS, type TimeForm } from "./expiry-time.js";

export interface StringOptions {
  /** Set only if the key exists not (NX) or does (XX). */
  condition: "always" | "nx" | "xx";
  /** SET answers the value before. */
  get: boolean;
  keepTtl: boolean;
  persist: boolean;
  /** The form of the expiry, and the argument that holds its number. */
  time: TimeForm | undefined;
  timeIndex: number;
}

/** One for all calls: options are read where they stand, and nothing is made for them. */
const options: StringOptions = {
  condition: "always",
  get: false,
  keepTtl: false,
  persist: false,
  time: undefined,
  timeIndex: 0,
};

/**
 * Reads the options from argument `first` on. Refuses unknown ones and those that contradict each other; the same one
 * may come twice. What it answers is valid until the next call.
 */
export function readStringOptions(call: Call, first: number, command: "set" | "getex"): StringOptions {
  options.condition = "always";
  options.get = options.keepTtl = options.persist = false;
  options.time = undefined;
  let at = first;
  while (at < call.count) at = readTime(call, at) || readWord(call, at, command === "set");
  return options;
}

/** Reads a time and its number; answers the argument behind them, 0 if there is no time that may stand here. */
function readTime(call: Call, at: number): number {
  const form = timeFormAt(call, at);
  if (form === undefined) return 0;
  const isOther = options.time !== undefined && options.time !== form;
  if (isOther || options.keepTtl || options.persist || at + 1 === call.count)
    throw new ReplyError(SYNTAX_ERROR);
  options.time = form;
  options.timeIndex = at + 1;
  return at + 2;
}

function timeFormAt(call: Call, at: number): TimeForm | undefined {
  for (const form of TIME_FORMS) if (call.is(at, form.name)) return form;
  return undefined;
}

/** Reads an option that is one word; answers the argument behind it. */
function readWord(call: Call, at: number, isSet: boolean): number {
  if (isSet && call.is(at, "get")) options.get = true;
  else if (isSet && call.is(at, "nx") && options.condition !== "xx") options.condition = "nx";
  else if (isSet && call.is(at, "xx") && options.condition !== "nx") options.condition = "xx";
  else if (isSet && call.is(at, "keepttl") && options.time === undefined) options.keepTtl = true;
  else if (!isSet && call.is(at, "persist") && options.time === undefined) options.persist = true;
  else throw new ReplyError(SYNTAX_ERROR);
  return at + 1;
}
