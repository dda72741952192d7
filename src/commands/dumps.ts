/** Values as bytes that another server understands: https://redis.io/docs/latest/commands/dump/ */
import { ByteWriter, WriterFull } from "../base/byte-writer.js";
import { NOWHERE } from "../keyspace/arena.js";
import { ACCESS } from "../keyspace/record.js";
import { exportOpen } from "../keyspace/value-export.js";
import { type ImportedValue, importedValue, importOpen } from "../keyspace/value-import.js";
import {
  BUSY_KEY,
  NOT_AN_INTEGER,
  OUT_OF_MEMORY,
  REPLY_TOO_LARGE,
  ReplyError,
  SYNTAX_ERROR,
} from "../protocol/reply-error.js";
import { isIntact, readPayload } from "../rdb/payload.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { deleteOpen } from "./open-key.js";

const INVALID_TTL = "ERR Invalid TTL value, must be >= 0";
const INVALID_IDLE_TIME = "ERR Invalid IDLETIME value, must be >= 0";
const INVALID_FREQUENCY = "ERR Invalid FREQ value, must be >= 0 and <= 255";
const WRONG_CHECKSUM = "ERR DUMP payload version or checksum are wrong";
const BAD_FORMAT = "ERR Bad data format";

const FREQUENCY_MAX = 255;
/** Redis takes 64 bits. Ours are safe integers, in memory as in deltas. */
const DEADLINE_MAX_MS = Number.MAX_SAFE_INTEGER;
/** Shorter payloads are copied into the buffer of replies. */
const COPIED_BYTES_MAX = 64 * 1024;

export const dumpCommands: readonly Command[] = [
  data({
    name: "dump",
    arity: 2,
    group: "generic",
    flags: ["readonly"],
    keys: keyAt1("RO", "access"),
    tips: ["nondeterministic_output"],
    syntax: "key",
    since: "2.6.0",
    complexity: "O(N) in bytes of the value",
    summary: "Answers the value of a key as bytes of which RESTORE makes it again, here or in Redis.",
    differs:
      "Of strings up to 20 bytes the payload is that of Redis 7.0; else it is another one of the same value: collections are told element by element. It has at most as " +
      "many bytes as a reply may have, 1 GiB.",
    run: dump,
  }),
  data({
    name: "restore",
    arity: -4,
    group: "generic",
    flags: ["write", "denyoom"],
    categories: ["dangerous"],
    keys: keyAt1("OW", "update"),
    syntax: `key ttl:integer serialized-value [REPLACE@3.0.0] [ABSTTL@5.0.0] [IDLETIME seconds:integer@5.0.0]
      [FREQ frequency:integer@5.0.0]`,
    since: "2.6.0",
    complexity: "O(N) in bytes of the value",
    summary: "Sets a key to the value that DUMP has answered, here or in Redis, with an expiry if asked.",
    history: [
      ["3.0.0", "REPLACE"],
      ["5.0.0", "ABSTTL"],
      ["5.0.0", "IDLETIME and FREQ"],
    ],
    differs:
      "The whole payload is checked before anything is done, whatever `sanitize-dump-payload` would say: what is behind the value, a field that " +
      "comes twice, or a stream that miscounts, is bad data. Payloads of Redis 7.2 are read too. " +
      "A value has at most 1 GiB, 16 bytes for each element included, and a stream at most 1048576 groups and consumers; " +
      "else the answer is an OOM error. A time to live beyond 64 bits is none that has passed.",
    run: restore,
  }),
];

function dump(call: Call): void {
  const { keyspace, reply } = call;
  if (call.read(1) === NOWHERE) {
    reply.null();
    return;
  }
  const payload = new ByteWriter({ bytesMax: reply.bytesMax });
  try {
    exportOpen(keyspace, payload);
  } catch (error) {
    throw error instanceof WriterFull ? new ReplyError(REPLY_TOO_LARGE) : error;
  }
  if (payload.length <= COPIED_BYTES_MAX) reply.bulk(payload.bytes, 0, payload.length);
  else reply.largeBulk(payload.written());
}

interface RestoreOptions {
  replaces: boolean;
  /** The time to live is a time. */
  isAbsolute: boolean;
  /** Seconds since the key was used last; -1 if not said. */
  idleSeconds: number;
  /** How often it is used; -1 if not said. */
  frequency: number;
}

function restore(call: Call): void {
  const { keyspace, reply } = call;
  const options = readOptions(call);
  if (call.open(1) !== NOWHERE && !options.replaces) throw new ReplyError(BUSY_KEY);
  const ttlMs = call.integer(2, NOT_AN_INTEGER);
  if (ttlMs < 0) throw new ReplyError(INVALID_TTL);
  const value = readValue(call);
  // Reading has hashed other things.
  const isThere = call.peek(1) !== NOWHERE;
  const startMs = options.isAbsolute ? 0 : keyspace.nowMs;
  const deadlineMs = ttlMs === 0 ? 0 : Math.min(startMs + ttlMs, DEADLINE_MAX_MS);
  if (deadlineMs !== 0 && deadlineMs <= keyspace.nowMs) {
    if (isThere) deleteOpen(keyspace);
    reply.ok();
    return;
  }
  importOpen(keyspace, call.config.current, value, deadlineMs);
  noteUse(call, options);
  keyspace.happened("generic", "restore");
  reply.ok();
}

function readOptions(call: Call): RestoreOptions {
  const options = { replaces: false, isAbsolute: false, idleSeconds: -1, frequency: -1 };
  for (let i = 4; i < call.count; i++) {
    const hasValue = i + 1 < call.count;
    if (call.is(i, "replace")) options.replaces = true;
    else if (call.is(i, "absttl")) options.isAbsolute = true;
    else if (call.is(i, "idletime") && hasValue && options.frequency === -1) {
      options.idleSeconds = call.integer(++i);
      if (options.idleSeconds < 0) throw new ReplyError(INVALID_IDLE_TIME);
    } else if (call.is(i, "freq") && hasValue && options.idleSeconds === -1) {
      options.frequency = call.integer(++i);
      if (options.frequency < 0 || options.frequency > FREQUENCY_MAX) throw new ReplyError(INVALID_FREQUENCY);
    } else {
      throw new ReplyError(SYNTAX_ERROR);
    }
  }
  return options;
}

function readValue(call: Call): ImportedValue {
  const { bytes, reply } = call;
  const payload = { bytes, start: call.start(3), end: call.end(3) };
  if (!isIntact(payload)) throw new ReplyError(WRONG_CHECKSUM);
  try {
    // What DUMP can tell, RESTORE can take: LZF could make a hundred times as much of a payload.
    const dumped = readPayload(payload, reply.bytesMax);
    const value = dumped && importedValue(call.keyspace, dumped);
    if (value !== undefined) return value;
  } catch (error) {
    throw error instanceof WriterFull ? new ReplyError(OUT_OF_MEMORY) : error;
  }
  throw new ReplyError(BAD_FORMAT);
}

/** Each counts only under the policies that ask for it. How the value before was used does not: it is another one. */
function noteUse({ keyspace }: Call, { idleSeconds, frequency }: RestoreOptions): void {
  const { access, records, at } = keyspace;
  let word = access.initial();
  if (access.isLfu && frequency !== -1) word = access.usedOften(frequency);
  else if (!access.isLfu && idleSeconds > 0) word = access.usedBefore(idleSeconds);
  records.setWord(at, ACCESS, word);
}
