/** Scores and ends of ranges, as commands on sorted sets take them. Their grammar and its oddities are Redis's. */
import { nearestDouble, parseDouble } from "../base/double.js";
import type { MemberBound, RankRange, ScoreBound } from "../keyspace/ranked-members.js";
import { NOT_A_FLOAT, ReplyError } from "../protocol/reply-error.js";
import type { Call } from "./call.js";

const NOT_A_SCORE_RANGE = "ERR min or max is not a float";
const NOT_A_MEMBER_RANGE = "ERR min or max not valid string range item";

const OPEN_PARENTHESIS = 0x28;
const OPEN_BRACKET = 0x5b;
const PLUS = 0x2b;
const MINUS = 0x2d;
/** What C's `strtod` passes over in front of a number. */
const SPACE_BEFORE = /^[ \t\n\v\f\r]+/;

/** No double is told apart by more digits than some hundreds. Longer texts are refused unread: Redis would read them for seconds. */
const NUMBER_BYTES_MAX = 64 * 1024;

/** A score; refuses what is none with an error line. */
export function readScoreArgument(call: Call, index: number, error = NOT_A_FLOAT): number {
  if (call.length(index) > NUMBER_BYTES_MAX) throw new ReplyError(error);
  const score = parseDouble(call.bytes, call.start(index), call.end(index));
  if (score === undefined) throw new ReplyError(error);
  return score;
}

/** An end of a range of scores. Redis reads it as C does, up to a zero byte: it may begin with spaces, be empty, or too large. */
export function readScoreBound(call: Call, index: number): ScoreBound {
  const start = call.start(index);
  if (call.length(index) > NUMBER_BYTES_MAX) throw new ReplyError(NOT_A_SCORE_RANGE);
  const isExcluded = call.length(index) > 0 && call.bytes[start] === OPEN_PARENTHESIS;
  const whole = call.text(index).slice(isExcluded ? 1 : 0);
  const zero = whole.indexOf("\0");
  const text = zero < 0 ? whole : whole.slice(0, zero);
  if (text === "") return { score: 0, isExcluded };
  const score = nearestDouble(text.replace(SPACE_BEFORE, ""));
  if (Number.isNaN(score)) throw new ReplyError(NOT_A_SCORE_RANGE);
  return { score, isExcluded };
}

/** An end of a range of members: `-`, `+`, or one behind `[` or `(`. */
export function readMemberBound(call: Call, index: number): MemberBound {
  const { bytes } = call;
  const start = call.start(index);
  const end = call.end(index);
  switch (end > start ? bytes[start] : undefined) {
    case PLUS:
    case MINUS:
      if (end - start > 1) break;
      return { member: null, isHighest: bytes[start] === PLUS, isExcluded: false };
    case OPEN_BRACKET:
    case OPEN_PARENTHESIS: {
      const isExcluded = bytes[start] === OPEN_PARENTHESIS;
      return { member: { bytes, start: start + 1, end }, isHighest: false, isExcluded };
    }
  }
  throw new ReplyError(NOT_A_MEMBER_RANGE);
}

/** The ranks between two ends that may be negative, which count from the last one, among `length`. */
export function ranksBetween(first: number, last: number, length: number): RankRange {
  const from = Math.max(0, first < 0 ? length + first : first);
  const end = Math.min(length, (last < 0 ? length + last : last) + 1);
  return { from, end };
}
