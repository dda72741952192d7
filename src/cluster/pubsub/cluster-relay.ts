/**
 * The way of messages between nodes: tells every node that this one is linked with what its clients are subscribed to, hears the
 * same of them, and sends messages to those that want them. What a link has not taken when it breaks is lost, and so is what is for a node that
 * takes too little (docs/decisions/0027-pubsub.md).
 */
import type { Log } from "../../host/log.js";
import type { Cancel, Timers } from "../../host/timers.js";
import type { Broker, Relay, RelayCounters } from "../../pubsub/broker.js";
import type { ChannelKind } from "../../pubsub/message.js";
import type { SubscriptionKind } from "../../pubsub/subscriber.js";
import { HeardWaits } from "../heard-waits.js";
import type { PeerIdentity } from "../peer-hello.js";
import type { Outcome } from "../peer-link.js";
import type { Service } from "../peer-server.js";
import type { Peers } from "../peers.js";
import { ServiceRefusal } from "../service-refusal.js";
import { BODY_BYTES_MAX, TurnBatches } from "../turn-batches.js";
import { InterestHearer } from "./interest-hearer.js";
import { readPart, writePart } from "./interest-messages.js";
import { InterestTeller } from "./interest-teller.js";
import { keyOf, OwnInterest } from "./own-interest.js";
import { readMessages, writeMessage } from "./relayed-messages.js";

export const INTEREST_SERVICE = "interest";
export const PUBLISH_SERVICE = "publish";

/**
 * An answer that takes longer is not waited for: the part is sent again. Long, since a link that breaks says so by itself, and over one that
 * is slow each part would be sent again before its answer could come.
 */
const ANSWER_MS_MAX = 10_000;
/** After a failure. */
const RETRY_MS = 100;
/** What a message takes beside channel and payload, at most. */
const MESSAGE_HEAD_BYTES_MAX = 16;
/** While a link has so much to send, messages for its node are dropped: as much as Redis lets a subscriber fall behind. */
export const PENDING_BYTES_MAX = 32 * 1024 * 1024;

export interface ClusterRelayOptions {
  readonly host: { readonly timers: Timers; readonly log: Log };
  readonly peers: Pick<Peers, "link" | "numberOf" | "subscribe">;
  readonly broker: Broker;
  /** How many names are told at most. */
  readonly namesMax?: number;
}

export class ClusterRelay implements Relay {
  readonly counters: RelayCounters = { sent: 0, dropped: 0, received: 0 };
  readonly services: readonly (readonly [string, Service])[];
  readonly #options: ClusterRelayOptions;
  readonly #own: OwnInterest;
  readonly #hearer: InterestHearer;
  readonly #tellers = new Map<number, InterestTeller>();
  readonly #batches: TurnBatches;
  readonly #ends: Cancel[] = [];
  readonly #retries = new Map<number, Cancel>();
  /** Clients that are about to be told that they are subscribed. */
  readonly #waits: HeardWaits;
  #isTellingDue = false;
  #isClosed = false;

  constructor(options: ClusterRelayOptions) {
    this.#options = options;
    const { broker, peers, namesMax } = options;
    const { timers } = options.host;
    this.#batches = new TurnBatches({ timers, peers, service: PUBLISH_SERVICE });
    this.#waits = new HeardWaits({ timers, heardByAll: () => this.#heardByAll });
    this.#own = new OwnInterest(broker.local, namesMax);
    this.#hearer = new InterestHearer(broker.elsewhere);
    broker.local.changed = (kind, name) => this.#changed(kind, name);
    broker.relay = this;
    this.services = [
      [INTEREST_SERVICE, (body, from) => this.#hear(body, from)],
      [PUBLISH_SERVICE, (body) => this.#publish(body)],
    ];
    this.#ends.push(
      peers.subscribe({
        up: ({ number }) => this.#linked(number),
        down: () => this.#waits.settle(),
        unreachable() {},
        removed: ({ number }) => this.#removed(number),
      }),
    );
  }

  close(): void {
    this.#isClosed = true;
    for (const end of [...this.#ends, ...this.#retries.values()]) end();
    this.#waits.close();
  }

  // ---- Messages ----

  isReachable(node: number): boolean {
    return this.#options.peers.link(node)?.isUp === true;
  }

  send(node: number, kind: ChannelKind, channel: Uint8Array, payload: Uint8Array): boolean {
    const link = this.#options.peers.link(node);
    if (link?.isUp !== true) return false;
    const batch = this.#batches.of(node);
    const bytes = batch.length + channel.length + payload.length + MESSAGE_HEAD_BYTES_MAX;
    if (link.pendingBytes + batch.length > PENDING_BYTES_MAX || bytes > BODY_BYTES_MAX) {
      if (this.counters.dropped++ === 0) {
        this.#options.host.log.warn("messages for a node are dropped: it takes too little", {
          node: link.peer.nodeId,
        });
      }
      return false;
    }
    writeMessage(batch, kind, channel, payload);
    this.counters.sent++;
    this.#batches.wrote(node);
    return true;
  }

  #publish(body: Buffer): Uint8Array {
    const { broker } = this.#options;
    const isWhole = readMessages(body, (kind, channel, payload) => {
      this.counters.received++;
      broker.deliver(kind, channel, payload);
    });
    if (!isWhole) throw new Error("messages of another node that make no sense");
    return NOTHING;
  }

