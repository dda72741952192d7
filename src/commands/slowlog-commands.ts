/** SLOWLOG: the commands that took long, https://redis.io/docs/latest/commands/slowlog-get/ */
import { ReplyError, unknownSubcommandOrArity } from "../protocol/reply-error.js";
import { type Command, container, session } from "./command.js";
import { withHelp } from "./help.js";
import type { SessionCall } from "./session.js";
import type { SlowlogEntry } from "./slowlog.js";

const OPERATOR = ["admin", "loading", "stale"] as const;
const ENTRIES_BY_DEFAULT = 10;
const ALL = -1;
const COUNT_TOO_SMALL = "ERR count should be greater than or equal to -1";

export const slowlogCommand: Command = container({
  name: "slowlog",
  arity: -2,
  group: "server",
  flags: [],
  since: "2.2.12",
  complexity: "By subcommand",
  summary: "Keeps the commands that took long.",
  subcommands: withHelp({ of: "slowlog", since: "6.2.0" }, [
    session({
      name: "get",
      arity: -2,
      group: "server",
      flags: OPERATOR,
      tips: ["request_policy:all_nodes", "nondeterministic_output"],
      syntax: "[count:integer]",
      since: "2.2.12",
      complexity: "O(N) in entries answered",
      summary: "Answers the latest slow commands, newest first.",
      history: [["4.0.0", "The client's address and name"]],
      differs:
        "Fast commands are timed by sample as long as `slowlog-log-slower-than` is at least 1000: one that is slow against its " +
        "nature may be missed.",
      run: get,
    }),
    session({
      name: "len",
      arity: 2,
      group: "server",
      flags: OPERATOR,
      tips: ["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
      since: "2.2.12",
      complexity: "O(1)",
      summary: "Counts the entries of the slow log.",
      run: ({ reply, node }) => reply.integer(node.slowlog.length),
    }),
    session({
      name: "reset",
      arity: 2,
      group: "server",
      flags: OPERATOR,
      tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
      since: "2.2.12",
      complexity: "O(N) in entries",
      summary: "Empties the slow log.",
      run: reset,
    }),
  ]),
});

function get(call: SessionCall): void {
  if (call.count > 3) throw new ReplyError(unknownSubcommandOrArity("slowlog", call.text(1)));
  const { reply, node } = call;
  const count = call.count === 3 ? call.integer(2, COUNT_TOO_SMALL) : ENTRIES_BY_DEFAULT;
  if (count < ALL) throw new ReplyError(COUNT_TOO_SMALL);
  const entries = node.slowlog.newest(count === ALL ? node.slowlog.length : count);
  reply.array(entries.length);
  for (const entry of entries) writeEntry(call, entry);
}

function writeEntry({ reply }: SessionCall, entry: SlowlogEntry): void {
  reply.array(6);
  reply.integer(entry.id);
  reply.integer(entry.wallSeconds);
  reply.integer(entry.microseconds);
  reply.array(entry.args.length);
  for (const argument of entry.args) reply.bulk(argument, 0, argument.length);
  reply.bulkText(entry.remote);
  reply.bulkText(entry.clientName);
}

function reset({ reply, node }: SessionCall): void {
  node.slowlog.clear();
  reply.ok();
}
