/**
 * The way of invalidations between nodes: tells nodes of keys that have changed which their clients have read here, or want by their
 * prefixes. What a link may have lost, or did not take, is made good by telling the node that everything counts as changed
 * (docs/decisions/0033).
 */
import type { Cancel, Timers } from "../../host/timers.js";
import type { RelayCounters, TrackingNode, TrackingRelay } from "../../tracking/relay.js";
import type { Tracker, Writer } from "../../tracking/tracker.js";
import { HeardWaits } from "../heard-waits.js";
import type { PeerIdentity } from "../peer-hello.js";
import type { Service } from "../peer-server.js";
import type { Peers } from "../peers.js";
import { ServiceRefusal } from "../service-refusal.js";
import { TurnBatches } from "../turn-batches.js";
import {
  ALL,
  PREFIXED,
  READ,
  readChanges,
  readPrefixes,
  writeChange,
  writeLoss,
  writePrefixes,
} from "./invalidation-messages.js";
import { PrefixTeller } from "./prefix-teller.js";

export const CHANGED_SERVICE = "changed";
export const PREFIXES_SERVICE = "prefixes";

const ANSWER_MS_MAX = 10_000;
/** After a failure, and while a node takes too little. */
const RETRY_MS = 100;
/** While a link has so much to send, its node is told nothing but, later, that all counts as changed. */
export const PENDING_BYTES_MAX = 8 * 1024 * 1024;

export interface InvalidationRelayOptions {
  readonly timers: Timers;
  readonly peers: Pick<Peers, "link" | "numberOf" | "subscribe">;
  readonly node: TrackingNode;
}

/** What is known of one other node. */
interface Other {
  readonly tracker: Tracker;
  readonly teller: PrefixTeller;
  /** What it wants, and of which of its lives and versions that is. */
  prefixes: readonly string[];
  boot: number;
  version: number;
  /** Whether it is to be told that all counts as changed. */
  isOwed: boolean;
  cancelRetry: Cancel | undefined;
}

export class InvalidationRelay implements TrackingRelay {
  readonly counters: RelayCounters = { sent: 0, received: 0, losses: 0 };
  readonly services: readonly (readonly [string, Service])[];
  wantsPrefixes = false;
  readonly #options: InvalidationRelayOptions;
  readonly #others = new Map<number, Other>();
  readonly #batches: TurnBatches;
  /** Clients that are about to be told that they are told of their prefixes. */
  readonly #waits: HeardWaits;
  readonly #unsubscribe: () => void;
  /** Of the prefixes of this node's clients: rises when they change. */
  #version = 0;
  #isPayingDue = false;
  #isTellingDue = false;
  #isClosed = false;

  constructor(options: InvalidationRelayOptions) {
    this.#options = options;
    const { timers, peers } = options;
    this.#batches = new TurnBatches({ timers, peers, service: CHANGED_SERVICE });
    this.#waits = new HeardWaits({ timers, heardByAll: () => this.#toldToAll });
    options.node.relay = this;
    if (options.node.prefixes.length > 0) this.#version = 1;
    this.services = [
      [CHANGED_SERVICE, (body, from) => this.#hearChanges(body, from)],
      [PREFIXES_SERVICE, (body, from) => this.#hearPrefixes(body, from)],
    ];
    this.#unsubscribe = options.peers.subscribe({
      up: ({ number }) => this.#linked(number),
      down: ({ number }) => this.#lostLink(number),
      unreachable() {},
      removed: ({ number }) => this.#removed(number),
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    for (const { cancelRetry } of this.#others.values()) cancelRetry?.();
    this.#waits.close();
  }

  // ---- What other nodes are told of ----

  numberOf(nodeId: string): number {
    return this.#options.peers.numberOf(nodeId);
  }

  trackerOf(node: number): Tracker {
    return this.#other(node).tracker;
  }

  broadcast(key: string, writer: Writer | null): void {
    for (const [node, { prefixes }] of this.#others) {
      if (prefixes.some((prefix) => key.startsWith(prefix))) this.#tell(node, PREFIXED, key, writer);
    }
  }

  lost(): void {
    for (const node of this.#others.keys()) this.#owe(node);
  }

  #other(node: number): Other {
    let other = this.#others.get(node);
    if (other === undefined) {
      other = {
        tracker: {
          isGone: false,
          changed: (key, writer) => this.#tell(node, READ, key, writer),
          lost: () => this.#owe(node),
        },
        teller: new PrefixTeller(),
        prefixes: [],
        boot: 0,
        version: 0,
        isOwed: false,
        cancelRetry: undefined,
      };
      this.#others.set(node, other);
    }
    return other;
  }

  #tell(node: number, kind: typeof PREFIXED | typeof READ, key: string, writer: Writer | null): void {
    const other = this.#other(node);
    if (other.isOwed) return;
    const link = this.#options.peers.link(node);
    if (link?.isUp !== true || link.pendingBytes > PENDING_BYTES_MAX) {
      this.#owe(node);
      return;
    }
    const sender = writer?.sender;
    const session = sender?.node === node ? sender.session : 0;
    writeChange(this.#batches.of(node), kind, { key, session });
    this.counters.sent++;
    this.#batches.wrote(node);
  }

  /** The node is to be told that all counts as changed: in its turn, or when that is possible. */
  #owe(node: number): void {
    const other = this.#other(node);
    if (other.isOwed) return;
    other.isOwed = true;
    this.counters.losses++;
    this.#paySoon();
  }

  #paySoon(): void {
    if (this.#isPayingDue || this.#isClosed) return;
    this.#isPayingDue = true;
    this.#options.timers.afterTurn(() => {
      this.#isPayingDue = false;
      for (const [node, other] of this.#others) this.#pay(node, other);
    });
  }

  #pay(node: number, other: Other): void {
    const link = this.#options.peers.link(node);
    // When it is there it is told that all has changed.
    if (!other.isOwed || this.#isClosed || link?.isUp !== true) return;
    this.#batches.drop(node);
    if (link.pendingBytes > PENDING_BYTES_MAX) {
      this.#retry(node, other);
      return;
    }
    other.isOwed = false;
    writeLoss(this.#batches.of(node));
    this.#batches.wrote(node);
  }

  // ---- What this node is told ----

  #hearChanges(body: Buffer, from: PeerIdentity): Uint8Array {
    const { node, peers } = this.#options;
    const sender = peers.numberOf(from.nodeId);
    const isWhole = readChanges(body, (kind, change) => {
      this.counters.received++;
      if (kind === ALL) node.lostElsewhere(sender);
      else if (kind === PREFIXED) node.broadcastElsewhere(change);
      else node.changedElsewhere(change);
    });
    if (!isWhole) throw new Error("invalidations of another node that make no sense");
    return NOTHING;
  }

  #hearPrefixes(body: Buffer, from: PeerIdentity): Uint8Array {
    const wanted = readPrefixes(body);
    if (wanted === undefined) throw new Error("prefixes of another node that make no sense");
    const { peers } = this.#options;
    const node = peers.numberOf(from.nodeId);
    // As of subscriptions: one that was removed nobody would forget, and one that is not known yet says it again.
    if (peers.link(node) === undefined) throw new ServiceRefusal("a node that is not linked with");
    const other = this.#other(node);
    // What was sent by a link that broke may be read behind what came by the next one.
    const isOutdated = from.boot === other.boot && wanted.version < other.version;
    if (!isOutdated) {
      other.boot = from.boot;
      other.version = wanted.version;
      other.prefixes = wanted.prefixes;
      this.#review();
    }
    return NOTHING;
  }

