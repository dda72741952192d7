/** TORUS BACKUP: a snapshot, read over a client's connection. */
import type { Backups } from "../durability/backups.js";
import { NOT_AN_INTEGER, ReplyError } from "../protocol/reply-error.js";
import { type Command, session } from "./command.js";
import type { SessionCall } from "./session.js";

export const backupCommand: Command = session({
  name: "backup",
  arity: -3,
  group: "server",
  flags: ["admin", "noscript", "no_multi"],
  syntax: "(BEGIN|READ read=(id:integer offset:integer count:integer)|END id:integer)",
  since: "7.0.0",
  complexity: "O(N) in keys for BEGIN, while others are served; O(N) in bytes for READ",
  summary:
    "Writes a snapshot and answers its number, bytes and keys; reads it in pieces of up to 1 MB; forgets it.",
  differs:
    "TorusKV's own. `torus backup` uses it. A backup that is not read for a minute is forgotten; four may be under way.",
  run: backup,
});

function backup(call: SessionCall): void {
  const { backups } = call.node.persistence;
  if (call.is(2, "begin") && call.count === 3) {
    begin(call, backups);
  } else if (call.is(2, "read") && call.count === 6) {
    const [id, offset, count] = [3, 4, 5].map((argument) => call.integer(argument, NOT_AN_INTEGER));
    if (offset! < 0 || count! < 0) throw new ReplyError(NOT_AN_INTEGER);
    answer(call, backups.read(id!, offset!, count!), (piece) => call.reply.bulk(piece, 0, piece.length));
  } else if (call.is(2, "end") && call.count === 4) {
    answer(call, backups.end(call.integer(3, NOT_AN_INTEGER)), () => call.reply.ok());
  } else {
    throw new ReplyError("ERR syntax error, try TORUS HELP");
  }
}

function begin(call: SessionCall, backups: Backups): void {
  const { reply } = call;
  answer(call, backups.begin(), ({ id, bytes, keys }) => {
    reply.array(3);
    for (const value of [id, bytes, keys]) reply.integer(value);
  });
}

function answer<Value>(
  { reply, postpone }: SessionCall,
  later: Promise<Value>,
  write: (value: Value) => void,
): void {
  postpone(
    later.then(
      (value) => () => write(value),
      (error: unknown) => () => reply.error(`ERR ${latin1Of(error)}`),
    ),
  );
}

/** What stands in the way is the client's business or the disk's: a reply, not a fault of ours. */
function latin1Of(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return Buffer.from(message).toString("latin1");
}
