/**
 * Runs the protocol on a host: gives the core (swim.ts) time and messages, and performs its effects. Datagrams it carries itself,
 * exchanges of state through an `ExchangeChannel`; who serves the cluster's TCP port hands theirs to `answer`.
 */
import type { Address, DatagramSocket } from "../host/datagrams.js";
import type { Host } from "../host/host.js";
import { type Cancel, pause } from "../host/timers.js";
import { addressName, Complaints } from "./complaints.js";
import { Envelope, type Flaw } from "./envelope.js";
import { EXCHANGE_BYTES_MAX, type RefusalReason } from "./exchange-message.js";
import type { Partner } from "./exchange-plan.js";
import { Exchanges } from "./exchanges.js";
import { noGossipCounts } from "./gossip-counters.js";
import type { ClusterId, Member, MemberRecord, NodeId } from "./member.js";
import type { Change, MemberTable } from "./member-table.js";
import { logChange } from "./membership-log.js";
import type { Message } from "./message.js";
import { DATAGRAM_BYTES_MAX, readMessage, writeMessage } from "./message-codec.js";
import type { Timings } from "./presets.js";
import { SendLimit } from "./send-limit.js";
import type { ExchangeChannel, SharedState } from "./state-exchange.js";
import { Swim } from "./swim.js";
import type { Effect, RecordChanges, SwimCounters, SwimEvent } from "./swim-events.js";

export interface GossiperOptions {
  readonly host: Pick<Host, "clock" | "timers" | "random" | "datagrams" | "cipher" | "checksum" | "log">;
  /** Where datagrams arrive. Its port is that which the record tells others. */
  readonly bind: Address;
  readonly self: MemberRecord;
  /** Undefined for a node that never belonged to a cluster: it joins that of its seeds or, without seeds, founds one. */
  readonly clusterId: ClusterId | undefined;
  readonly seeds: readonly Address[];
  /** Members known from an earlier life. */
  readonly members?: readonly MemberRecord[];
  readonly timings: Timings;
  /** From the cluster's secret (`GOSSIP_KEY_PURPOSE`), or undefined: then packets travel in the clear. */
  readonly key: Uint8Array | undefined;
  readonly channel: ExchangeChannel;
  readonly state: SharedState;
  readonly events: GossiperEvents;
}

/** What the owner hears, once it has the gossiper. Calls come one at a time, and may call it. */
export interface GossiperEvents {
  /** A member came, changed or went; this node itself is one. */
  changed(change: Change): void;
  dropped(member: Member): void;
  /** This node belongs to that cluster from now on: its id is to be kept. */
  joined(cluster: { readonly clusterId: ClusterId; readonly isFounder: boolean }): void;
  /** Another member keeps our origin: write nothing under it any more, keep the free one, then `update` to it. */
  originTaken(conflict: { readonly by: NodeId; readonly free: number }): void;
  /** This node must stop: it goes on elsewhere. */
  superseded(reason: string): void;
  /** It was declared gone for good, and is `joining` now. */
  forgotten(by: NodeId): void;
  /** A seed is of another cluster, or has another secret. It is tried again all the same. */
  refused(by: Address, reason: RefusalReason): void;
}

const SEND_LIMIT = { perSecond: 1000, burst: 1000 };
/** Timers are late by a millisecond or two anyway. */
const LATE_MIN_MS = 10;
/** How many periods of gossip a node that leaves stays to tell. */
const FAREWELL_PERIODS = 5;

export class Gossiper {
  readonly counters = noGossipCounts();

  private readonly swim: Swim;
  private readonly datagrams: Envelope;
  private readonly exchanges: Exchanges;
  private readonly sendLimit: SendLimit;
  private readonly complaints: Complaints;
  private socket: DatagramSocket | undefined;
  private isClosed = false;
  private armedForMs = Number.POSITIVE_INFINITY;
  private disarm: Cancel = () => {};

