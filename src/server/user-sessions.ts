/** What becomes of sessions, and of what they are subscribed to, when their users change. */
import type { User } from "../commands/acl/access-control.js";
import { losesChannels, mayListen } from "../commands/acl/listening.js";
import { subscriptionKinds } from "../pubsub/subscriber.js";
import type { Client } from "./client.js";
import type { NodeState } from "./node-state.js";

/** `sessions` are all that are open, now and later. */
export function followUsers(state: NodeState, sessions: Iterable<Client>): void {
  const { local } = state.broker;
  const mayKeep = (client: Client, { rules }: User) =>
    subscriptionKinds.every((kind) => {
      return local.wantedBy(client, kind).every((name) => mayListen(rules, kind, name));
    });
  state.access.changed = (user, before) => {
    const mayLoseSome = losesChannels(before, user.rules);
    for (const client of sessions) {
      if (client.user !== user) continue;
      client.reviewUser();
      // Who took a channel from itself is replied to first.
      if (mayLoseSome && !mayKeep(client, user)) client.close(client.isExecuting);
    }
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
