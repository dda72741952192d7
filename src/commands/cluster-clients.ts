/**
 * What clients of Redis Cluster say before a command: that a replica may answer it, or that they were sent here while its slot moves.
 * No node sends a client elsewhere, and each answers every key, so these change nothing.
 */
import { clusterOf } from "./cluster-change.js";
import { type Command, session } from "./command.js";
import type { SessionCall } from "./session.js";

const COMMON = { arity: 1, group: "cluster", categories: ["connection"], complexity: "O(1)" } as const;

export const clusterClientCommands: readonly Command[] = [
  session({
    ...COMMON,
    name: "readonly",
    flags: ["loading", "stale", "fast"],
    since: "3.0.0",
    summary: "Allows replicas to answer what the connection reads.",
    differs: "It changes nothing: there are no replicas.",
    run: acknowledge,
  }),
  session({
    ...COMMON,
    name: "readwrite",
    flags: ["loading", "stale", "fast"],
    since: "3.0.0",
    summary: "Takes READONLY back.",
    differs: "It changes nothing: there are no replicas.",
    run: acknowledge,
  }),
  session({
    ...COMMON,
    name: "asking",
    flags: ["fast"],
    since: "3.0.0",
    summary: "Announces a command for a slot that is moving to this node.",
    differs: "It changes nothing: no node sends a client elsewhere.",
    run: acknowledge,
  }),
];

function acknowledge(call: SessionCall): void {
  clusterOf(call);
  call.reply.ok();
}
