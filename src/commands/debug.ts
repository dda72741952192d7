/** DEBUG: for tests of clients and of ourselves, https://redis.io/docs/latest/commands/debug/ */
import { ByteWriter, WriterFull } from "../base/byte-writer.js";
import { rangeOf } from "../base/bytes.js";
import { parseMemorySize } from "../base/memory-size.js";
import { NOWHERE } from "../keyspace/arena.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { ACCESS } from "../keyspace/record.js";
import { forEachKey } from "../keyspace/slot-walk.js";
import { type Digest, digestOf, hexOf, mixIn, valueDigest } from "../keyspace/value-digest.js";
import { exportOpen } from "../keyspace/value-export.js";
import {
  NO_SUCH_KEY,
  REPLY_TOO_LARGE,
  ReplyError,
  unknownSubcommandOrArity,
} from "../protocol/reply-error.js";
import { FOOT_BYTES } from "../rdb/payload.js";
import { type Command, session } from "./command.js";
import { replyOfKind } from "./debug-protocol.js";
import { helpLines } from "./help.js";
import type { SessionCall } from "./session.js";
import { argumentsForLog } from "./slowlog.js";
import { encodingName } from "./type-names.js";

const MILLIS_PER_SECOND = 1000;
const MICROS_PER_MILLI = 1000;
/** Longer sleeps are cut to what a timer can count. */
const SLEEP_MS_MAX = 2 ** 31 - 1;

const SIZE_LENGTH_MAX = 32;
const PACKED_BYTES_MAX = 2 ** 32;
/** The first byte of a dump. */
const TYPE_BYTES = 1;
const NOT_A_THRESHOLD = "ERR argument must be a memory value bigger than 1 and smaller than 4gb";

const NOT_ALLOWED =
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local ' +
  "connection, otherwise you need to set this option in the configuration file, and then restart the server.";

interface DebugSubcommand {
  readonly name: string;
  readonly syntax: string;
  readonly summary: string;
  /** Arguments including both names; negative: at least so many. */
  readonly arity: number;
  readonly run: (call: SessionCall) => void;
}

export const debugCommand: Command = session({
  name: "debug",
  arity: -2,
  group: "server",
  flags: ["admin", "noscript", "loading", "stale"],
  docFlags: ["syscmd"],
  since: "1.0.0",
  complexity: "By subcommand",
  summary: "Serves tests: sleeps, looks inside a key, stops the expiry cycle.",
  differs:
    "Has the subcommands DIGEST, DIGEST-VALUE, ERROR, OBJECT, PROTOCOL, QUICKLIST-PACKED-THRESHOLD, SET-ACTIVE-EXPIRE, SLEEP and HELP. All concern the node that the client is connected to. Digests are " +
    "as long as Redis's, and other ones; DIGEST looks at all keys in one go. While one client sleeps the others are served; in a transaction " +
    "SLEEP is refused. There is no RELOAD and no LOADAOF: a node reads what it has kept when it starts, and a live one that " +
    "could not read it would have nothing left to serve. Who wants to see what is kept restarts it, or asks `torus check`.",
  run: debug,
});

/** To COMMAND, and to Redis, DEBUG is one command: hence a table of its own. */
const subcommands: readonly DebugSubcommand[] = [
  {
    name: "digest",
    syntax: "",
    summary: "Answers a digest of all that clients see at this node, the same for the same data.",
    arity: 2,
    run: digest,
  },
  {
    name: "digest-value",
    syntax: "key...",
    summary: "Answers a digest of the value of each key, the same for the same value.",
    arity: -2,
    run: digestValues,
  },
  {
    name: "error",
    syntax: "text",
    summary: "Answers an error with this text.",
    arity: 3,
    run: (call) => call.reply.error(call.text(2)),
  },
  {
    name: "object",
    syntax: "key",
    summary: "Shows where and how a value is kept.",
    arity: 3,
    run: object,
  },
  {
    name: "protocol",
    syntax: "type",
    summary: "Answers a value of a kind that the protocol has.",
    arity: 3,
    run: (call) => replyOfKind(call.reply, call.text(2).toLowerCase()),
  },
  {
    name: "quicklist-packed-threshold",
    syntax: "size",
    summary: "Does nothing: lists are kept in blocks of their own kind.",
    arity: 3,
    run: packedThreshold,
  },
  {
    name: "set-active-expire",
    syntax: 'enabled=("0"|"1")',
    summary: "Lets keys that nobody reads expire by themselves, or not.",
    arity: 3,
    run: setActiveExpire,
  },
  {
    name: "sleep",
    syntax: "seconds",
    summary: "Replies after some time, which may be a fraction of a second.",
    arity: 3,
    run: sleep,
  },
  { name: "help", syntax: "", summary: "Lists the subcommands of DEBUG.", arity: 2, run: help },
];

