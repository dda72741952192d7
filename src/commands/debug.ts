/** DEBUG: for tests of clients and of ourselves, https://redis.io/docs/latest/commands/debug/ */
import { NOWHERE } from "../keyspace/arena.js";
import { ACCESS } from "../keyspace/record.js";
import { NO_SUCH_KEY, ReplyError, unknownSubcommandOrArity } from "../protocol/reply-error.js";
import { type Command, session } from "./command.js";
import { helpLines } from "./help.js";
import type { SessionCall } from "./session.js";
import { argumentsForLog } from "./slowlog.js";
import { encodingName } from "./type-names.js";

const MILLIS_PER_SECOND = 1000;
const MICROS_PER_MILLI = 1000;
/** Longer sleeps are cut to what a timer can count. */
const SLEEP_MS_MAX = 2 ** 31 - 1;

const NOT_ALLOWED =
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local ' +
  "connection, otherwise you need to set this option in the configuration file, and then restart the server.";

interface DebugSubcommand {
  readonly name: string;
  readonly syntax: string;
  readonly summary: string;
  /** Arguments including both names. */
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
    "Has the subcommands SLEEP, OBJECT, SET-ACTIVE-EXPIRE and HELP. While one client sleeps the others are served; in a transaction " +
    "SLEEP is refused. OBJECT's `serializedlength` is the length of the value as it is kept.",
  run: debug,
});

/** To COMMAND, and to Redis, DEBUG is one command: hence a table of its own. */
const subcommands: readonly DebugSubcommand[] = [
  {
    name: "object",
    syntax: "key",
    summary: "Shows where and how a value is kept.",
    arity: 3,
    run: object,
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
  const subcommand = subcommands.find(({ name, arity }) => call.is(1, name) && call.count === arity);
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
    serializedlength: records.bodyLength(at),
    lru: word,
    lru_seconds_idle: access.isLfu ? 0 : access.idleSeconds(word),
  };
  const shown = Object.entries(fields).map(([name, value]) => `${name}:${value}`);
  reply.simple(`Value at:0x${(at >>> 0).toString(16)} ${shown.join(" ")}`);
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
