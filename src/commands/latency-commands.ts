/** LATENCY: spikes by kind of event, https://redis.io/docs/latest/commands/latency-latest/ */
import { type DurationHistogram, durationBounds } from "../base/duration-histogram.js";
import { ReplyError } from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import { shownText } from "./byte-string.js";
import { type Command, container, session } from "./command.js";
import { withHelp } from "./help.js";
import { latencyGraph } from "./latency-graph.js";
import { latencyReport } from "./latency-report.js";
import type { CommandStats, SessionCall } from "./session.js";

const OPERATOR = ["admin", "noscript", "loading", "stale"] as const;

export const latencyCommand: Command = container({
  name: "latency",
  arity: -2,
  group: "server",
  flags: [],
  since: "2.8.13",
  complexity: "By subcommand",
  summary: "Keeps the spikes of latency, by kind of event.",
  subcommands: withHelp({ of: "latency", since: "2.8.13" }, [
    session({
      name: "history",
      arity: 3,
      group: "server",
      flags: OPERATOR,
      tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
      syntax: "event",
      since: "2.8.13",
      complexity: "O(1)",
      summary: "Answers the spikes of one kind of event, oldest first.",
      run: history,
    }),
    session({
      name: "graph",
      arity: 3,
      group: "server",
      flags: OPERATOR,
      tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
      syntax: "event",
      since: "2.8.13",
      complexity: "O(1)",
      summary: "Draws the spikes of one kind of event.",
      run: graph,
    }),
    session({
      name: "doctor",
      arity: 2,
      group: "server",
      flags: OPERATOR,
      tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
      since: "2.8.13",
      complexity: "O(1)",
      summary: "Tells people what the spikes look like, and what may help.",
      run: (call) => call.reply.verbatim(latencyReport(call), "txt"),
    }),
    session({
      name: "histogram",
      arity: -2,
      group: "server",
      flags: OPERATOR,
      tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
      syntax: "[command...]",
      since: "7.0.0",
      complexity: "O(N) in commands told of",
      summary: "Answers how long commands took, as cumulative counts by powers of two of a microsecond.",
      differs:
        "Bounds are the powers of two themselves. Fast commands are timed by sample: each sample stands for sixteen calls.",
      run: histogram,
    }),
    session({
      name: "latest",
      arity: 2,
      group: "server",
      flags: OPERATOR,
      tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
      since: "2.8.13",
      complexity: "O(1)",
      summary: "Answers the latest and the worst spike of each kind of event.",
      differs: "The kinds of events are `command` and `fast-command`.",
      run: latest,
    }),
    session({
      name: "reset",
      arity: -2,
      group: "server",
      flags: OPERATOR,
      tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
      syntax: "[event...]",
      since: "2.8.13",
      complexity: "O(1)",
      summary: "Forgets the spikes of the kinds named, or of all.",
      run: reset,
    }),
  ]),
});

function history(call: SessionCall): void {
  const { reply, node } = call;
  const samples = node.latency.events.get(call.text(2))?.samples.toArray() ?? [];
  reply.array(samples.length);
  for (const { wallSeconds, milliseconds } of samples) {
    reply.array(2);
    reply.integer(wallSeconds);
    reply.integer(milliseconds);
  }
}

function graph(call: SessionCall): void {
  const { reply, node } = call;
  const name = call.text(2);
  const event = node.latency.events.get(name);
  if (event === undefined) throw new ReplyError(`ERR No samples available for event '${shownText(name)}'`);
  reply.verbatim(latencyGraph(name, event, Math.floor(node.clock.wallMs() / 1000)), "txt");
}

function histogram(call: SessionCall): void {
  const { reply, node } = call;
  const tracked = [...node.commandStats].filter(({ durations }) => durations !== null);
  const found =
    call.count === 2 ? tracked : call.texts(2).flatMap((name) => named(tracked, name.toLowerCase()));
  reply.map(found.length);
  for (const { name, durations } of found) {
    reply.bulkText(name);
    writeHistogram(reply, durations!);
  }
}

/** A command, or for a container its subcommands. */
function named(tracked: readonly CommandStats[], asked: string): readonly CommandStats[] {
  const exact = tracked.find(({ name }) => name === asked);
  return exact === undefined ? tracked.filter(({ name }) => name.startsWith(`${asked}|`)) : [exact];
}

function writeHistogram(reply: ReplyWriter, { count, counts }: DurationHistogram): void {
  reply.map(2);
  reply.bulkText("calls");
  reply.integer(count);
  reply.bulkText("histogram_usec");
  const mark = reply.reserveArray();
  let buckets = 0;
  let cumulative = 0;
  for (const [bucket, inBucket] of counts.entries()) {
    if (inBucket === 0) continue;
    cumulative += inBucket;
    // What took longer than all bounds is told with the next power.
    reply.integer(durationBounds[bucket] ?? 2 * durationBounds.at(-1)!);
    reply.integer(cumulative);
    buckets++;
  }
  reply.fillMap(mark, buckets);
}

function latest({ reply, node }: SessionCall): void {
  const { events } = node.latency;
  reply.array(events.size);
  for (const [event, { samples, maxMs }] of events) {
    // An event is made with its first sample.
    const { wallSeconds, milliseconds } = samples.peekBack()!;
    reply.array(4);
    reply.bulkText(event);
    reply.integer(wallSeconds);
    reply.integer(milliseconds);
    reply.integer(maxMs);
  }
}

function reset(call: SessionCall): void {
  call.reply.integer(call.node.latency.reset(call.texts(2)));
}
