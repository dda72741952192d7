/** What becomes of subscriptions when the rules of their user change, as in Redis 7.0. */
import type { SubscriptionKind } from "../../pubsub/subscriber.js";
import { allowsChannel } from "./permission.js";
import type { UserRules } from "./user.js";

/**
 * Whether there is a rule for channels that the user no longer has. If not, subscriptions stay whatever they are: a session may
 * have some from when it was another user.
 */
export function losesChannels(before: UserRules, now: UserRules): boolean {
  if (now.selectors.some(({ allowsAllChannels }) => allowsAllChannels)) return false;
  if (before.selectors.some(({ allowsAllChannels }) => allowsAllChannels)) return true;
  const kept = new Set(patternsOf(now));
  return patternsOf(before).some((pattern) => !kept.has(pattern));
}

/** Whether the user may listen to a name, by whichever selector; that it may use the command that subscribes does not matter. */
export function mayListen({ selectors }: UserRules, kind: SubscriptionKind, name: string): boolean {
  const bytes = Buffer.from(name, "latin1");
  return selectors.some((selector) => allowsChannel(selector, bytes, kind === "pattern"));
}

function patternsOf({ selectors }: UserRules): string[] {
  return selectors.flatMap(({ channels }) => channels.map(({ text }) => text));
}
