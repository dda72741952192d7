/** CLIENT UNBLOCK: a client that waits is to wait no longer. */
import { ReplyError, unknownSubcommandOrArity } from "../protocol/reply-error.js";
import { type Command, session } from "./command.js";
import type { SessionCall } from "./session.js";

export const clientUnblock: Command = session({
  name: "unblock",
  arity: -3,
  group: "connection",
  flags: ["admin", "noscript", "loading", "stale"],
  syntax: "client-id:integer [timeout_error=(TIMEOUT|ERROR)]",
  since: "5.0.0",
  complexity: "O(1)",
  summary: "Ends the wait of a client, whose command is answered as if its time were over, or by an error.",
  differs:
    "Asks about clients of this node alone, as all of CLIENT does. If another node executes the command that waits, that one may have served it just before: " +
    "then the client gets what it waited for, though the reply is 1.",
  run: unblock,
});

function unblock(call: SessionCall): void {
  if (call.count > 4) throw new ReplyError(unknownSubcommandOrArity("client", call.text(1)));
  const isError = call.count === 4 && call.is(3, "error");
  if (call.count === 4 && !isError && !call.is(3, "timeout")) {
    throw new ReplyError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  const client = call.node.session(call.integer(2));
  const waits = client?.isParked === true;
  if (waits) client.unpark(isError ? "error" : "timeout");
  call.reply.integer(waits ? 1 : 0);
}
