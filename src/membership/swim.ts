/**
 * Who is in the cluster, and who of them is alive: SWIM (Das, Gupta and Motivala, 2002) with suspicion and incarnations, and
 * with the rules of Lifeguard (Dadgar, Phillips and Currey, 2017) for nodes that are slow themselves. A pure core: events and
 * times go in, effects come out. It has no clock, no timer, no socket, and no randomness but what it is given.
 *
 * - Each period one member is probed, in random order: a ping, then pings through others, then suspicion.
 * - A suspicion is told to all, and to the suspect first. Its word ends it; else it runs out, and the member is dead.
 * - News travels in every message that is sent anyway and, while there is any, in messages of its own.
 * - A dead member that may come back is pinged now and then, so that after a partition both sides find each other.
 *
 * What is believed of members is in beliefs.ts; here is who is asked and told, and when.
 */
import { assert } from "../base/assert.js";
import type { Address } from "../host/datagrams.js";
import type { Random } from "../host/random.js";
import { Beliefs, type Believer } from "./beliefs.js";
import { fraction } from "./draws.js";
import { ExchangePlan, type PlanView } from "./exchange-plan.js";
import { LocalHealth } from "./local-health.js";
import {
  type ClusterId,
  compareVersions,
  isDeparted,
  type Member,
  type MemberRecord,
  type NodeId,
} from "./member.js";
import type { MemberTable } from "./member-table.js";
import type { Message, Ping, RelayRequest } from "./message.js";
import { MESSAGE_HEAD_BYTES } from "./message-codec.js";
import type { Timings } from "./presets.js";
import { ProbeOrder } from "./probe-order.js";
import { type FailedProbe, Prober } from "./prober.js";
import { Relays } from "./relays.js";
import { type Effect, noCounts, type SwimEvent, type SwimOptions } from "./swim-events.js";

/** One probe in so many goes to a dead member that may be back: none is given up, and the living lose little. */
const PROBES_PER_REVIVAL = 16;
/** How often departed members are looked for whose time is up. */
const REAP_INTERVAL_MS = 10_000;
/** So many of those who hear of a suspicion look for themselves at once, for each confirmation that it takes. */
const WITNESSES_PER_CONFIRMATION = 2;
/** A relay gives up after this share of the time that is left to who asked it, so that its word still comes in time. */
const RELAY_SHARE = 0.6;

const CLUSTER_ID_BYTES = 16;

export class Swim {
  readonly counters = noCounts();
  private cluster: ClusterId | undefined;

  private readonly timings: Timings;
  private readonly random: Random;
  private readonly newsBytesMax: number;

  private readonly health: LocalHealth;
  private readonly beliefs: Beliefs;
  private readonly probeOrder: ProbeOrder;
  private readonly prober: Prober;
  private readonly relays: Relays;
  private readonly plan: ExchangePlan;
  private readonly planView: PlanView;

  private nowMs: number;
  private probeAtMs: number;
  private gossipAtMs: number;
  private reapAtMs: number;
  private probeCount = 0;
  private effects: Effect[] = [];

  constructor(options: SwimOptions) {
    const { self, clusterId, seeds, members = [], timings, random, nowMs, messageBytesMax } = options;
    this.cluster = clusterId;
    this.timings = timings;
    this.random = random;
    this.newsBytesMax = messageBytesMax - MESSAGE_HEAD_BYTES;
    this.nowMs = nowMs;
    this.health = new LocalHealth(timings.slownessMax);
    this.probeOrder = new ProbeOrder(random);
    this.prober = new Prober(timings, random);
    this.relays = new Relays(random);
    this.plan = new ExchangePlan({ seeds, timings, random, nowMs });
    this.planView = {
      hasCluster: () => this.cluster !== undefined,
      isPresent: (id) => this.beliefs.isPresent(id),
      drawMember: () => this.beliefs.draw(1, () => true).map(addressOf)[0],
    };
    // Nodes that start together do not probe together.
    this.probeAtMs = nowMs + fraction(random) * timings.probeIntervalMs;
    this.gossipAtMs = nowMs;
    this.reapAtMs = nowMs + REAP_INTERVAL_MS;
    this.beliefs = new Beliefs(self, this.believer());
    this.beliefs.remember(members);
  }

  /** What this node says of itself now. */
  get self(): MemberRecord {
    return this.beliefs.self;
  }

  get clusterId(): ClusterId | undefined {
    return this.cluster;
  }

  get table(): MemberTable {
    return this.beliefs.table;
  }

  /** How many times longer than usual this node waits, because it seems slow itself: 1 if it is well. */
  get slowness(): number {
    return this.health.slowness;
  }

  /** When the next `tick` is due. */
  get nextMs(): number {
    return Math.min(
      this.probeAtMs,
      this.beliefs.hasNews ? this.gossipAtMs : Number.POSITIVE_INFINITY,
      this.reapAtMs,
      this.prober.nextMs(),
      this.relays.nextMs(),
      this.beliefs.suspicions.nextMs(),
      this.plan.nextMs(),
    );
  }

