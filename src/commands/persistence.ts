/** Commands on snapshots and the log: https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ */
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import { type Command, session } from "./command.js";
import type { SessionCall } from "./session.js";

const SAVE_IN_PROGRESS = "ERR Background save already in progress";
const REWRITE_IN_PROGRESS = "ERR Background append only file rewriting already in progress";
const SNAPSHOT_IN_PROGRESS =
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE " +
  "whenever possible.";

export const persistenceCommands: readonly Command[] = [
  session({
    name: "save",
    arity: 1,
    group: "server",
    flags: ["admin", "noscript", "no_async_loading", "no_multi"],
    since: "1.0.0",
    complexity: "O(N) in keys",
    summary: "Writes a snapshot, and replies when it is safe on the disk.",
    differs: "Only its own connection waits; others are served meanwhile. If it fails, the error says why.",
    run: save,
  }),
  session({
    name: "bgsave",
    arity: -1,
    group: "server",
    flags: ["admin", "noscript", "no_async_loading"],
    syntax: "[SCHEDULE@3.2.2]",
    since: "1.0.0",
    complexity: "O(1), and O(N) in keys beside it",
    summary: "Begins to write a snapshot.",
    history: [["3.2.2", "SCHEDULE"]],
    differs: "There is no second process: the snapshot is written in slices of a few milliseconds.",
    run: bgsave,
  }),
  session({
    name: "bgrewriteaof",
    arity: 1,
    group: "server",
    flags: ["admin", "noscript", "no_async_loading"],
    since: "1.0.0",
    complexity: "O(1), and O(N) in keys beside it",
    summary: "Begins to shorten the log.",
    differs: "That is a snapshot, after which what the log says of the time before is removed.",
    run: bgrewriteaof,
  }),
  session({
    name: "lastsave",
    arity: 1,
    group: "server",
    flags: ["loading", "stale", "fast"],
    categories: ["admin", "dangerous"],
    tips: ["nondeterministic_output"],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Answers when the last snapshot succeeded, in Unix seconds; or when the server started.",
    run: ({ node, reply }) => reply.integer(node.persistence.snapshots.lastSaveWallSeconds),
  }),
];

function save({ node, reply, postpone }: SessionCall): void {
  const { persistence } = node;
  if (persistence.snapshots.underWay?.purpose === "save") throw new ReplyError(SAVE_IN_PROGRESS);
  postpone(
    persistence.snapshot("save").then((problem) => () => {
      if (problem === undefined) reply.ok();
      else reply.error(`ERR ${Buffer.from(problem).toString("latin1")}`);
    }),
  );
}

/** How it ends is for INFO and the node's log to tell. */
function bgsave(call: SessionCall): void {
  const isSchedule = call.count === 2 && call.is(1, "schedule");
  if (call.count > 1 && !isSchedule) throw new ReplyError(SYNTAX_ERROR);
  const { persistence } = call.node;
  const { underWay } = persistence.snapshots;
  if (underWay?.purpose === "save") throw new ReplyError(SAVE_IN_PROGRESS);
  const isInTransaction = call.session.transaction !== null;
  if (underWay !== null && !isSchedule && !isInTransaction) throw new ReplyError(SNAPSHOT_IN_PROGRESS);
  void persistence.snapshot("save");
  const waits = underWay !== null || isInTransaction;
  call.reply.simple(waits ? "Background saving scheduled" : "Background saving started");
}

function bgrewriteaof({ node, session, reply }: SessionCall): void {
  const { persistence } = node;
  const { underWay } = persistence.snapshots;
  if (underWay?.purpose === "rewrite") throw new ReplyError(REWRITE_IN_PROGRESS);
  void persistence.snapshot("rewrite");
  const waits = underWay !== null || session.transaction !== null;
  reply.simple(`Background append only file rewriting ${waits ? "scheduled" : "started"}`);
}
