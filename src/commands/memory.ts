/** MEMORY: where memory goes, https://redis.io/docs/latest/commands/memory-usage/ */
import { NOWHERE } from "../keyspace/arena.js";
import { bytesOfRecord } from "../keyspace/memory-usage.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, container, data, session } from "./command.js";
import { withHelp } from "./help.js";
import { arenaReport, memoryReport, replyMemoryStats } from "./memory-report.js";

const SAMPLES_BY_DEFAULT = 5;

export const memoryCommand: Command = container({
  name: "memory",
  arity: -2,
  group: "server",
  flags: [],
  since: "4.0.0",
  complexity: "By subcommand",
  summary: "Looks at where memory goes.",
  subcommands: withHelp({ of: "memory", since: "4.0.0" }, [
    data({
      name: "usage",
      arity: -3,
      group: "server",
      flags: ["readonly"],
      keys: [{ first: 2, last: 2, step: 1, access: ["RO"] }],
      syntax: "key [SAMPLES count:integer]",
      since: "4.0.0",
      complexity: "O(N) in samples",
      summary: "Estimates the bytes that a key and its value take.",
      differs: "The bytes are those of our own arena, so they are not Redis's.",
      run: usage,
    }),
    session({
      name: "stats",
      arity: 2,
      group: "server",
      flags: [],
      tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
      since: "4.0.0",
      complexity: "O(1)",
      summary: "Answers where memory goes, in figures.",
      differs: "The figures are those of INFO memory: of our own arena, whose slabs count as resident.",
      run: replyMemoryStats,
    }),
    session({
      name: "doctor",
      arity: 2,
      group: "server",
      flags: [],
      tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
      since: "4.0.0",
      complexity: "O(1)",
      summary: "Tells people what is wrong with the memory of the node.",
      run: (call) => call.reply.verbatim(memoryReport(call), "txt"),
    }),
    session({
      name: "malloc-stats",
      arity: 2,
      group: "server",
      flags: [],
      tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
      since: "4.0.0",
      complexity: "O(1)",
      summary: "Tells what the arenas of the databases have in use.",
      run: (call) => call.reply.verbatim(arenaReport(call), "txt"),
    }),
    data({
      name: "purge",
      arity: 2,
      group: "server",
      flags: [],
      tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
      since: "4.0.0",
      complexity: "O(1)",
      summary: "Gives memory back.",
      differs:
        "There is nothing to do: slabs that become empty are given back at once, sparse ones are emptied in the background.",
      run: ({ reply }) => reply.ok(),
    }),
  ]),
});

function usage(call: Call): void {
  const samples = readSamples(call);
  const at = call.peek(2);
  if (at === NOWHERE) call.reply.null();
  else call.reply.integer(bytesOfRecord(call.keyspace.database, at, samples));
}

/** 0 stands for all. */
function readSamples(call: Call): number {
  let samples = SAMPLES_BY_DEFAULT;
  for (let i = 3; i < call.count; i += 2) {
    if (!call.is(i, "samples") || i + 1 === call.count) throw new ReplyError(SYNTAX_ERROR);
    samples = call.integer(i + 1);
    if (samples < 0) throw new ReplyError(SYNTAX_ERROR);
  }
  return samples === 0 ? Number.POSITIVE_INFINITY : samples;
}