  /** `nowMs` is of the monotonic clock. The effects are to be performed in their order. */
  handle(event: SwimEvent, nowMs: number): readonly Effect[] {
    this.nowMs = Math.max(this.nowMs, nowMs);
    this.act(event);
    const { effects } = this;
    this.effects = [];
    return effects;
  }

  private act(event: SwimEvent): void {
    switch (event.kind) {
      case "tick":
        this.tick(event.lateMs);
        return;
      case "message":
        this.receive(event.message, event.from);
        return;
      case "learned":
        this.beliefs.learn(event.claims, event.from);
        return;
      case "exchange-ended":
        this.plan.ended(event.partner, event.outcome, this.nowMs);
        return;
      case "adopt-cluster":
        assert(this.cluster === undefined, "a node joins a cluster once");
        this.cluster = event.clusterId;
        return;
      case "update":
        this.beliefs.updateSelf(event.changes);
        return;
      case "forget":
        this.beliefs.forget(event.id);
        return;
      case "doubt":
        this.doubt(event.id, event.evidence);
        return;
    }
  }

  // Time.

  private tick(lateMs: number): void {
    const { nowMs } = this;
    if (lateMs > 0) this.wasStalled(lateMs);
    this.proceedProbes();
    for (const { address, sequence } of this.relays.due(nowMs)) this.sendNack(address, sequence);
    this.beliefs.declareDead();
    if (nowMs >= this.probeAtMs) this.probeNext();
    if (nowMs >= this.gossipAtMs && this.beliefs.hasNews) this.gossip();
    if (nowMs >= this.reapAtMs) {
      this.reapAtMs = nowMs + REAP_INTERVAL_MS;
      this.beliefs.reap();
    }
    this.exchange();
  }

  /** While the loop was busy answers may have come and wait to be read: that time counts for nobody. */
  private wasStalled(lateMs: number): void {
    this.health.worsened(Math.floor(lateMs / this.timings.probeTimeoutMs));
    this.prober.postpone(lateMs);
    this.relays.postpone(lateMs);
    this.beliefs.suspicions.postpone(lateMs);
  }

  private exchange(): void {
    const partner = this.plan.due(this.nowMs, this.planView);
    if (partner !== undefined) this.effects.push({ kind: "exchange", partner });
    if (this.cluster !== undefined || !this.plan.mayFound) return;
    this.cluster = Buffer.from(this.random.bytes(CLUSTER_ID_BYTES)).toString("hex");
    this.effects.push({ kind: "founded", clusterId: this.cluster });
  }

  private gossip(): void {
    this.gossipAtMs = this.nowMs + this.timings.gossipIntervalMs;
    for (const member of this.beliefs.draw(this.timings.gossipFanout, () => true)) this.tell(member);
  }

  // Probing.

  private probeNext(): void {
    this.probeAtMs = this.nowMs + this.timings.probeIntervalMs * this.slowness;
    const isRevivalDue = this.probeCount++ % PROBES_PER_REVIVAL === 0;
    if (isRevivalDue && this.pingDead()) return;
    const id = this.probeOrder.next((each) => this.beliefs.isPresent(each));
    if (id !== undefined) this.probe(id);
    else this.pingDead();
  }

  /** A dead member that is back learns from the ping that it counts as dead, and says that it is not. */
  private pingDead(): boolean {
    const mayBeBack = (member: Member) => member.status === "dead" && !isDeparted(member);
    const [dead] = this.table.draw(this.random, 1, mayBeBack);
    if (dead !== undefined) this.ping(dead, this.random.uint32());
    return dead !== undefined;
  }

  private probe(id: NodeId, { relaysAtOnce = false } = {}): void {
    const member = this.table.get(id);
    const { nowMs, slowness } = this;
    const sequence = this.prober.begin(id, { nowMs, slowness, relaysAtOnce });
    if (member === undefined || sequence === undefined) return;
    this.counters.probes++;
    this.ping(member, sequence);
    if (relaysAtOnce) this.proceedProbes();
  }

  private proceedProbes(): void {
    for (const step of this.prober.due(this.nowMs)) {
      if (step.kind === "ask-relays") this.askRelays(step.target, step.sequence);
      else this.probeFailed(step);
    }
  }

  private askRelays(target: NodeId, sequence: number): void {
    const mayRelay = ({ record, status }: Member) => record.id !== target && status === "alive";
    const relays = this.beliefs.draw(this.timings.relays, mayRelay);
    for (const relay of relays) {
      const claims = this.newsFor(relay);
      this.send(addressOf(relay), { kind: "relay", ...this.signature(), target, sequence, claims });
    }
    this.prober.relaysAsked(sequence, relays.length);
  }

  private probeFailed({ target, relaysAsked, silentRelays }: FailedProbe): void {
    this.counters.probesFailed++;
    // If relays answer that the target does not, the fault is hardly ours; with none to ask it may be.
    this.health.worsened(relaysAsked > 0 ? silentRelays : 1);
    this.accuse(target);
  }

