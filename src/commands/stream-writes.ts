/** Commands that change streams: https://redis.io/docs/latest/commands/?group=stream */
import { varintBytes, writeVarint } from "../base/varint.js";
import { StreamId } from "../delta/stream-id.js";
import { CONTENT_BYTES_MAX } from "../delta/stream-items.js";
import type { Trimming } from "../keyspace/open-stream.js";
import type { StreamBody } from "../keyspace/stream-body.js";
import { NO_SUCH_KEY, ReplyError, SYNTAX_ERROR, wrongNumberOfArguments } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { type AddOrTrim, openToWrite, readAddOrTrim, readStrictId } from "./stream-arguments.js";
import { replyId } from "./stream-replies.js";

const ID_ZERO = "ERR The ID specified in XADD must be greater than 0-0";
const ID_TOO_LOW = "ERR The ID specified in XADD is equal or smaller than the target stream top item";
const IDS_EXHAUSTED = "ERR The stream has exhausted the last possible ID, unable to add more items";
const TOO_LARGE = "ERR Elements are too large to be stored";
const ADDED_NEGATIVE = "ERR entries_added must be positive";
const SETID_BELOW_GIVEN_DELETED =
  "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id";
const SETID_BELOW_TOP = "ERR The ID specified in XSETID is smaller than the target stream top item";
const ADDED_BELOW_LENGTH =
  "ERR The entries_added specified in XSETID is smaller than the target stream length";

const TRIM_SYNTAX =
  'strategy=(MAXLEN|MINID@6.2.0) [operator=(equal="="|approximately="~")] threshold [LIMIT count:integer@6.2.0]';

export const streamWrites: readonly Command[] = [
  data({
    name: "xadd",
    arity: -5,
    group: "stream",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "update"),
    tips: ["nondeterministic_output"],
    syntax: `key [NOMKSTREAM@6.2.0] [trim=(${TRIM_SYNTAX})] id_or_auto=(auto_id="*"|id) (field value)...`,
    since: "5.0.0",
    complexity: "O(1), and O(N) in entries trimmed",
    summary: "Adds an entry to a stream, and answers its id.",
    history: [
      ["6.2.0", "NOMKSTREAM, MINID and LIMIT"],
      ["7.0.0", "Ids of which only the milliseconds are given"],
    ],
    differs:
      "Where a slot has several owners, sequence numbers that are made here end, in their lowest 16 bits, in the number of the node, so that no two nodes give the same id.",
    run: xadd,
  }),
  data({
    name: "xtrim",
    arity: -4,
    group: "stream",
    flags: ["write"],
    keys: keyAt1("RW", "delete"),
    tips: ["nondeterministic_output"],
    syntax: `key trim=(${TRIM_SYNTAX})`,
    since: "5.0.0",
    complexity: "O(N) in entries trimmed",
    summary: "Removes the first entries of a stream: all but so many, or those below an id.",
    history: [["6.2.0", "MINID and LIMIT"]],
    differs:
      "With `~` whole blocks are removed, as in Redis, but ours hold more entries where `stream-node-max-bytes` decides.",
    run: xtrim,
  }),
  data({
    name: "xdel",
    arity: -3,
    group: "stream",
    flags: ["write", "fast"],
    keys: keyAt1("RW", "delete"),
    syntax: "key id...",
    since: "5.0.0",
    complexity: "O(1) for each entry",
    summary: "Deletes entries of a stream, and answers how many there were.",
    run: xdel,
  }),
  data({
    name: "xsetid",
    arity: -3,
    group: "stream",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "update"),
    syntax:
      "key last-id [ENTRIESADDED entries_added:integer@7.0.0] [MAXDELETEDID max_deleted_entry_id@7.0.0]",
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Sets the last id that a stream has given.",
    history: [["7.0.0", "How many entries were added, and the highest id deleted"]],
    run: xsetid,
  }),
];

const id = new StreamId();

function xadd(call: Call): void {
  const { keyspace, count, reply } = call;
  const options = readAddOrTrim(call, true);
  const from = options.idAt + 1;
  if (options.idAt === 0 || count - from < 2 || (count - from) % 2 === 1) {
    throw new ReplyError(wrongNumberOfArguments("xadd"));
  }
  if (options.idKind === "given" && options.id.isZero) throw new ReplyError(ID_ZERO);
  const before = openToWrite(call);
  if (before === null && !options.mayCreate) {
    reply.null();
    return;
  }
  chooseId(call, before, options);
  const length = takeContent(call, from);
  const { openStream } = keyspace;
  // Answered first: where there is no room for the answer nothing is changed.
  replyId(reply, id);
  openStream.begin(call.config.current);
  openStream.add(id, content, length);
  const trimmed = options.trimming === null ? 0 : openStream.trim(options.trimming);
  openStream.finish();
  releaseContent();
  keyspace.happened("stream", "xadd");
  if (trimmed > 0) keyspace.happened("stream", "xtrim");
}

const noStream = { last: new StreamId() };

