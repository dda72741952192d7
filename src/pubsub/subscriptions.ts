/**
 * Who of this node's clients is subscribed to what. Names are byte strings, one character a byte.
 *
 * A subscription may be *announced* before it is made: other nodes are to know of it before the client is told that it has
 * it. Until then it counts as wanted, and gets no message.
 */
import { compileGlob, type Glob, globCovers } from "../base/glob.js";
import type { Message } from "./message.js";
import {
  type Subscriber,
  type SubscriptionCounts,
  type SubscriptionKind,
  subscriptionKinds,
} from "./subscriber.js";

/** What somebody is subscribed to, or is about to be. */
interface Topic {
  /** Null unless it is a pattern. */
  readonly glob: Glob | null;
  readonly subscribers: Set<Subscriber>;
  readonly announced: Set<Subscriber>;
}

/** Names by kind of one subscriber, in the order in which they came. */
type Holding = Readonly<Record<SubscriptionKind, Set<string>>> & {
  readonly announced: Readonly<Record<SubscriptionKind, Set<string>>>;
  /** What it takes, roughly. */
  bytes: number;
};

/** What a subscription takes besides its name, roughly: entries of two sets. */
const SUBSCRIPTION_BYTES = 128;

/** Hears that the number of those who want something changed. */
export type WantsListener = (kind: SubscriptionKind, name: string) => void;

export class Subscriptions {
  /** Hears of every change of `wanting`. */
  changed: WantsListener = () => {};
  readonly #topics: Readonly<Record<SubscriptionKind, Map<string, Topic>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  readonly #holdings = new Map<Subscriber, Holding>();

  /** Whether nobody could get what is published to channels, or to shard channels. */
  isSilent(kind: "channel" | "shard"): boolean {
    const { channel, pattern, shard } = this.#topics;
    return kind === "shard" ? shard.size === 0 : channel.size + pattern.size === 0;
  }

  /** Names that somebody wants. */
  names(kind: SubscriptionKind): Iterable<string> {
    return this.#topics[kind].keys();
  }

  /** How many names that is. */
  count(kind: SubscriptionKind): number {
    return this.#topics[kind].size;
  }

  /** How many are subscribed to a name, or are about to be. */
  wanting(kind: SubscriptionKind, name: string): number {
    const topic = this.#topics[kind].get(name);
    return topic === undefined ? 0 : topic.subscribers.size + topic.announced.size;
  }

  /** What a subscriber has. */
  countsOf(subscriber: Subscriber): SubscriptionCounts {
    const holding = this.#holdings.get(subscriber);
    if (holding === undefined) return NONE;
    return { channel: holding.channel.size, pattern: holding.pattern.size, shard: holding.shard.size };
  }

  /** What the subscriptions of a subscriber take, roughly. */
  bytesOf(subscriber: Subscriber): number {
    return this.#holdings.get(subscriber)?.bytes ?? 0;
  }

