/** MONITOR: https://redis.io/docs/latest/commands/monitor/ */
import { ReplyError } from "../protocol/reply-error.js";
import { type Command, session } from "./command.js";
import type { SessionCall } from "./session.js";

export const monitorCommand: Command = session({
  name: "monitor",
  arity: 1,
  group: "server",
  flags: ["admin", "noscript", "loading", "stale"],
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Shows from now on what clients of this node send, as it is executed.",
  differs:
    "On a cluster it shows what this node's own clients send, wherever it is executed. The output limits of class `pubsub` hold. Of a command longer than a megabyte only the beginning is shown.",
  changesConnection: true,
  run: monitor,
});

function monitor({ session, reply }: SessionCall): void {
  if (session.transaction !== null)
    throw new ReplyError("ERR MONITOR isn't allowed for DENY BLOCKING client");
  // As in Redis, who monitors already is replied nothing.
  if (session.isMonitor) return;
  session.isMonitor = true;
  reply.ok();
}
