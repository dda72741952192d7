/** TORUS CONSISTENCY: when the replies of a connection leave. */
import { ReplyError, SYNTAX_ERROR, wrongNumberOfArguments } from "../protocol/reply-error.js";
import { type Command, session } from "./command.js";
import type { Consistency, SessionCall } from "./session.js";

export const consistencyCommand: Command = session({
  name: "consistency",
  arity: -2,
  group: "server",
  flags: ["noscript", "loading", "stale", "fast", "no_multi"],
  syntax: "[level=(ONE|QUORUM)]",
  since: "7.0.0",
  complexity: "O(1)",
  summary: "Chooses when replies to this connection leave, or tells what it has chosen.",
  changesConnection: true,
  differs:
    "TorusKV's own. `one`: when the node that executed the command has what the reply tells of, by the rule of its own log. `quorum`: when a majority " +
    "of the owners of the slot has it too. New connections begin with the option `consistency`. What each promises: docs/consistency.md.",
  run: consistency,
});

const LEVELS: readonly Consistency[] = ["one", "quorum"];

function consistency(call: SessionCall): void {
  const { session, reply, count } = call;
  if (count > 3) throw new ReplyError(wrongNumberOfArguments("torus|consistency"));
  if (count === 2) {
    reply.bulkText(session.consistency);
    return;
  }
  const level = LEVELS.find((word) => call.is(2, word));
  if (level === undefined) throw new ReplyError(SYNTAX_ERROR);
  session.consistency = level;
  reply.ok();
}
