/**
 * What clients of Redis Cluster say before a command: that a replica may answer it, or that they were sent here while its slot moves.
 * No node sends a client elsewhere, and each answers every key.
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
    changesConnection: true,
    since: "3.0.0",
    summary: "Allows replicas to answer what the connection reads.",
    differs:
      "A node that does not have the key, or not all that the connection has seen, gets the answer from the primary: docs/consistency.md.",
    run(call) {
      acknowledge(call);
      call.session.readsReplicas = true;
    },
  }),
  session({
    ...COMMON,
    name: "readwrite",
    flags: ["loading", "stale", "fast"],
    changesConnection: true,
    since: "3.0.0",
    summary: "Takes READONLY back.",
    run(call) {
      acknowledge(call);
      call.session.readsReplicas = false;
    },
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
