/** Commands that read streams, but XREAD: https://redis.io/docs/latest/commands/?group=stream */
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { openToRead, readCount, readRange } from "./stream-arguments.js";
import { forEachBackwards, forEachIn, replyEntry } from "./stream-replies.js";

export const streamReads: readonly Command[] = [
  data({
    name: "xlen",
    arity: 2,
    group: "stream",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO"),
    syntax: "key",
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Counts the entries of a stream.",
    run: xlen,
  }),
  data({
    name: "xrange",
    arity: -4,
    group: "stream",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    syntax: "key start end [COUNT count:integer]",
    since: "5.0.0",
    complexity: "O(log N) in blocks of entries, and O(M) in entries answered",
    summary: "Answers the entries of a stream between two ids.",
    history: [["6.2.0", "Ids that are excluded"]],
    run: (call) => range(call, false),
  }),
  data({
    name: "xrevrange",
    arity: -4,
    group: "stream",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    syntax: "key end start [COUNT count:integer]",
    since: "5.0.0",
    complexity: "O(log N) in blocks of entries, and O(M) in entries answered",
    summary: "Answers the entries of a stream between two ids, the last one first.",
    history: [["6.2.0", "Ids that are excluded"]],
    run: (call) => range(call, true),
  }),
];

function xlen(call: Call): void {
  call.reply.integer(openToRead(call)?.entries.live ?? 0);
}

function range(call: Call, isReversed: boolean): void {
  const { reply } = call;
  const ends = isReversed ? readRange(call, 3, 2) : readRange(call, 2, 3);
  let count = Number.POSITIVE_INFINITY;
  for (let i = 4; i < call.count; i += 2) {
    if (!call.is(i, "count") || i + 1 === call.count) throw new ReplyError(SYNTAX_ERROR);
    count = readCount(call, i + 1);
  }
  const stream = openToRead(call);
  if (stream === null) {
    reply.emptyArray();
    return;
  }
  if (count === 0) {
    reply.nullArray();
    return;
  }
  const mark = reply.reserveArray();
  const walk = isReversed ? forEachBackwards : forEachIn;
  reply.fillArray(
    mark,
    walk(stream.entries, ends, count, (item) => replyEntry(reply, item)),
  );
}