/** Lets `id` be that of the new entry, or refuses. */
function chooseId({ keyspace }: Call, before: StreamBody | null, { idKind, id: given }: AddOrTrim): void {
  const { openStream } = keyspace;
  const { last } = before ?? noStream;
  if (before !== null && isHighest(last)) throw new ReplyError(IDS_EXHAUSTED);
  id.copyFrom(given);
  if (idKind === "now") {
    if (!nextIdAfter(last, keyspace.clock.timeMs)) throw new ReplyError(ID_TOO_LOW);
    openStream.ownId(id, last);
  } else if (idKind === "milliseconds") {
    if (given.hasMsOf(last) && !id.copyFrom(last).incrementSeq()) throw new ReplyError(ID_TOO_LOW);
    openStream.ownId(id, last);
  }
  if (id.compare(last) <= 0) throw new ReplyError(ID_TOO_LOW);
}

function nextIdAfter(last: StreamId, nowMs: number): boolean {
  if (nowMs > last.ms) {
    id.set(nowMs, 0);
    return true;
  }
  return id.copyFrom(last).increment();
}

function isHighest({ msHigh, msLow, seqHigh, seqLow }: StreamId): boolean {
  const word = 2 ** 32 - 1;
  return msHigh === word && msLow === word && seqHigh === word && seqLow === word;
}

/** What content up to this length is put together in is kept. */
const CONTENT_KEPT_BYTES = 1 << 16;
let content: Buffer = Buffer.alloc(1024);

/** Puts the arguments from one on into `content`, each behind its length. */
function takeContent(call: Call, from: number): number {
  const { bytes, count } = call;
  let needed = 0;
  for (let i = from; i < count; i++) needed += call.length(i) + varintBytes(call.length(i));
  if (needed > CONTENT_BYTES_MAX) throw new ReplyError(TOO_LARGE);
  if (needed > content.length) content = Buffer.allocUnsafe(needed);
  let to = 0;
  for (let i = from; i < count; i++) {
    const start = call.start(i);
    const length = call.end(i) - start;
    to = writeVarint(content, to, length);
    if (length > 40) bytes.copy(content, to, start, start + length);
    else for (let k = 0; k < length; k++) content[to + k] = bytes[start + k]!;
    to += length;
  }
  return to;
}

function releaseContent(): void {
  if (content.length > CONTENT_KEPT_BYTES) content = Buffer.alloc(1024);
}

function xtrim(call: Call): void {
  const { keyspace, reply } = call;
  const trimming = readAddOrTrim(call, false).trimming as Trimming;
  const { openStream } = keyspace;
  if (openToWrite(call) === null) {
    reply.integer(0);
    return;
  }
  openStream.begin(call.config.current);
  const trimmed = openStream.trim(trimming);
  if (trimmed > 0) {
    openStream.finish(trimmed);
    keyspace.happened("stream", "xtrim");
  }
  reply.integer(trimmed);
}

function xdel(call: Call): void {
  const { keyspace, count, reply } = call;
  const { openStream } = keyspace;
  if (openToWrite(call) === null) {
    reply.integer(0);
    return;
  }
  for (let i = 2; i < count; i++) readStrictId(call, i, id);
  openStream.begin(call.config.current);
  const highest = new StreamId();
  let deleted = 0;
  for (let i = 2; i < count; i++) {
    readStrictId(call, i, id);
    if (!openStream.delete(id)) continue;
    deleted++;
    if (id.compare(highest) > 0) highest.copyFrom(id);
  }
  if (deleted > 0) {
    openStream.tellDeleted(highest);
    openStream.finish(deleted);
    keyspace.happened("stream", "xdel");
  }
  reply.integer(deleted);
}

function xsetid(call: Call): void {
  const { keyspace, count, reply } = call;
  const last = new StreamId();
  const deleted = new StreamId();
  let added = -1;
  readStrictId(call, 2, last);
  for (let i = 3; i < count; i += 2) {
    if (i + 1 === count) throw new ReplyError(SYNTAX_ERROR);
    if (call.is(i, "entriesadded")) {
      added = call.integer(i + 1);
      if (added < 0) throw new ReplyError(ADDED_NEGATIVE);
    } else if (call.is(i, "maxdeletedid")) {
      readStrictId(call, i + 1, deleted);
      if (last.compare(deleted) < 0) throw new ReplyError(SETID_BELOW_GIVEN_DELETED);
    } else {
      throw new ReplyError(SYNTAX_ERROR);
    }
  }
  const stream = openToWrite(call);
  if (stream === null) throw new ReplyError(NO_SUCH_KEY);
  if (stream.entries.live > 0) {
    if (last.compare(stream.topId(id)) < 0) throw new ReplyError(SETID_BELOW_TOP);
    if (added !== -1 && stream.entries.live > added) throw new ReplyError(ADDED_BELOW_LENGTH);
  }
  const { openStream } = keyspace;
  openStream.begin(call.config.current);
  openStream.setId(
    last,
    added === -1 ? stream.added : Math.min(added, Number.MAX_SAFE_INTEGER),
    deleted.isZero ? stream.maxDeleted : deleted,
  );
  openStream.finish();
  keyspace.happened("stream", "xsetid");
  reply.ok();
}
