/** CONFIG: options read and changed while the node runs: https://redis.io/docs/latest/commands/config/ */
import { fieldOf } from "../config/config.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, container, session } from "./command.js";
import { withHelp } from "./help.js";
import type { SessionCall } from "./session.js";

/** No option has a longer name. */
const NAME_BYTES_MAX = 128;
const OPERATOR = ["admin", "noscript", "loading", "stale"] as const;

export const configCommand: Command = container({
  name: "config",
  arity: -2,
  group: "server",
  flags: [],
  since: "2.0.0",
  complexity: "By subcommand",
  summary: "Reads and changes options while the server runs.",
  subcommands: withHelp({ of: "config", since: "5.0.0" }, [
    session({
      name: "get",
      arity: -3,
      group: "server",
      flags: OPERATOR,
      syntax: "(parameter)...",
      since: "2.0.0",
      complexity: "O(N) in patterns",
      summary: "Answers the options that match the patterns, with their values.",
      history: [["7.0.0", "More than one pattern"]],
      differs: "Knows the options in docs/configuration.md.",
      run: get,
    }),
    session({
      name: "set",
      arity: -4,
      group: "server",
      flags: OPERATOR,
      tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
      syntax: "(parameter value)...",
      since: "2.0.0",
      complexity: "O(N) in options",
      summary: "Changes options, all of them or, if one is refused, none.",
      history: [["7.0.0", "More than one option"]],
      differs:
        "Knows the options in docs/configuration.md, which also says which of them can change at run time.",
      secrets,
      run: set,
    }),
    session({
      name: "resetstat",
      arity: 2,
      group: "server",
      flags: OPERATOR,
      since: "2.0.0",
      complexity: "O(1)",
      summary: "Starts the statistics of INFO from zero.",
      run: resetStatistics,
    }),
    session({
      name: "rewrite",
      arity: 2,
      group: "server",
      flags: OPERATOR,
      since: "2.8.0",
      complexity: "O(1)",
      summary: "Writes the options in force into the configuration file.",
      differs:
        "Refused in a transaction: the disk is waited for without stopping others, and a transaction cannot wait.",
      run: rewrite,
    }),
  ]),
});

/** An error line from Unicode, as the reply wants it: one character a byte. */
function errorLine(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function get(call: SessionCall): void {
  const { config, reply } = call;
  const patterns = Array.from({ length: call.count - 2 }, (_, i) => call.unicode(i + 2));
  const found = config.get(patterns);
  reply.map(found.length);
  for (const [name, text] of found) {
    reply.bulkText(name);
    reply.bulkText(text);
  }
}

function set(call: SessionCall): void {
  if (call.count % 2 !== 0) throw new ReplyError(SYNTAX_ERROR);
  const changes = Array.from(
    { length: (call.count - 2) / 2 },
    (_, i) => [call.unicode(2 * i + 2), call.unicode(2 * i + 3)] as const,
  );
  const outcome = call.config.set(changes);
  if (outcome.kind === "refused") throw new ReplyError(errorLine(outcome.error));
  call.reply.ok();
}

/** The values of options that are passwords. */
function secrets(call: Call): readonly number[] {
  const values: number[] = [];
  for (let i = 3; i < call.count; i += 2)
    if (fieldOf(call.head(i - 1, NAME_BYTES_MAX)) === "requirepass") values.push(i);
  return values;
}

function resetStatistics({ node, reply }: SessionCall): void {
  node.resetStats();
  reply.ok();
}

function rewrite({ session, node, reply, postpone }: SessionCall): void {
  if (session.transaction !== null)
    throw new ReplyError("ERR CONFIG REWRITE is not allowed in a transaction");
  if (node.configFile === "") throw new ReplyError("ERR The server is running without a config file");
  postpone(
    node.rewriteConfig().then((error) => () => {
      if (error === undefined) reply.ok();
      else reply.error(errorLine(error));
    }),
  );
}
