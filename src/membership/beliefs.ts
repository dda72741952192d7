/**
 * What this node believes of all members, how claims change that, and which of it is still to be told. It talks to nobody:
 * who is asked and told when, others decide (swim.ts).
 *
 * Invariant: what the table holds follows from the claims merged into it, not from their order (member-table.ts).
 */
import type { Random } from "../host/random.js";
import { type Claim, type GoneClaim, idOf, type SuspectClaim, versionOf } from "./claim.js";
import { claimBytes } from "./claim-codec.js";
import { Dissemination, sendsFor } from "./dissemination.js";
import type { LocalHealth } from "./local-health.js";
import {
  compareVersions,
  isDeparted,
  isPresent,
  type Member,
  type MemberRecord,
  type NodeId,
} from "./member.js";
import { type Change, MEMBERS_MAX, MemberTable } from "./member-table.js";
import { drawOrigin, mustYieldOrigin } from "./origins.js";
import { OwnRecord } from "./own-record.js";
import type { Timings } from "./presets.js";
import { Suspicions } from "./suspicions.js";
import type { Effect, RecordChanges, SwimCounters, TableClaim } from "./swim-events.js";

/** Who acts on it. */
export interface Believer {
  readonly random: Random;
  readonly timings: Timings;
  readonly health: LocalHealth;
  readonly counters: SwimCounters;
  /** The time of the event at hand. */
  readonly nowMs: number;
  effect(effect: Effect): void;
  /** A member other than this node takes part from now on, or does not any more. */
  presenceChanged(id: NodeId, isPresent: boolean): void;
  /** Somebody else suspects it. */
  suspicionHeard(id: NodeId): void;
  /** A member has a newer version of what members share beside the table. */
  newerStateSeen(): void;
}

/** So many entries of the news are tried for a place in a datagram that holds a tenth as many. */
const LOOKS_PER_DATAGRAM = 256;

export class Beliefs {
  readonly table = new MemberTable();
  readonly suspicions: Suspicions;
  private readonly news = new Dissemination();
  private readonly own: OwnRecord;
  /** The origin that another member keeps, so that it is said once. */
  private originLost = 0;
  /** What is heard at this moment is news to nobody but us. */
  private isBehind = false;

  constructor(
    self: MemberRecord,
    private readonly believer: Believer,
  ) {
    this.own = new OwnRecord(self);
    this.suspicions = new Suspicions(believer.timings);
    this.tellOwnRecord();
  }

  get self(): MemberRecord {
    return this.own.record;
  }

  get hasNews(): boolean {
    return !this.news.isEmpty;
  }

  isPresent(id: NodeId): boolean {
    const member = this.table.get(id);
    return member !== undefined && isPresent(member);
  }

  /** Others that take part, drawn at random. */
  draw(count: number, isWanted: (member: Member) => boolean): Member[] {
    return this.table.draw(this.believer.random, count, (member) => {
      return member.record.id !== this.self.id && isPresent(member) && isWanted(member);
    });
  }

  hear(claim: Claim): void {
    if (idOf(claim) === this.self.id) this.hearOfSelf(claim);
    else if (claim.kind === "alive") this.hearRecord(claim.record);
    else if (claim.kind === "suspect") this.hearSuspicion(claim);
    else this.hearGone(claim);
  }

  /**
   * Takes what another member's table says. It may be old, and who it says is dead may have come back: so its word is no more
   * than an accusation. If most of what we know came with it, it is we who were behind, and nobody else needs to hear it.
   */
  learn(claims: readonly TableClaim[], from: NodeId): void {
    const newer = claims.filter((claim) => this.isNewer(claim)).length;
    this.isBehind = newer > this.table.presentCount;
    for (const claim of claims) this.hear(this.asAccusation(claim, from));
    this.isBehind = false;
  }