  /** The suspect is told first: if it lives, nobody else needs to worry. */
  private accuse(id: NodeId): void {
    const member = this.table.get(id);
    if (member !== undefined && this.beliefs.accuse(id)) this.tell(member);
  }

  private doubt(id: NodeId, evidence: "lost" | "refused"): void {
    if (id === this.self.id || !this.beliefs.isPresent(id)) return;
    if (evidence === "lost") {
      this.probe(id, { relaysAtOnce: true });
      return;
    }
    this.accuse(id);
    this.beliefs.suspicions.hasten(id);
  }

  // Messages.

  private receive(message: Message, from: Address): void {
    const { sender, version } = message;
    if (sender === this.self.id) return;
    for (const claim of message.claims) this.beliefs.hear(claim);
    const known = this.table.versionOf(sender);
    if (known === undefined || compareVersions(version, known) > 0) this.wantTableOf(sender, from);
    switch (message.kind) {
      case "ping":
        this.answer(message, from);
        return;
      case "relay":
        this.relay(message, from);
        return;
      case "ack":
        this.heardAck(message.sequence);
        return;
      case "nack":
        this.prober.nacked(message.sequence);
        return;
      case "gossip":
        return;
    }
  }

  private answer({ target, sequence, sender }: Ping, from: Address): void {
    if (target !== this.self.id) {
      this.counters.misdirected++;
      return;
    }
    const claims = this.beliefs.newsFor(sender, this.newsBytesMax);
    this.send(from, { kind: "ack", ...this.signature(), sequence, claims });
  }

  private relay({ target, sequence }: RelayRequest, from: Address): void {
    const { probeIntervalMs, probeTimeoutMs } = this.timings;
    const deadlineMs = this.nowMs + (probeIntervalMs - probeTimeoutMs) * RELAY_SHARE;
    const member = this.table.get(target);
    const ownSequence = member && this.relays.add({ address: from, sequence }, deadlineMs);
    if (member === undefined || ownSequence === undefined) this.sendNack(from, sequence);
    else this.ping(member, ownSequence);
  }

  private heardAck(sequence: number): void {
    if (this.prober.acked(sequence)) {
      this.health.improved();
      return;
    }
    const requester = this.relays.acked(sequence);
    if (requester === undefined) return;
    const { address, sequence: theirs } = requester;
    this.send(address, { kind: "ack", ...this.signature(), sequence: theirs, claims: [] });
  }

  private ping(member: Member, sequence: number): void {
    const target = member.record.id;
    const claims = this.newsFor(member);
    this.send(addressOf(member), { kind: "ping", ...this.signature(), target, sequence, claims });
  }

  /** Sends what is new, if anything is. */
  private tell(member: Member): void {
    const claims = this.newsFor(member);
    if (claims.length > 0) this.send(addressOf(member), { kind: "gossip", ...this.signature(), claims });
  }

  private sendNack(to: Address, sequence: number): void {
    this.send(to, { kind: "nack", ...this.signature(), sequence, claims: [] });
  }

  private send(to: Address, message: Message): void {
    this.effects.push({ kind: "send", to, message });
  }

  private newsFor({ record }: Member): Message["claims"] {
    return this.beliefs.newsFor(record.id, this.newsBytesMax);
  }

  private signature(): Pick<Message, "sender" | "version"> {
    const { id, boot, incarnation } = this.self;
    return { sender: id, version: { boot, incarnation } };
  }

  // What changes of beliefs lead to.

  private believer(): Believer {
    const swim = this;
    return {
      random: this.random,
      timings: this.timings,
      health: this.health,
      counters: this.counters,
      get nowMs() {
        return swim.nowMs;
      },
      effect: (effect) => this.effects.push(effect),
      presenceChanged: (id, isPresent) => (isPresent ? this.probeOrder.add(id) : this.probeOrder.remove(id)),
      suspicionHeard: (id) => this.mayWitness(id),
      newerStateSeen: () => this.wantState(),
    };
  }

  /** Some of those who hear of a suspicion look for themselves at once: it is confirmed or cleared the sooner. */
  private mayWitness(id: NodeId): void {
    const witnesses = WITNESSES_PER_CONFIRMATION * this.timings.confirmations;
    if (fraction(this.random) < witnesses / this.table.presentCount) this.probe(id);
  }

  private wantTableOf(id: NodeId, lastSeenAt: Address): void {
    this.plan.want(() => {
      const member = this.table.get(id);
      return member === undefined ? lastSeenAt : addressOf(member);
    }, this.nowMs);
  }

  private wantState(): void {
    const isAhead = ({ record }: Member) => record.stateVersion > this.self.stateVersion;
    this.plan.want(() => this.beliefs.draw(1, isAhead).map(addressOf)[0], this.nowMs);
  }
}

function addressOf({ record: { host, clusterPort } }: Member): Address {
  return { host, port: clusterPort };
}