  private constructor(private readonly options: GossiperOptions) {
    const { host, self, clusterId, seeds, members = [], timings, key, state } = options;
    const nowMs = host.clock.monotonicMs();
    const { cipher, random, checksum } = host;
    this.datagrams = new Envelope({ cipher, random, checksum, key, bytesMax: DATAGRAM_BYTES_MAX });
    this.sendLimit = new SendLimit(SEND_LIMIT, nowMs);
    this.complaints = new Complaints(host.log, host.clock);
    const messageBytesMax = DATAGRAM_BYTES_MAX - this.datagrams.overheadBytes;
    const swim = new Swim({ self, clusterId, seeds, members, timings, random, nowMs, messageBytesMax });
    this.swim = swim;
    this.exchanges = new Exchanges({
      envelope: new Envelope({ cipher, random, checksum, key, bytesMax: EXCHANGE_BYTES_MAX }),
      hasSecret: key !== undefined,
      channel: options.channel,
      side: {
        get self() {
          return swim.self;
        },
        table: swim.table,
        state,
        learn: (claims, from) => this.handle({ kind: "learned", claims, from }),
      },
      counters: this.counters,
      complaints: this.complaints,
      cluster: () => swim.clusterId,
      adopt: (cluster) => this.adopt(cluster),
      refused: options.events.refused,
    });
  }

  /** Rejects with a `HostError` if the address cannot be bound. */
  static async start(options: GossiperOptions): Promise<Gossiper> {
    const gossiper = new Gossiper(options);
    gossiper.socket = await options.host.datagrams.bind(options.bind, (bytes, from) =>
      gossiper.received(bytes, from),
    );
    gossiper.arm();
    return gossiper;
  }

  get self(): MemberRecord {
    return this.swim.self;
  }

  get clusterId(): ClusterId | undefined {
    return this.swim.clusterId;
  }

  /** Members and what is believed of them, this node included. */
  get table(): MemberTable {
    return this.swim.table;
  }

  get protocolCounters(): Readonly<SwimCounters> {
    return this.swim.counters;
  }

  /** How many times longer than usual this node waits before it accuses others: 1 if it seems well itself. */
  get slowness(): number {
    return this.swim.slowness;
  }

  /** Changes what this node says of itself; others hear it within a second or two. */
  update(changes: RecordChanges): void {
    this.handle({ kind: "update", changes });
  }

  /** These own slots, by what members share beside the table, and nobody else: dead or alive, they stay known. */
  setOwners(ids: ReadonlySet<NodeId>): void {
    this.table.setOwners(ids);
  }

  /** An operator says that a dead member will not come back. Of one that lives nothing happens. */
  forget(id: NodeId): void {
    this.handle({ kind: "forget", id });
  }

  /** A link to a member broke, or connects to it are refused. */
  doubt(id: NodeId, evidence: "lost" | "refused"): void {
    this.handle({ kind: "doubt", id, evidence });
  }

  /** Tells the others that this node is gone for good, and stays for a moment until they know. */
  async leave(): Promise<void> {
    this.update({ lifecycle: "left" });
    const { host, timings } = this.options;
    await pause(host.timers, timings.gossipIntervalMs * FAREWELL_PERIODS);
  }

  /** Resolves when the port is free again. The others are told nothing: to them it is a death. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.disarm();
    await this.socket?.close();
  }

  /** The answer to a packet of an exchange that another node began; `from` says where it is, for people. */
  answer(packet: Uint8Array, from: string): Uint8Array {
    return this.exchanges.answer(packet, from);
  }

  // Time and effects.

  private handle(event: SwimEvent, nowMs = this.options.host.clock.monotonicMs()): void {
    if (this.isClosed) return;
    const effects = this.swim.handle(event, nowMs);
    for (const effect of effects) this.perform(effect);
    this.arm();
  }

