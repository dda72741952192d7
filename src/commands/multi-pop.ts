/** LMPOP, ZMPOP and the forms of them that wait: several keys, an end, and how many are popped from the first key that is there. */
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";

const KEYS_NOT_POSITIVE = "ERR numkeys should be greater than 0";
const COUNT_NOT_POSITIVE = "ERR count should be greater than 0";

/** `from` is an end of what is popped from. */
export interface MultiPop<From> {
  /** The keys are these arguments, to before `end`. */
  readonly first: number;
  readonly end: number;
  readonly from: From;
  readonly count: number;
}

/** The number of keys is in argument `at`; COUNT may stand once, and without it one is popped. */
export function readMultiPop<From>(
  call: Call,
  at: number,
  readFrom: (call: Call, index: number) => From,
): MultiPop<From> {
  const end = at + 1 + readPositive(call, at, KEYS_NOT_POSITIVE);
  if (end >= call.count) throw new ReplyError(SYNTAX_ERROR);
  const from = readFrom(call, end);
  let count: number | undefined;
  for (let i = end + 1; i < call.count; i += 2) {
    if (count !== undefined || !call.is(i, "count") || i + 1 === call.count)
      throw new ReplyError(SYNTAX_ERROR);
    count = readPositive(call, i + 1, COUNT_NOT_POSITIVE);
  }
  return { first: at + 1, end, from, count: count ?? 1 };
}

/** Tries one key after the other; false if nothing could be popped from any. */
export function popFirst<From>(
  call: Call,
  pop: MultiPop<From>,
  popNamed: (call: Call, key: number, pop: MultiPop<From>) => boolean,
): boolean {
  for (let key = pop.first; key < pop.end; key++) if (popNamed(call, key, pop)) return true;
  return false;
}

function readPositive(call: Call, index: number, error: string): number {
  const value = call.integer(index, error);
  if (value < 1) throw new ReplyError(error);
  return value;
}
