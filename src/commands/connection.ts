/** Commands on the connection itself: https://redis.io/docs/latest/commands/?group=connection */
import { ReplyError, wrongNumberOfArguments } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data } from "./command.js";

export const connectionCommands: readonly Command[] = [
  data({
    name: "ping",
    arity: -1,
    group: "connection",
    flags: ["fast"],
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    syntax: "[message]",
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Answers PONG, or the message given.",
    run: ping,
  }),
];

function ping(call: Call): void {
  if (call.count > 2) throw new ReplyError(wrongNumberOfArguments("ping"));
  if (call.count === 1) call.reply.simple("PONG");
  else call.reply.bulk(call.bytes, call.start(1), call.end(1));
}
