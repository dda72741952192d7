/**
 * Where messages are published: to this node's subscribers, and to other nodes as far as they have some. While nobody at all is
 * subscribed, publishing is two comparisons.
 *
 * A message goes to who is subscribed now, at most once; nothing is kept for anybody. See docs/decisions/0027-pubsub.md.
 */
import { type Glob, globCovers } from "../base/glob.js";
import { Interest } from "./interest.js";
import { type ChannelKind, Message } from "./message.js";
import type { Subscriber, SubscriptionKind } from "./subscriber.js";
import { Subscriptions } from "./subscriptions.js";

export interface RelayCounters {
  /** Messages sent to other nodes, for each of them; and those that were not, since the node takes too little. */
  sent: number;
  dropped: number;
  /** Messages that came from other nodes. */
  received: number;
}

/** The way to other nodes, by the numbers of their links. */
export interface Relay {
  readonly counters: Readonly<RelayCounters>;
  /** Sends a message; the bytes are copied. False if that node cannot be reached, or takes no more at present. */
  send(node: number, kind: ChannelKind, channel: Uint8Array, payload: Uint8Array): boolean;
  isReachable(node: number): boolean;
  /** Resolves once the nodes that can be reached know all that this one wants by now; null if they do. */
  heard(names: readonly { readonly kind: SubscriptionKind; readonly name: string }[]): Promise<void> | null;
}

interface Published {
  readonly kind: ChannelKind;
  readonly channel: string;
  readonly message: Message;
  readonly payload: Buffer;
}

export class Broker {
  /** Of this node's clients. */
  readonly local = new Subscriptions();
  /** Of other nodes. */
  readonly elsewhere = new Interest();
  /** Null unless there are other nodes. */
  relay: Relay | null = null;
  readonly #receivers = new Map<number, number>();

  /**
   * Publishes a message; answers how many subscribers it was sent to, those of other nodes by what these last told. The payload may
   * be used again afterwards.
   */
  publish(kind: ChannelKind, channel: string, payload: Buffer): number {
    const isHere = !this.local.isSilent(kind);
    if (this.relay === null || this.elsewhere.isSilent(kind)) {
      return isHere ? this.deliver(kind, channel, payload) : 0;
    }
    const message = new Message(kind, channel, payload);
    const count = isHere ? this.local.deliver(kind, channel, message) : 0;
    return count + this.#send(this.relay, { kind, channel, message, payload });
  }

  /** Whether nobody would get what is published. */
  isSilent(kind: ChannelKind): boolean {
    return this.local.isSilent(kind) && (this.relay === null || this.elsewhere.isSilent(kind));
  }

  /** Gives a message to this node's subscribers alone. */
  deliver(kind: ChannelKind, channel: string, payload: Buffer): number {
    return this.local.deliver(kind, channel, new Message(kind, channel, payload));
  }

  /** Names that somebody is subscribed to, wherever; of all, or of those that match. */
  names(kind: SubscriptionKind, glob: Glob | null): string[] {
    const names = new Set(this.local.names(kind));
    for (const [name, counts] of this.elsewhere.names(kind)) {
      if (!names.has(name) && this.#sum(counts) > 0) names.add(name);
    }
    if (glob === null) return [...names];
    return [...names].filter((name) => globCovers(glob, Buffer.from(name, "latin1")));
  }

  /** How many are subscribed to a name, wherever. */
  count(kind: SubscriptionKind, name: string): number {
    return this.local.wanting(kind, name) + this.#sum(this.elsewhere.counts(kind, name));
  }

  /**
   * Says that a client is about to subscribe. Resolves when it may be told so: whoever can be reached knows; null if that is now. The
   * client is then to be subscribed by `local.add`.
   */
  announce(subscriber: Subscriber, kind: SubscriptionKind, names: readonly string[]): Promise<void> | null {
    if (this.relay === null) return null;
    for (const name of names) this.local.announce(subscriber, kind, name);
    return this.relay.heard(names.map((name) => ({ kind, name })));
  }

  #send(relay: Relay, { kind, channel, message, payload }: Published): number {
    const receivers = this.#receivers;
    this.elsewhere.receivers(kind, channel, message.channelBytes, receivers);
    let sum = 0;
    for (const [node, count] of receivers) {
      if (relay.send(node, kind, message.channelBytes, payload)) sum += count;
    }
    receivers.clear();
    return sum;
  }

  /** Of nodes that can be reached: of others nobody knows. */
  #sum(counts: ReadonlyMap<number, number>): number {
    let sum = 0;
    for (const [node, count] of counts) if (this.relay?.isReachable(node)) sum += count;
    return sum;
  }
}