function debug(call: SessionCall): void {
  const { enableDebugCommand } = call.config.current;
  const isAllowed =
    enableDebugCommand === "yes" || (enableDebugCommand === "local" && call.session.isLoopback);
  if (!isAllowed) throw new ReplyError(NOT_ALLOWED);
  const subcommand = subcommands.find(
    ({ name, arity }) => call.is(1, name) && (arity < 0 ? call.count >= -arity : call.count === arity),
  );
  if (subcommand === undefined) throw new ReplyError(unknownSubcommandOrArity("debug", call.text(1)));
  subcommand.run(call);
}

function object(call: SessionCall): void {
  const { keyspace, reply } = call;
  const { records, access } = keyspace;
  const at = call.peek(2);
  if (at === NOWHERE) throw new ReplyError(NO_SUCH_KEY);
  const word = records.word(at, ACCESS);
  const fields = {
    refcount: 1,
    encoding: encodingName(keyspace, at),
    serializedlength: dumpedLength(call),
    lru: word,
    lru_seconds_idle: access.isLfu ? 0 : access.idleSeconds(word),
  };
  const shown = Object.entries(fields).map(([name, value]) => `${name}:${value}`);
  reply.simple(`Value at:0x${(at >>> 0).toString(16)} ${shown.join(" ")}`);
}

/** Of the value in a dump, without what is around it there. */
function dumpedLength({ keyspace, reply }: SessionCall): number {
  const payload = new ByteWriter({ bytesMax: reply.bytesMax });
  try {
    exportOpen(keyspace, payload);
  } catch (error) {
    throw error instanceof WriterFull ? new ReplyError(REPLY_TOO_LARGE) : error;
  }
  return payload.length - TYPE_BYTES - FOOT_BYTES;
}

function digestValues(call: SessionCall): void {
  const { keyspace, reply } = call;
  reply.array(call.count - 2);
  for (let i = 2; i < call.count; i++) {
    call.peek(i);
    reply.simple(hexOf(valueDigest(keyspace)));
  }
}

function digest({ keyspace, reply }: SessionCall): void {
  const selected = keyspace.database.number;
  const sum = new Int32Array(5);
  for (const { number, size } of keyspace.databases) {
    if (size === 0) continue;
    keyspace.select(number);
    const { database } = keyspace;
    for (let slot = database.nextSlot(0); slot >= 0; slot = database.nextSlot(slot + 1)) {
      const mix = () => mixKey(keyspace, sum);
      forEachKey(keyspace, slot, () => true, mix);
    }
  }
  keyspace.select(selected);
  reply.simple(hexOf(sum));
}

/** Adds the open key: its database and name, its value, and whether it expires. */
function mixKey(keyspace: Keyspace, sum: Digest): void {
  const { at, records, database, bytes, start, end } = keyspace;
  if (at === NOWHERE) return;
  const facts = Buffer.of(database.number, records.deadline(at) === 0 ? 0 : 1);
  const value = Buffer.from(hexOf(valueDigest(keyspace)));
  mixIn(sum, digestOf(rangeOf(facts), { bytes, start, end }, rangeOf(value)));
}

function packedThreshold(call: SessionCall): void {
  const size = parseMemorySize(call.head(2, SIZE_LENGTH_MAX));
  if (size === undefined || size > PACKED_BYTES_MAX) throw new ReplyError(NOT_A_THRESHOLD);
  call.reply.ok();
}

function setActiveExpire(call: SessionCall): void {
  call.node.setActiveExpiry(!call.is(2, "0"));
  call.reply.ok();
}

/** The time counts as the command's own, so that tools which watch for slow commands can be tried out. */
function sleep(call: SessionCall): void {
  const { session, node, reply, postpone } = call;
  if (session.transaction !== null) throw new ReplyError("ERR DEBUG SLEEP is not allowed in a transaction");
  const seconds = Number.parseFloat(call.text(2));
  const ms = seconds > 0 ? Math.min(seconds * MILLIS_PER_SECOND, SLEEP_MS_MAX) : 0;
  const slow = { command: debugCommand, args: argumentsForLog(call, debugCommand), session };
  const startMs = node.clock.monotonicMs();
  postpone(
    node.delay(ms).then(() => () => {
      node.noteSlow({ ...slow, microseconds: (node.clock.monotonicMs() - startMs) * MICROS_PER_MILLI });
      reply.ok();
    }),
  );
}

function help({ reply }: SessionCall): void {
  const lines = helpLines("debug", subcommands);
  reply.array(lines.length);
  for (const line of lines) reply.simple(line);
}
