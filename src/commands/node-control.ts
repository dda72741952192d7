/** What a node says of itself in a word, and how it is told to end. */
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import { type Command, container, session } from "./command.js";
import { withHelp } from "./help.js";
import { replicasOf } from "./replicas.js";
import type { SessionCall } from "./session.js";

const MILLIS_PER_SECOND = 1000;
const MICROS_PER_MILLI = 1000;

export const nodeControlCommands: readonly Command[] = [
  session({
    name: "time",
    arity: 1,
    group: "server",
    flags: ["loading", "stale", "fast"],
    tips: ["nondeterministic_output"],
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Answers the server's clock: Unix seconds and the microseconds beyond.",
    differs: "The clock is read in whole milliseconds.",
    run: time,
  }),
  session({
    name: "role",
    arity: 1,
    group: "server",
    flags: ["noscript", "loading", "stale", "fast"],
    categories: ["admin", "dangerous"],
    since: "2.8.12",
    complexity: "O(1)",
    summary: "Answers the server's part in replication.",
    differs:
      "Always `master`: in a cluster that keeps copies each node executes for slots of its own, and its replicas are the other owners of these, as far as they are linked with. " +
      "Offsets count the bytes that the node executed since it started.",
    run: role,
  }),
  session({
    name: "shutdown",
    arity: -1,
    group: "server",
    flags: ["admin", "noscript", "loading", "stale", "no_multi", "allow_busy"],
    syntax: "[NOSAVE|SAVE] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]",
    since: "1.0.0",
    complexity: "O(N) in keys when saving",
    summary: "Ends the server, saving first if it is told to or has a reason.",
    history: [["7.0.0", "NOW, FORCE and ABORT"]],
    differs:
      "Its reason to save is a `save` rule where there is no log: a log that ends well needs no snapshot. Others are served " +
      "while it saves, and may ABORT until that is done. No replica is waited for, so NOW changes nothing.",
    run: shutdown,
  }),
  container({
    name: "module",
    arity: -2,
    group: "server",
    flags: [],
    since: "4.0.0",
    complexity: "By subcommand",
    summary: "Tells about loaded modules.",
    subcommands: withHelp({ of: "module", since: "5.0.0" }, [
      session({
        name: "list",
        arity: 2,
        group: "server",
        flags: ["admin", "noscript"],
        tips: ["nondeterministic_output_order"],
        since: "4.0.0",
        complexity: "O(N) in modules",
        summary: "Lists the loaded modules.",
        differs: "Modules cannot be loaded: the list is empty.",
        run: ({ reply }) => reply.emptyArray(),
      }),
    ]),
  }),
];

function time({ reply, node }: SessionCall): void {
  const wallMs = node.clock.wallMs();
  reply.array(2);
  reply.bulkInteger(Math.floor(wallMs / MILLIS_PER_SECOND));
  reply.bulkInteger((wallMs % MILLIS_PER_SECOND) * MICROS_PER_MILLI);
}

/** A primary of slots of its own, whose replicas are the other owners of these. */
function role({ reply, node }: SessionCall): void {
  const replicas = replicasOf(node.cluster);
  reply.array(3);
  reply.bulkText("master");
  reply.integer(node.cluster?.replication?.position ?? 0);
  reply.array(replicas.length);
  for (const { host, port, offset } of replicas) {
    reply.array(3);
    reply.bulkText(host);
    reply.bulkText(String(port));
    reply.bulkText(String(offset));
  }
}

const SHUTDOWN_OPTIONS = ["nosave", "save", "now", "force", "abort"] as const;

function shutdown(call: SessionCall): void {
  const given = new Set<(typeof SHUTDOWN_OPTIONS)[number]>();
  for (let i = 1; i < call.count; i++) {
    const option = SHUTDOWN_OPTIONS.find((candidate) => call.is(i, candidate));
    if (option === undefined) throw new ReplyError(SYNTAX_ERROR);
    given.add(option);
  }
  const contradicts = (given.has("save") && given.has("nosave")) || (given.has("abort") && given.size > 1);
  if (contradicts) throw new ReplyError(SYNTAX_ERROR);
  const { node, reply, session } = call;
  if (given.has("abort")) {
    if (!node.abortShutdown()) throw new ReplyError("ERR No shutdown in progress.");
    reply.ok();
    return;
  }
  const saves = given.has("save") || (!given.has("nosave") && hasReasonToSave(call));
  const ended = node.shutdown({
    saves: saves && node.persistence.loading === null,
    isForced: given.has("force"),
  });
  call.postpone(
    ended.then((problem) => () => {
      if (problem === undefined) session.close(true);
      else reply.error("ERR Errors trying to SHUTDOWN. Check logs.");
    }),
  );
}

/** Without a log the rules of `save` say that snapshots are what the data lives on. */
function hasReasonToSave({ config, node }: SessionCall): boolean {
  return config.current.save.length > 0 && node.persistence.log === null;
}