  /** A tick that comes too early does no harm, so a timer that is set for earlier than needed is left as it is. */
  private arm(): void {
    const { nextMs } = this.swim;
    if (this.isClosed || this.armedForMs <= nextMs) return;
    this.disarm();
    const { clock, timers } = this.options.host;
    const nowMs = clock.monotonicMs();
    // What is overdue is due now: only what the timer itself takes longer is lateness.
    const dueMs = Math.max(nextMs, nowMs);
    this.armedForMs = dueMs;
    this.disarm = timers.after(dueMs - nowMs, () => {
      // Fractions of a millisecond are rounded on the way: what was due must not seem to lie ahead again.
      const firedMs = Math.max(clock.monotonicMs(), dueMs);
      const lateMs = firedMs - dueMs;
      this.armedForMs = Number.POSITIVE_INFINITY;
      this.handle({ kind: "tick", lateMs: lateMs < LATE_MIN_MS ? 0 : lateMs }, firedMs);
    });
  }

  private perform(effect: Effect): void {
    const { events, host } = this.options;
    switch (effect.kind) {
      case "send":
        this.send(effect.to, effect.message);
        return;
      case "exchange":
        this.exchange(effect.partner);
        return;
      case "changed":
        logChange(host.log, effect.change, this.self.id);
        events.changed(effect.change);
        return;
      case "dropped":
        events.dropped(effect.member);
        return;
      case "founded":
        host.log.info("founded a cluster", { cluster: effect.clusterId });
        events.joined({ clusterId: effect.clusterId, isFounder: true });
        return;
      case "origin-taken":
        host.log.warn("another member has our origin and keeps it", { member: effect.by, next: effect.free });
        events.originTaken(effect);
        return;
      case "superseded":
        host.log.error("this node goes on elsewhere and must stop here", { reason: effect.reason });
        events.superseded(effect.reason);
        return;
      case "forgotten":
        host.log.warn("this node was forgotten, and joins anew", { by: effect.by });
        events.forgotten(effect.by);
        return;
    }
  }

  // Datagrams.

  private send(to: Address, message: Message): void {
    const { counters } = this;
    if (!this.sendLimit.take(this.options.host.clock.monotonicMs())) {
      counters.datagramsSuppressed++;
      return;
    }
    const packet = this.datagrams.wrap(this.clusterId, (writer) => writeMessage(writer, message));
    counters.datagramsSent++;
    counters.bytesSent += packet.length;
    this.socket?.send(packet, to);
  }

  private received(bytes: Uint8Array, from: Address): void {
    const { counters } = this;
    counters.datagramsReceived++;
    counters.bytesReceived += bytes.length;
    const read = bytes.length > DATAGRAM_BYTES_MAX ? "oversized" : this.read(bytes);
    if (typeof read === "string") this.drop(read, from);
    else this.handle({ kind: "message", message: read, from });
  }

  private read(packet: Uint8Array): Message | Flaw {
    const opened = this.datagrams.open(packet);
    const isForeign = opened.cluster !== this.clusterId;
    if (opened.kind === "damaged" || opened.kind === "unknown-format") return opened.kind;
    if (isForeign) return "other-cluster";
    if (opened.kind !== "opened") return opened.kind;
    return readMessage(opened.body) ?? "damaged";
  }

  private drop(flaw: Flaw, from: Address): void {
    this.counters.dropped[flaw]++;
    if (flaw !== "unauthentic" && flaw !== "unsealed") return;
    const message = "dropped a message of our cluster: its sender has another cluster-secret";
    this.complaints.warn(flaw, message, { from: addressName(from) });
  }

  // Exchanges.

  private exchange(partner: Partner): void {
    this.counters.exchanges++;
    void this.exchanges.begin(partner.address).then((outcome) => {
      if (outcome.kind === "failed") this.counters.exchangesFailed++;
      this.handle({ kind: "exchange-ended", partner, outcome });
    });
  }

  private adopt(clusterId: ClusterId): void {
    if (this.isClosed) return;
    this.handle({ kind: "adopt-cluster", clusterId });
    this.options.host.log.info("joined a cluster", { cluster: clusterId });
    this.options.events.joined({ clusterId, isFounder: false });
  }
}