  /** The names of one kind that a subscriber has. */
  namesOf(subscriber: Subscriber, kind: SubscriptionKind): readonly string[] {
    return [...(this.#holdings.get(subscriber)?.[kind] ?? [])];
  }

  /** The same with those that it is about to have. */
  wantedBy(subscriber: Subscriber, kind: SubscriptionKind): readonly string[] {
    const holding = this.#holdings.get(subscriber);
    return holding === undefined ? [] : [...holding[kind], ...holding.announced[kind]];
  }

  /** Says that a subscriber is about to subscribe. */
  announce(subscriber: Subscriber, kind: SubscriptionKind, name: string): void {
    const holding = this.#holdingOf(subscriber);
    if (holding[kind].has(name) || holding.announced[kind].has(name)) return;
    holding.announced[kind].add(name);
    holding.bytes += SUBSCRIPTION_BYTES + name.length;
    this.#topicOf(kind, name).announced.add(subscriber);
    this.changed(kind, name);
  }

  /** Makes a subscription, announced or not. False if it was there. */
  add(subscriber: Subscriber, kind: SubscriptionKind, name: string): boolean {
    const holding = this.#holdingOf(subscriber);
    if (holding[kind].has(name)) return false;
    const topic = this.#topicOf(kind, name);
    topic.subscribers.add(subscriber);
    holding[kind].add(name);
    subscriber.isSubscriber = true;
    if (holding.announced[kind].delete(name)) {
      topic.announced.delete(subscriber);
    } else {
      holding.bytes += SUBSCRIPTION_BYTES + name.length;
      this.changed(kind, name);
    }
    return true;
  }

  /** Ends a subscription. False if there was none. */
  remove(subscriber: Subscriber, kind: SubscriptionKind, name: string): boolean {
    const holding = this.#holdings.get(subscriber);
    if (holding?.[kind].delete(name) !== true) return false;
    holding.bytes -= SUBSCRIPTION_BYTES + name.length;
    this.#leave(subscriber, kind, name);
    if (isEmpty(holding)) this.#forgetHolding(subscriber);
    else if (countOf(holding) === 0) subscriber.isSubscriber = false;
    return true;
  }

  /** Ends all that a subscriber has, or was about to have. */
  forget(subscriber: Subscriber): void {
    const holding = this.#holdings.get(subscriber);
    if (holding === undefined) return;
    this.#forgetHolding(subscriber);
    for (const kind of subscriptionKinds) {
      for (const name of holding[kind]) this.#leave(subscriber, kind, name);
      for (const name of holding.announced[kind]) this.#leave(subscriber, kind, name);
    }
  }

  /** Gives a message to all who are subscribed; answers how many that were, a client with two that fit counted twice, as in Redis. */
  deliver(kind: "channel" | "shard", channel: string, message: Message): number {
    let receivers = 0;
    const topic = this.#topics[kind].get(channel);
    if (topic !== undefined) {
      // Who hears too much is closed, and is subscribed no longer.
      for (const subscriber of topic.subscribers) {
        subscriber.hear(message.direct(subscriber.resp));
        receivers++;
      }
    }
    if (kind === "shard") return receivers;
    for (const [pattern, { glob, subscribers }] of this.#topics.pattern) {
      if (subscribers.size === 0 || !globCovers(glob!, message.channelBytes)) continue;
      for (const subscriber of subscribers) {
        subscriber.hear(message.matched(subscriber.resp, pattern));
        receivers++;
      }
    }
    return receivers;
  }

  #holdingOf(subscriber: Subscriber): Holding {
    let holding = this.#holdings.get(subscriber);
    if (holding === undefined) {
      holding = { ...emptyNames(), announced: emptyNames(), bytes: 0 };
      this.#holdings.set(subscriber, holding);
    }
    return holding;
  }

  #forgetHolding(subscriber: Subscriber): void {
    this.#holdings.delete(subscriber);
    subscriber.isSubscriber = false;
  }

  #topicOf(kind: SubscriptionKind, name: string): Topic {
    const topics = this.#topics[kind];
    let topic = topics.get(name);
    if (topic === undefined) {
      const glob = kind === "pattern" ? compileGlob(Buffer.from(name, "latin1")) : null;
      topics.set(name, (topic = { glob, subscribers: new Set(), announced: new Set() }));
    }
    return topic;
  }

  #leave(subscriber: Subscriber, kind: SubscriptionKind, name: string): void {
    const topic = this.#topics[kind].get(name)!;
    topic.subscribers.delete(subscriber);
    topic.announced.delete(subscriber);
    if (topic.subscribers.size + topic.announced.size === 0) this.#topics[kind].delete(name);
    this.changed(kind, name);
  }
}

const NONE: SubscriptionCounts = { channel: 0, pattern: 0, shard: 0 };

function emptyNames(): Record<SubscriptionKind, Set<string>> {
  return { channel: new Set(), pattern: new Set(), shard: new Set() };
}

function countOf({ channel, pattern, shard }: Readonly<Record<SubscriptionKind, Set<string>>>): number {
  return channel.size + pattern.size + shard.size;
}

function isEmpty(holding: Holding): boolean {
  return countOf(holding) + countOf(holding.announced) === 0;
}