  #review(): void {
    this.wantsPrefixes = [...this.#others.values()].some(({ prefixes }) => prefixes.length > 0);
    this.#options.node.wantsChanged();
  }

  // ---- Links ----

  #linked(node: number): void {
    const other = this.#other(node);
    // What was told before may be lost.
    other.isOwed = true;
    this.#paySoon();
    other.teller.linked();
    this.#tellPrefixes();
  }

  /** What is executed there cannot be heard of. */
  #lostLink(node: number): void {
    this.#options.node.lostElsewhere(node);
    this.#settle();
  }

  #removed(node: number): void {
    this.#others.get(node)?.cancelRetry?.();
    this.#others.delete(node);
    this.#batches.drop(node);
    this.#review();
    this.#settle();
  }

  #retry(node: number, other: Other): void {
    if (this.#isClosed) return;
    other.cancelRetry?.();
    other.cancelRetry = this.#options.timers.after(RETRY_MS, () => {
      other.cancelRetry = undefined;
      this.#pay(node, other);
      this.#tellPrefixes();
    });
  }

  // ---- Prefixes of this node's clients ----

  prefixesChanged(): void {
    this.#version++;
    this.#tellPrefixes();
  }

  prefixesHeard(): Promise<void> | null {
    return this.#waits.until(this.#version);
  }

  /** The version that all nodes know that can be reached. */
  get #toldToAll(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const [node, { teller }] of this.#others) {
      if (this.#options.peers.link(node)?.isUp === true) earliest = Math.min(earliest, teller.told);
    }
    return earliest;
  }

  #settle(): void {
    // Clients have gone on, and were told of nothing that changed meanwhile.
    if (this.#waits.settle()) this.#options.node.prefixesUnheard();
  }

  /** What changes within a turn is told together. */
  #tellPrefixes(): void {
    if (this.#isTellingDue || this.#isClosed) return;
    this.#isTellingDue = true;
    this.#options.timers.afterTurn(() => {
      this.#isTellingDue = false;
      for (const [node, other] of this.#others) void this.#askPrefixes(node, other);
    });
  }

  /** Never rejects. */
  async #askPrefixes(node: number, other: Other): Promise<void> {
    const { node: self, peers } = this.#options;
    const link = peers.link(node);
    const { teller } = other;
    if (this.#isClosed || link?.isUp !== true || !teller.asks(this.#version)) return;
    const wanted = { version: this.#version, prefixes: self.prefixes };
    const outcome = await link.ask(PREFIXES_SERVICE, writePrefixes(wanted), ANSWER_MS_MAX);
    if (outcome.kind !== "answered") {
      teller.failed();
      if (this.#others.get(node) === other) this.#retry(node, other);
      return;
    }
    // What changed there before it knew nobody was told of.
    if (teller.answered()) self.prefixesUnheard();
    this.#settle();
    this.#tellPrefixes();
  }
}

const NOTHING = Buffer.alloc(0);
