/** LCS: https://redis.io/docs/latest/commands/lcs/ */
import { CommonSubsequence } from "../base/longest-subsequence.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data } from "./command.js";
import { readText } from "./read-text.js";

const NOT_TEXTS = "ERR The specified keys must contain string values";
const LENGTH_AND_INDEXES = "ERR If you want both the length and indexes, please just use IDX.";
const TOO_LARGE = "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";

/** Of a cell of Redis's table, by whose size it refuses what would be too large. */
const CELL_BYTES = 4;
/** Longer results are not copied into the buffer of replies. */
const COPIED_BYTES_MAX = 64 * 1024;

export const lcsCommand: Command = data({
  name: "lcs",
  arity: -3,
  group: "string",
  flags: ["readonly"],
  keys: [{ first: 1, last: 2, step: 1, access: ["RO", "access"] }],
  syntax: "key1#0 key2#0 [LEN] [IDX] [MINMATCHLEN len:integer] [WITHMATCHLEN]",
  since: "7.0.0",
  complexity: "O(N*M) in bytes of the two values, 32 at a time",
  summary: "Finds the longest common subsequence of two values: itself, its length, or where it is in them.",
  differs: "On a cluster of several nodes its keys must be in one slot.",
  run: lcs,
});

interface LcsOptions {
  readonly form: "indexes" | "length" | "text";
  readonly minMatchLength: number;
  readonly withMatchLength: boolean;
}

function lcs(call: Call): void {
  const { reply } = call;
  const a = readText(call, 1, NOT_TEXTS);
  const b = readText(call, 2, NOT_TEXTS);
  const options = readOptions(call);
  const tableBytes = (a.end - a.start + 1) * (b.end - b.start + 1) * CELL_BYTES;
  if (tableBytes > call.config.current.protoMaxBulkLenBytes) throw new ReplyError(TOO_LARGE);
  const common = new CommonSubsequence(a, b, options.form === "length");
  if (options.form === "indexes") {
    replyIndexes(call, common, options);
  } else if (options.form === "length") {
    reply.integer(common.length);
  } else {
    const bytes = common.bytes();
    if (bytes.length <= COPIED_BYTES_MAX) reply.bulk(bytes, 0, bytes.length);
    else reply.largeBulk(bytes);
  }
}

function readOptions(call: Call): LcsOptions {
  let [hasIndexes, hasLength, withMatchLength] = [false, false, false];
  let minMatchLength = 0;
  for (let i = 3; i < call.count; i++) {
    if (call.is(i, "idx")) hasIndexes = true;
    else if (call.is(i, "len")) hasLength = true;
    else if (call.is(i, "withmatchlen")) withMatchLength = true;
    else if (call.is(i, "minmatchlen") && i + 1 < call.count) minMatchLength = call.integer(++i);
    else throw new ReplyError(SYNTAX_ERROR);
  }
  if (hasIndexes && hasLength) throw new ReplyError(LENGTH_AND_INDEXES);
  const form = hasIndexes ? "indexes" : hasLength ? "length" : "text";
  return { form, minMatchLength, withMatchLength };
}

function replyIndexes(
  { reply }: Call,
  common: CommonSubsequence,
  { minMatchLength, withMatchLength }: LcsOptions,
): void {
  reply.map(2);
  reply.bulkText("matches");
  const mark = reply.reserveArray();
  let matches = 0;
  common.forEachRange(({ aStart, aEnd, bStart, bEnd }) => {
    const length = aEnd + 1 - aStart;
    if (length < minMatchLength) return;
    matches++;
    reply.array(withMatchLength ? 3 : 2);
    for (const [start, end] of [
      [aStart, aEnd],
      [bStart, bEnd],
    ] as const) {
      reply.array(2);
      reply.integer(start);
      reply.integer(end);
    }
    if (withMatchLength) reply.integer(length);
  });
  reply.fillArray(mark, matches);
  reply.bulkText("len");
  reply.integer(common.length);
}
