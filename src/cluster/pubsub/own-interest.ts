/**
 * What this node wants of others: the names that its clients are subscribed to, and since when. Time is a number that rises with
 * every change. A node that wants too many names to tell says that it wants everything.
 */
import type { Want } from "../../pubsub/interest.js";
import { type SubscriptionKind, subscriptionKinds } from "../../pubsub/subscriber.js";
import type { Subscriptions } from "../../pubsub/subscriptions.js";

/** Names, and bytes of them, that are told: what every other node has to keep of this one. */
export const NAMES_MAX = 65_536;
const NAME_BYTES_MAX = 8 * 1024 * 1024;
/** Names are told one by one again when they are that many times fewer, so that a few that come and go do not change it back and forth. */
const SLACK = 2;

/** A name with its kind. */
export type WantKey = string;

export class OwnInterest {
  /** Rises with every change. */
  time = 0;
  wantsAll = false;
  readonly #local: Subscriptions;
  readonly #namesMax: number;
  /** Since when each name is wanted by as many as at present. */
  readonly #since = new Map<WantKey, number>();
  #nameBytes = 0;

  constructor(local: Subscriptions, namesMax = NAMES_MAX) {
    this.#local = local;
    this.#namesMax = namesMax;
    for (const kind of subscriptionKinds) {
      for (const name of local.names(kind)) this.changed(kind, name);
    }
  }

  /** How many want a name has changed. Answers whether names are to be told from now on that were not before, or no longer. */
  changed(kind: SubscriptionKind, name: string): boolean {
    this.time++;
    const key = keyOf(kind, name);
    if (this.#local.wanting(kind, name) > 0) {
      if (!this.#since.has(key)) this.#nameBytes += name.length;
      this.#since.set(key, this.time);
    } else if (this.#since.delete(key)) {
      this.#nameBytes -= name.length;
    }
    const slack = this.wantsAll ? SLACK : 1;
    const isTooMuch = this.#since.size * slack > this.#namesMax || this.#nameBytes * slack > NAME_BYTES_MAX;
    if (isTooMuch === this.wantsAll) return false;
    this.wantsAll = isTooMuch;
    return true;
  }

  keys(): IterableIterator<WantKey> {
    return this.#since.keys();
  }

  /** A name with how many want it at present. */
  want(key: WantKey): Want {
    const { kind, name } = nameOf(key);
    return { kind, name, count: this.#local.wanting(kind, name) };
  }

  /** Since when a name is wanted by as many as at present; 0 if it is not. */
  since(kind: SubscriptionKind, name: string): number {
    return this.#since.get(keyOf(kind, name)) ?? 0;
  }
}

export function keyOf(kind: SubscriptionKind, name: string): WantKey {
  return `${subscriptionKinds.indexOf(kind)}${name}`;
}

function nameOf(key: WantKey): { kind: SubscriptionKind; name: string } {
  return { kind: subscriptionKinds[Number(key[0])]!, name: key.slice(1) };
}
