/** Ids, ranges of them, and limits, as stream commands name them: https://redis.io/docs/latest/develop/data-types/streams/#entry-ids */
import { parseUint64, StreamId } from "../delta/stream-id.js";
import { NOWHERE } from "../keyspace/arena.js";
import type { Trimming } from "../keyspace/open-stream.js";
import { TYPE_STREAM } from "../keyspace/record.js";
import type { StreamBody } from "../keyspace/stream-body.js";
import { NOT_AN_INTEGER, ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import { shownText } from "./byte-string.js";
import type { Call } from "./call.js";

const INVALID_ID = "ERR Invalid stream ID specified as stream command argument";
const INVALID_START = "ERR invalid start ID for the interval";
const INVALID_END = "ERR invalid end ID for the interval";
const BOTH_STRATEGIES = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible";
const LIMIT_ALONE = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy";
const LIMIT_EXACT = "ERR syntax error, LIMIT cannot be used without the special ~ option";
const MAXLEN_NEGATIVE = "ERR The MAXLEN argument must be >= 0.";
const LIMIT_NEGATIVE = "ERR The LIMIT argument must be >= 0.";

/** Longer ones Redis does not look at. */
const ID_LENGTH_MAX = 127;
const DASH = 0x2d;
const PLUS = 0x2b;
const STAR = 0x2a;
const PARENTHESIS = 0x28;
const SPACE = 0x20;
const ZERO = 0x30;
/** By which Redis limits what `~` trims, for each entry of a block; and at most. */
const BLOCKS_TRIMMED = 100;
const TRIMMED_MAX = 1_000_000;
const TRIMMED_USUAL = 10_000;

/** What an id leaves open when it has no sequence number. */
export type MissingSeq = "lowest" | "highest";

/** Reads an id; `-` and `+` are the lowest and the highest. */
export function readId(call: Call, index: number, id: StreamId, missing: MissingSeq): void {
  readIdAt(call, call.start(index), call.end(index), id, { missing, isStrict: false });
}

/** Reads an id that is neither `-` nor `+`; without a sequence number that is 0. */
export function readStrictId(call: Call, index: number, id: StreamId): void {
  readIdAt(call, call.start(index), call.end(index), id, { missing: "lowest", isStrict: true });
}

/** Whether an argument is such an id: then it is read. */
export function isStrictId(call: Call, index: number, id: StreamId): boolean {
  return parseId(call.bytes, call.start(index), call.end(index), id, { missing: "lowest", isStrict: true });
}

interface IdRules {
  readonly missing: MissingSeq;
  readonly isStrict: boolean;
}

function readIdAt({ bytes }: Call, start: number, end: number, id: StreamId, rules: IdRules): void {
  if (!parseId(bytes, start, end, id, rules)) throw new ReplyError(INVALID_ID);
}

function parseId(bytes: Buffer, start: number, end: number, id: StreamId, rules: IdRules): boolean {
  const length = end - start;
  if (length > ID_LENGTH_MAX) return false;
  if (length === 1 && (bytes[start] === DASH || bytes[start] === PLUS)) {
    if (rules.isStrict) return false;
    if (bytes[start] === DASH) id.setMin();
    else id.setMax();
    return true;
  }
  let dash = start;
  while (dash < end && bytes[dash] !== DASH) dash++;
  if (!parseMs(bytes, start, dash, id)) return false;
  if (dash < end) return parseSeq(bytes, dash + 1, end, id);
  if (rules.missing === "highest") id.setSeqMax();
  else id.seqHigh = id.seqLow = 0;
  return true;
}

function parseMs(bytes: Buffer, start: number, end: number, id: StreamId): boolean {
  const ms = parseLoosely(bytes, start, end);
  if (ms === undefined) return false;
  id.msHigh = ms.high;
  id.msLow = ms.low;
  return true;
}

function parseSeq(bytes: Buffer, start: number, end: number, id: StreamId): boolean {
  const seq = parseLoosely(bytes, start, end);
  if (seq === undefined) return false;
  id.seqHigh = seq.high;
  id.seqLow = seq.low;
  return true;
}

/** As C's strtoull, which Redis uses: blanks and a plus before the digits, and zeros. */
function parseLoosely(bytes: Buffer, start: number, end: number): { high: number; low: number } | undefined {
  let at = start;
  while (at < end && (bytes[at] === SPACE || (bytes[at]! >= 9 && bytes[at]! <= 13))) at++;
  if (at < end && bytes[at] === PLUS) at++;
  while (at + 1 < end && bytes[at] === ZERO) at++;
  return parseUint64(bytes, at, end);
}

/** Reads both ends of a range of ids, either of which may be excluded by a parenthesis before it. */
export function readRange(
  call: Call,
  startIndex: number,
  endIndex: number,
): { start: StreamId; end: StreamId } {
  const start = new StreamId();
  const end = new StreamId();
  if (readBound(call, startIndex, start, "lowest") && !start.increment()) throw new ReplyError(INVALID_START);
  if (readBound(call, endIndex, end, "highest") && !end.decrement()) throw new ReplyError(INVALID_END);
  return { start, end };
}

/** Where a range of ids begins that has no end. */
export function readStart(call: Call, index: number): StreamId {
  const start = new StreamId();
  if (readBound(call, index, start, "lowest") && !start.increment()) throw new ReplyError(INVALID_START);
  return start;
}

/** Answers whether the id itself is excluded. */
function readBound(call: Call, index: number, id: StreamId, missing: MissingSeq): boolean {
  const start = call.start(index);
  const end = call.end(index);
  if (end - start > 1 && call.bytes[start] === PARENTHESIS) {
    readIdAt(call, start + 1, end, id, { missing, isStrict: true });
    return true;
  }
  readId(call, index, id, missing);
  return false;
}

// ---- Adding and trimming ----

/** What stands before the fields of XADD, or behind the key of XTRIM. */
export interface AddOrTrim {
  /** The argument that is the id; of XTRIM none. */
  readonly idAt: number;
  /** How the id is to be made: as it is, of its milliseconds, or of now. */
  readonly idKind: "given" | "milliseconds" | "now";
  readonly id: StreamId;
  readonly mayCreate: boolean;
  readonly trimming: Trimming | null;
}

/** What most entries come with: nothing but `*`. */
const plainAdd: AddOrTrim = {
  idAt: 2,
  idKind: "now",
  id: new StreamId(),
  mayCreate: true,
  trimming: null,
};

export function readAddOrTrim(call: Call, isAdd: boolean): AddOrTrim {
  if (isAdd && isStar(call, 2)) return plainAdd;
  const id = new StreamId();
  let idAt = 0;
  let idKind: AddOrTrim["idKind"] = "now";
  let mayCreate = true;
  let strategy: "maxlen" | "minid" | null = null;
  let isExact = true;
  let lengthMax: number | null = null;
  let idMin: StreamId | null = null;
  let limit: number | null = null;
  for (let i = 2; i < call.count && idAt === 0; i++) {
    const following = call.count - 1 - i;
    if (isAdd && isStar(call, i)) {
      idAt = i;
    } else if ((call.is(i, "maxlen") || call.is(i, "minid")) && following > 0) {
      if (strategy !== null) throw new ReplyError(BOTH_STRATEGIES);
      strategy = call.is(i, "maxlen") ? "maxlen" : "minid";
      isExact = true;
      if (following >= 2 && isWord(call, i + 1, "~")) {
        isExact = false;
        i++;
      } else if (following >= 2 && isWord(call, i + 1, "=")) {
        i++;
      }
      i++;
      if (strategy === "maxlen") {
        lengthMax = call.integer(i);
        if (lengthMax < 0) throw new ReplyError(MAXLEN_NEGATIVE);
      } else {
        idMin = new StreamId();
        readStrictId(call, i, idMin);
      }
    } else if (call.is(i, "limit") && following > 0) {
      limit = call.integer(++i);
      if (limit < 0) throw new ReplyError(LIMIT_NEGATIVE);
    } else if (isAdd && call.is(i, "nomkstream")) {
      mayCreate = false;
    } else if (isAdd) {
      idKind = readNewId(call, i, id);
      idAt = i;
    } else {
      throw new ReplyError(SYNTAX_ERROR);
    }
  }
  if (limit && strategy === null) throw new ReplyError(LIMIT_ALONE);
  if (!isAdd && strategy === null) {
    throw new ReplyError("ERR syntax error, XTRIM must be called with a trimming strategy");
  }
  if (limit !== null && isExact) throw new ReplyError(LIMIT_EXACT);
  const trimming =
    strategy === null
      ? null
      : { isExact, limit: isExact ? 0 : (limit ?? usualLimit(call)), lengthMax, idMin };
  return { idAt, idKind, id, mayCreate, trimming };
}

function isStar(call: Call, index: number): boolean {
  return call.length(index) === 1 && call.bytes[call.start(index)] === STAR;
}

function readNewId(call: Call, index: number, id: StreamId): "given" | "milliseconds" {
  const { bytes } = call;
  const start = call.start(index);
  const end = call.end(index);
  // Only the milliseconds: `ms-*`.
  if (end - start > 2 && bytes[end - 1] === STAR && bytes[end - 2] === DASH) {
    readIdAt(call, start, end - 2, id, { missing: "lowest", isStrict: true });
    if (bytes.subarray(start, end - 2).includes(DASH)) throw new ReplyError(INVALID_ID);
    return "milliseconds";
  }
  readStrictId(call, index, id);
  return "given";
}

function isWord(call: Call, index: number, word: string): boolean {
  return call.is(index, word);
}

function usualLimit({ config }: Call): number {
  const limit = BLOCKS_TRIMMED * config.current.streamNodeMaxEntries;
  return limit <= 0 ? TRIMMED_USUAL : Math.min(limit, TRIMMED_MAX);
}

/** An error about a group that is not there. Redis quotes names as C's strings, which end with a zero. */
export function noGroup(
  call: Call,
  { key, group, where = "" }: { key: number; group: string; where?: string },
): ReplyError {
  const names = `key '${shownText(call.text(key))}' or consumer group '${shownText(group)}'`;
  return new ReplyError(`NOGROUP No such ${names}${where}`);
}

/** The same of a subcommand, whose key is argument 2 and whose group argument 3. */
export function noGroupForKey(call: Call): ReplyError {
  const [key, group] = [shownText(call.text(2)), shownText(call.text(3))];
  return new ReplyError(`NOGROUP No such consumer group '${group}' for key name '${key}'`);
}

/** Reads a count of which a negative one is none. */
export function readCount(call: Call, index: number): number {
  return Math.max(0, call.integer(index, NOT_AN_INTEGER));
}

/** The stream of a key that is to be read, which counts as a hit or a miss; null if there is none. Refuses what is no stream. */
export function openToRead(call: Call, index = 1): StreamBody | null {
  const at = call.read(index);
  call.expectType(at, TYPE_STREAM);
  return at === NOWHERE ? null : call.keyspace.openStream.body;
}

/** The same of one that is to be changed. */
export function openToWrite(call: Call, index = 1): StreamBody | null {
  const at = call.open(index);
  call.expectType(at, TYPE_STREAM);
  return at === NOWHERE ? null : call.keyspace.openStream.body;
}
