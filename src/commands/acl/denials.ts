/** What becomes of a denial: an entry of ACL LOG, and an error line. */
import {
  NO_PERMISSION_FOR_CHANNEL,
  NO_PERMISSION_FOR_KEY,
  noLongerPermitted,
  noPermissionToRun,
  ReplyError,
} from "../../protocol/reply-error.js";
import { clientLine } from "../client-line.js";
import type { NamedCommand } from "../command-facts.js";
import type { SessionCall } from "../session.js";
import { type AccessFact, KEPT_BYTES_MAX } from "./access-log.js";
import { type Denial, denialOf, mayReadAnyKey } from "./permission.js";

/** Whether the command at hand may be executed by the session's user: undefined, or how it is refused. What is denied is noted. */
export function refusalFor(call: SessionCall, command: NamedCommand): ReplyError | undefined {
  const denial = deniedAndNoted(call, command);
  if (denial === undefined) return optionRefused(call, command);
  switch (denial.kind) {
    case "command":
      return new ReplyError(noPermissionToRun(command.name));
    case "key":
      return new ReplyError(NO_PERMISSION_FOR_KEY);
    case "channel":
      return new ReplyError(NO_PERMISSION_FOR_CHANNEL);
  }
}

/** It is no denial, in Redis's eyes, and not noted: the command may be executed, only not with this option. */
function optionRefused(call: SessionCall, command: NamedCommand): ReplyError | undefined {
  const { user } = call.session;
  const option = command.command.optionForAnyKey?.(call);
  if (user === null || option === undefined || mayReadAnyKey(user.rules, command, call)) return undefined;
  const name = command.name.replace(/_ro$/, "").toUpperCase();
  return new ReplyError(`ERR ${option} option of ${name} denied due to insufficient ACL permissions.`);
}

/** The same for a command that was allowed when it was queued. */
export function refusalAtExecution(call: SessionCall, command: NamedCommand): ReplyError | undefined {
  const denial = deniedAndNoted(call, command);
  return denial === undefined ? undefined : new ReplyError(noLongerPermitted(REASONS[denial.kind]));
}

const REASONS = {
  command: "no permission to execute the command or subcommand",
  key: "no permission to touch the specified keys",
  channel: "no permission to access one of the channels used as arguments to the command",
} as const;

function deniedAndNoted(call: SessionCall, command: NamedCommand): Denial | undefined {
  const { user } = call.session;
  const denial = user === null ? undefined : denialOf(user.rules, command, call);
  if (denial === undefined || user === null) return undefined;
  const object = denial.kind === "command" ? command.name : call.head(denial.argument, KEPT_BYTES_MAX + 1);
  noteDenial(call, { reason: denial.kind, object, username: user.name });
  return denial;
}

/** For ACL LOG. */
export function noteDenial(
  { session, node }: SessionCall,
  fact: Omit<AccessFact, "client" | "context">,
): void {
  const { clock, access } = node;
  const client = clientLine(session, clock.monotonicMs());
  const context = session.transaction === null ? "toplevel" : "multi";
  access.log.add({ ...fact, context, client }, clock.wallMs());
}