  /** Takes what was known in an earlier life: no news to anyone. */
  remember(records: readonly MemberRecord[]): void {
    this.isBehind = true;
    for (const record of records) if (record.id !== this.self.id) this.hearRecord(record);
    this.isBehind = false;
  }

  updateSelf(changes: RecordChanges): void {
    this.own.update(changes);
    if (this.self.origin !== this.originLost) this.originLost = 0;
    this.tellOwnRecord();
  }

  /** This node found out for itself. Says whether the member is suspect now. */
  accuse(id: NodeId): boolean {
    const version = this.table.versionOf(id);
    if (version === undefined || !this.isPresent(id)) return false;
    const { boot, incarnation } = version;
    this.hearSuspicion({ kind: "suspect", id, boot, incarnation, accusers: [this.self.id] });
    return true;
  }

  /** Ends the suspicions that ran out. */
  declareDead(): void {
    for (const id of this.suspicions.due(this.believer.nowMs)) {
      this.suspicions.end(id);
      this.believer.counters.deathsDeclared++;
      this.declare(id, "dead");
    }
  }

  /** Only who does not take part can be forgotten. */
  forget(id: NodeId): void {
    if (id !== this.self.id && !this.isPresent(id)) this.declare(id, "forgotten");
  }

  /** Drops the departed whose time is up. */
  reap(): void {
    const { timings, nowMs } = this.believer;
    const isOver = (member: Member) => {
      const keptMs = member.status === "forgotten" ? timings.forgottenKeptMs : timings.departedKeptMs;
      return isDeparted(member) && nowMs - member.sinceMs >= keptMs;
    };
    for (const member of [...this.table.members].filter(isOver)) this.drop(member);
  }

  /** What fits into so many bytes, least told first; but first of all what is believed of the receiver itself, if it is bad. */
  newsFor(receiver: NodeId, bytesMax: number): Claim[] {
    let room = bytesMax;
    const claims: Claim[] = [];
    const add = (claim: Claim): boolean => {
      const bytes = claimBytes(claim);
      if (bytes > room) return false;
      room -= bytes;
      claims.push(claim);
      return true;
    };
    const known = this.table.get(receiver);
    const isIll = known !== undefined && known.status !== "alive";
    if (isIll) add(this.claimOf(known));
    const sendsMax = sendsFor(this.table.presentCount, this.believer.timings.sendsPerDecade);
    this.news.pick({ sendsMax, looksMax: LOOKS_PER_DATAGRAM }, (id) => {
      const member = this.table.get(id);
      const isTold = isIll && id === receiver;
      return member !== undefined && !isTold && add(this.claimOf(member));
    });
    return claims;
  }

  /** As it is told to others. */
  claimOf({ record, status }: Member): Claim {
    if (status === "alive") return { kind: "alive", record };
    const { id } = record;
    const { boot, incarnation } = this.table.versionOf(id) ?? record;
    if (status !== "suspect") {
      return { kind: status, id, boot, incarnation, by: this.table.declarerOf(id) };
    }
    return { kind: "suspect", id, boot, incarnation, accusers: this.suspicions.accusersOf(id) };
  }

  private isNewer(claim: TableClaim): boolean {
    const known = this.table.versionOf(idOf(claim));
    return known === undefined || compareVersions(versionOf(claim), known) > 0;
  }

  private asAccusation(claim: TableClaim, from: NodeId): Claim {
    if (claim.kind !== "dead" || !this.isPresent(claim.id)) return claim;
    const { id, boot, incarnation } = claim;
    return { kind: "suspect", id, boot, incarnation, accusers: [from] };
  }

  private hearRecord(record: MemberRecord): void {
    const isNew = this.table.get(record.id) === undefined;
    if (isNew && this.table.size >= MEMBERS_MAX && !this.makeRoom()) {
      this.believer.counters.tableFull++;
      return;
    }
    const change = this.table.merge({ kind: "alive", record }, this.believer.nowMs);
    if (change === undefined) return;
    if (change.member.status !== "suspect") this.suspicions.end(record.id);
    this.changed(change);
    this.settleOrigin(record);
    if (record.stateVersion > this.self.stateVersion) this.believer.newerStateSeen();
  }

