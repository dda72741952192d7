/** What SORT is asked for, read from its arguments. */
import { slotOf } from "../base/key-hash.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { ownsAllSlots } from "./own-slots.js";
import { isWithinSlot, parseSortPattern, type SortPattern } from "./sort-pattern.js";

export interface SortRequest {
  readonly isDescending: boolean;
  /** By bytes, not by numbers. */
  readonly isAlpha: boolean;
  /** LIMIT; a negative count is all. */
  readonly first: number;
  readonly count: number;
  /** What is compared instead of the elements; null: those. */
  readonly by: SortPattern | null;
  /** The pattern after BY has no star: nothing is compared. */
  readonly isUnsorted: boolean;
  /** What is answered instead of the elements, if there is any. */
  readonly gets: readonly SortPattern[];
  /** The argument that is the key to keep the result at. */
  readonly storeAt: number | undefined;
}

/** How many arguments each option has behind its word. */
const OPTIONS: Readonly<Record<string, number>> = {
  asc: 0,
  desc: 0,
  alpha: 0,
  limit: 2,
  by: 1,
  get: 1,
  store: 1,
};
const WORD_LENGTH_MAX = 5;

export function readSortRequest(call: Call, mayStore: boolean): SortRequest {
  const gets: SortPattern[] = [];
  let [isDescending, isAlpha, isUnsorted] = [false, false, false];
  let [first, count] = [0, -1];
  let by: SortPattern | null = null;
  let storeAt: number | undefined;
  for (let i = 2; i < call.count; ) {
    const option = optionAt(call, i);
    if (option === undefined || (option === "store" && !mayStore)) throw new ReplyError(SYNTAX_ERROR);
    if (option === "asc") isDescending = false;
    else if (option === "desc") isDescending = true;
    else if (option === "alpha") isAlpha = true;
    else if (option === "store") storeAt = i + 1;
    else if (option === "limit") [first, count] = [call.integer(i + 1), call.integer(i + 2)];
    else if (option === "get") gets.push(patternAt(call, i + 1, "GET"));
    else {
      by = patternAt(call, i + 1, "BY");
      // Once said it stays so, whatever pattern follows.
      isUnsorted ||= !isPatternWithStar(call, i + 1);
    }
    i += 1 + OPTIONS[option]!;
  }
  return { isDescending, isAlpha, first, count, by, isUnsorted, gets, storeAt };
}

/** The option that an argument is, if all that belongs to it follows. */
function optionAt(call: Pick<Call, "count" | "head">, index: number): string | undefined {
  const word = call.head(index, WORD_LENGTH_MAX + 1).toLowerCase();
  const length = Object.hasOwn(OPTIONS, word) ? OPTIONS[word] : undefined;
  return length !== undefined && index + length < call.count ? word : undefined;
}

function isPatternWithStar(call: Call, index: number): boolean {
  return call.bytes.subarray(call.start(index), call.end(index)).includes("*");
}

function patternAt(call: Call, index: number, option: string): SortPattern {
  const pattern = parseSortPattern(call.copy(index));
  const isElsewhere =
    !ownsAllSlots(call) && !isWithinSlot(pattern, slotOf(call.bytes, call.start(1), call.end(1)));
  if (isElsewhere) throw new ReplyError(`ERR ${option} option of SORT denied in cluster mode.`);
  return pattern;
}

/** Where the key is that the result is kept at: behind the last STORE that is an option. */
export function storePosition(call: Pick<Call, "count" | "head">, name: number): number | undefined {
  let found: number | undefined;
  for (let i = name + 2; i < call.count; i++) {
    const option = optionAt(call, i);
    if (option === "store") found = i + 1;
    else if (option !== undefined) i += OPTIONS[option]!;
  }
  return found;
}

/** The first option that names keys by a pattern. */
export function patternOption(call: Call): string | undefined {
  for (let i = 2; i < call.count; i++) {
    const option = optionAt(call, i);
    if (option === "get") return "GET";
    if (option === "by" && isPatternWithStar(call, i + 1)) return "BY";
    if (option !== undefined) i += OPTIONS[option]!;
  }
  return undefined;
}
