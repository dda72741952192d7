/** Who may subscribe, as subscriptions see it. */

/** A version of RESP. */
export type Protocol = 2 | 3;

/** To a channel by its name, to all channels whose names match a glob, or to a shard channel. */
export type SubscriptionKind = "channel" | "pattern" | "shard";

export const subscriptionKinds: readonly SubscriptionKind[] = ["channel", "pattern", "shard"];

export interface Subscriber {
  readonly resp: Protocol;
  /** Whether it is subscribed to anything: kept by `Subscriptions` alone. */
  isSubscriber: boolean;
  /** Gets a message, encoded; the bytes never change. */
  hear(message: Buffer): void;
}

/** How many subscriptions of each kind somebody has. */
export type SubscriptionCounts = Readonly<Record<SubscriptionKind, number>>;