  private hearSuspicion(claim: SuspectClaim): void {
    const { id, accusers } = claim;
    const { nowMs, counters } = this.believer;
    if (this.table.get(id)?.record.lifecycle === "left") return;
    const change = this.table.merge(claim, nowMs);
    const version = this.table.versionOf(id);
    const isSuspect = this.table.get(id)?.status === "suspect";
    // Of an earlier life, or of one that is known to be over.
    if (!isSuspect || version === undefined || compareVersions(claim, version) !== 0) return;
    if (change !== undefined) {
      this.suspicions.begin(id, { members: this.table.presentCount, nowMs });
      counters.suspicions++;
    }
    let isNews = false;
    for (const accuser of accusers) isNews = this.suspicions.accuse(id, accuser) || isNews;
    if (change !== undefined) this.changed(change);
    else if (isNews) this.news.add(id);
    if (change !== undefined && !accusers.includes(this.self.id)) this.believer.suspicionHeard(id);
  }

  private hearGone(claim: GoneClaim): void {
    const change = this.table.merge(claim, this.believer.nowMs);
    if (change?.member.status !== claim.kind) return;
    this.suspicions.end(claim.id);
    this.changed(change);
  }

  private hearOfSelf(claim: Claim): void {
    const verdict = this.own.judge(claim);
    if (verdict === "agreed") return;
    if (verdict === "superseded") {
      const reason = "a later life of this node, or another process with its id, is a member of the cluster";
      this.believer.effect({ kind: "superseded", reason });
      return;
    }
    if (verdict === "refuted") {
      this.believer.counters.refutations++;
      this.believer.health.worsened();
      if (claim.kind === "forgotten") this.believer.effect({ kind: "forgotten", by: claim.by });
    }
    this.tellOwnRecord();
  }

  private tellOwnRecord(): void {
    const change = this.table.merge({ kind: "alive", record: this.self }, this.believer.nowMs);
    if (change !== undefined) this.changed(change);
    // It may be no change, and yet news to those who said something else of us.
    this.news.add(this.self.id);
    for (const { record } of this.table.members) this.settleOrigin(record);
  }

  private declare(id: NodeId, kind: GoneClaim["kind"]): void {
    const version = this.table.versionOf(id);
    if (version === undefined) return;
    const { boot, incarnation } = version;
    this.hearGone({ kind, id, boot, incarnation, by: this.self.id });
  }

  private changed(change: Change): void {
    const { member, before } = change;
    const { id } = member.record;
    const wasPresent = before !== undefined && isPresent(before);
    if (!this.isBehind) this.news.add(id);
    this.believer.effect({ kind: "changed", change });
    if (isPresent(member) !== wasPresent && id !== this.self.id) {
      this.believer.presenceChanged(id, !wasPresent);
    }
  }

  private settleOrigin(other: MemberRecord): void {
    if (this.originLost === this.self.origin || !mustYieldOrigin(this.self, other)) return;
    this.originLost = this.self.origin;
    const free = drawOrigin(this.table.members, this.believer.random);
    this.believer.effect({ kind: "origin-taken", by: other.id, free });
  }

  /** Drops the member that departed first, if any did. */
  private makeRoom(): boolean {
    let oldest: Member | undefined;
    for (const member of this.table.members) {
      if (isDeparted(member) && (oldest === undefined || member.sinceMs < oldest.sinceMs)) oldest = member;
    }
    if (oldest === undefined || oldest.record.id === this.self.id) return false;
    this.drop(oldest);
    return true;
  }

  private drop(member: Member): void {
    const { id } = member.record;
    if (id === this.self.id) return;
    this.news.remove(id);
    this.table.remove(id);
    this.believer.effect({ kind: "dropped", member });
  }
}
