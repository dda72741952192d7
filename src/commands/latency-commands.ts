/** LATENCY: spikes by kind of event, https://redis.io/docs/latest/commands/latency-latest/ */
import { type Command, container, session } from "./command.js";
import { withHelp } from "./help.js";
import type { SessionCall } from "./session.js";

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
