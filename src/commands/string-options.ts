/** The options of SET and GETEX, which share a grammar. */
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { TIME_FORMS, type TimeForm } from "./expiry-time.js";

export interface StringOptions {
  /** Set only if the key exists not (NX) or does (XX). */
  condition: "" | "nx" | "xx";
  /** SET answers the value before. */
  get: boolean;
  keepTtl: boolean;
  persist: boolean;
  /** The form of the expiry, and the argument that holds its number. */
  time: TimeForm | undefined;
  timeIndex: number;
}

/** Reads the options from argument `first` on. Refuses unknown ones and those that contradict each other. */
export function readStringOptions(call: Call, first: number, command: "set" | "getex"): StringOptions {
  const options: StringOptions = {
    condition: "",
    get: false,
    keepTtl: false,
    persist: false,
    time: undefined,
    timeIndex: 0,
  };
  const isSet = command === "set";
  for (let i = first; i < call.count; i++) {
    const word = call.text(i).toLowerCase();
    const time = TIME_FORMS.get(word);
    const hasNoTime = options.time === undefined;
    if (time !== undefined && i + 1 < call.count && !options.keepTtl && !options.persist) {
      if (!hasNoTime && options.time !== time) throw new ReplyError(SYNTAX_ERROR);
      options.time = time;
      options.timeIndex = ++i;
    } else if (isSet && (word === "nx" || word === "xx") && (options.condition || word) === word) {
      options.condition = word;
    } else if (isSet && word === "get") {
      options.get = true;
    } else if (isSet && word === "keepttl" && hasNoTime) {
      options.keepTtl = true;
    } else if (!isSet && word === "persist" && hasNoTime) {
      options.persist = true;
    } else {
      throw new ReplyError(SYNTAX_ERROR);
    }
  }
  return options;
}