  // ---- What others want ----

  #hear(body: Buffer, from: PeerIdentity): Uint8Array {
    const part = readPart(body);
    if (part === undefined) throw new Error("an interest of another node that makes no sense");
    const { peers } = this.#options;
    const node = peers.numberOf(from.nodeId);
    // One that was removed may go on for a while, and nobody would forget what it wants. One that is not known yet says it again.
    if (peers.link(node) === undefined) throw new ServiceRefusal("a node that is not linked with");
    return Uint8Array.of(this.#hearer.take(node, from.boot, part) ? 1 : 0);
  }

  #linked(node: number): void {
    this.#hearer.linked(node);
    let teller = this.#tellers.get(node);
    if (teller === undefined) this.#tellers.set(node, (teller = new InterestTeller(this.#own)));
    teller.linked();
    this.#tellSoon();
  }

  #removed(node: number): void {
    this.#hearer.forget(node);
    this.#tellers.delete(node);
    this.#batches.drop(node);
    this.#retries.get(node)?.();
    this.#retries.delete(node);
    this.#waits.settle();
  }

  // ---- What this node wants ----

  heard(names: readonly { readonly kind: SubscriptionKind; readonly name: string }[]): Promise<void> | null {
    let needed = 0;
    for (const { kind, name } of names) needed = Math.max(needed, this.#own.since(kind, name));
    return this.#waits.until(needed);
  }

  /** What was wanted up to this time all nodes know that can be reached. */
  get #heardByAll(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const [node, { heard }] of this.#tellers) {
      if (heard < earliest && this.isReachable(node)) earliest = heard;
    }
    return earliest;
  }

  #changed(kind: SubscriptionKind, name: string): void {
    const isAnew = this.#own.changed(kind, name);
    if (this.#tellers.size === 0) return;
    const key = keyOf(kind, name);
    for (const teller of this.#tellers.values()) {
      if (isAnew) teller.beginAnew();
      else if (!this.#own.wantsAll) teller.changed(key);
    }
    this.#tellSoon();
  }

  /** What changes within a turn is told together. */
  #tellSoon(): void {
    if (this.#isTellingDue || this.#isClosed) return;
    this.#isTellingDue = true;
    this.#options.host.timers.afterTurn(() => {
      this.#isTellingDue = false;
      for (const [node, teller] of this.#tellers) void this.#tell(node, teller);
    });
  }

  /** Never rejects. */
  async #tell(node: number, teller: InterestTeller): Promise<void> {
    const link = this.#options.peers.link(node);
    if (this.#isClosed || link?.isUp !== true) return;
    const part = teller.next();
    if (part === undefined) return;
    const outcome = await link.ask(INTEREST_SERVICE, writePart(part), ANSWER_MS_MAX);
    this.#told(node, teller, outcome);
  }

  #told(node: number, teller: InterestTeller, outcome: Outcome): void {
    if (outcome.kind === "answered") {
      if (outcome.body[0] === 1) teller.taken();
      else teller.refused();
      this.#waits.settle();
      void this.#tell(node, teller);
      return;
    }
    teller.lost();
    if (this.#isClosed || this.#tellers.get(node) !== teller) return;
    // If the link is down it goes on when that is up again.
    this.#retries.get(node)?.();
    this.#retries.set(
      node,
      this.#options.host.timers.after(RETRY_MS, () => void this.#tell(node, teller)),
    );
  }
}

const NOTHING = Buffer.alloc(0);
