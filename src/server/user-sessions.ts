/** What becomes of sessions when their users change. */
import type { User } from "../commands/acl/access-control.js";
import type { Client } from "./client.js";
import type { NodeState } from "./node-state.js";

/** `sessions` are all that are open, now and later. */
export function followUsers(state: NodeState, sessions: Iterable<Client>): void {
  state.access.changed = () => {
    for (const client of sessions) client.reviewUser();
  };
  state.endSessions = (users, caller) => {
    const ended = new Set<User | null>(users);
    const isCallerEnded = ended.has(caller.user);
    for (const client of sessions) {
      if (!ended.has(client.user)) continue;
      client.disown();
      if (client !== caller) client.close(false);
    }
    return isCallerEnded;
  };
}
