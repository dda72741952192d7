/**
 * All members that this node knows of. Per member two registers: its record, of which the newest holds, and a verdict (alive,
 * suspect, dead, forgotten, each of one version), of which the newest and then the gravest holds; a record newer than
 * the verdict clears it. So claims merge: in any order, any number of times, all tables come to say the same.
 */
import { assert } from "../base/assert.js";
import type { Random } from "../host/random.js";
import type { Claim } from "./claim.js";
import { below, shuffle } from "./draws.js";
import {
  compareVersions,
  isDeparted,
  isPresent,
  type Member,
  type MemberRecord,
  type MemberVersion,
  type NodeId,
  type Status,
  statuses,
} from "./member.js";
import { mixMember, TableHash } from "./table-hash.js";

/** A few times the thousand nodes that we test with; a table of as many takes some MB. */
export const MEMBERS_MAX = 4096;

/** What a claim changed: the member now, and what it was before, if it was known. */
export interface Change {
  readonly member: Member;
  readonly before: Pick<Member, "record" | "status"> | undefined;
}

interface Entry extends Member {
  record: MemberRecord;
  status: Status;
  isOwner: boolean;
  sinceMs: number;
  verdict: Verdict;
  /** Its place in the list. */
  place: number;
}

interface Verdict extends MemberVersion {
  readonly status: Status;
  /** Who said so; of a suspicion nobody, for those may be several. */
  readonly by: NodeId;
}

export class MemberTable {
  private readonly byId = new Map<NodeId, Entry>();
  /** The same in no order, to draw from. */
  private readonly list: Entry[] = [];
  private owners: ReadonlySet<NodeId> = new Set();
  /** Members that take part: alive or suspect, and not left. */
  presentCount = 0;
  /** Of all that has not departed: equal tables have equal hashes. */
  readonly hash = new TableHash();

  get size(): number {
    return this.list.length;
  }

  get members(): Iterable<Member> {
    return this.list;
  }

  get(id: NodeId): Member | undefined {
    return this.byId.get(id);
  }

  /** The newest version that anything is known of. */
  versionOf(id: NodeId): MemberVersion | undefined {
    const entry = this.byId.get(id);
    if (entry === undefined) return undefined;
    return compareVersions(entry.verdict, entry.record) > 0 ? entry.verdict : entry.record;
  }

  /** Who said last that it is dead or forgotten. */
  declarerOf(id: NodeId): NodeId {
    return this.byId.get(id)?.verdict.by ?? NOBODY;
  }

  /**
   * Merges a claim. Undefined if it says nothing new, or nothing of use: that someone unknown is suspect or gone, or
   * someone new where no more fit. What changes may be the version alone.
   */
  merge(claim: Claim, nowMs: number): Change | undefined {
    if (claim.kind === "alive") return this.mergeRecord(claim.record, nowMs);
    const entry = this.byId.get(claim.id);
    if (entry === undefined) return undefined;
    const { verdict } = entry;
    const order = compareVersions(claim, verdict);
    if (order < 0 || (order === 0 && rankOf(claim.kind) <= rankOf(verdict.status))) return undefined;
    const { boot, incarnation } = claim;
    const by = claim.kind === "suspect" ? NOBODY : claim.by;
    return this.alter(entry, nowMs, () => {
      entry.verdict = { boot, incarnation, status: claim.kind, by };
    });
  }

  /** These own slots, and nobody else. */
  setOwners(owners: ReadonlySet<NodeId>): void {
    this.owners = owners;
    for (const entry of this.list) {
      const isOwner = owners.has(entry.record.id);
      if (entry.isOwner === isOwner) continue;
      this.uncount(entry);
      entry.isOwner = isOwner;
      this.count(entry);
    }
  }

  remove(id: NodeId): void {
    const entry = this.byId.get(id);
    if (entry === undefined) return;
    this.uncount(entry);
    this.byId.delete(id);
    const last = this.list.pop()!;
    if (last === entry) return;
    last.place = entry.place;
    this.list[entry.place] = last;
  }

  /** Up to `count` different members that are wanted, drawn at random. */
  draw(random: Random, count: number, isWanted: (member: Member) => boolean): Member[] {
    const { list } = this;
    if (list.length <= DRAW_ALL_MAX) {
      const wanted: Member[] = list.filter(isWanted);
      shuffle(random, wanted);
      return wanted.slice(0, count);
    }
    const drawn: Member[] = [];
    for (let looks = 0; looks < count * DRAWS_PER_MEMBER && drawn.length < count; looks++) {
      const member = list[below(random, list.length)]!;
      if (isWanted(member) && !drawn.includes(member)) drawn.push(member);
    }
    return drawn;
  }

  private mergeRecord(record: MemberRecord, nowMs: number): Change | undefined {
    const entry = this.byId.get(record.id);
    if (entry !== undefined) {
      if (compareVersions(record, entry.record) <= 0) return undefined;
      return this.alter(entry, nowMs, () => {
        entry.record = record;
      });
    }
    if (this.list.length >= MEMBERS_MAX) return undefined;
    const { boot, incarnation } = record;
    const verdict = { boot, incarnation, status: "alive", by: NOBODY } as const;
    const isOwner = this.owners.has(record.id);
    const place = this.list.length;
    const added: Entry = { record, status: "alive", isOwner, sinceMs: nowMs, verdict, place };
    this.byId.set(record.id, added);
    this.list.push(added);
    this.count(added);
    return { member: added, before: undefined };
  }

  private alter(entry: Entry, nowMs: number, change: () => void): Change {
    const before = { record: entry.record, status: entry.status };
    this.uncount(entry);
    change();
    const { record, verdict } = entry;
    entry.status = compareVersions(record, verdict) > 0 ? "alive" : verdict.status;
    if (entry.status !== before.status || record.lifecycle !== before.record.lifecycle) entry.sinceMs = nowMs;
    this.count(entry);
    return { member: entry, before };
  }

  private count(entry: Entry): void {
    if (isPresent(entry)) this.presentCount++;
    if (!isDeparted(entry)) this.hash.add(mixMember(entry));
  }

  private uncount(entry: Entry): void {
    if (isPresent(entry)) this.presentCount--;
    if (!isDeparted(entry)) this.hash.subtract(mixMember(entry));
    assert(this.presentCount >= 0, "no member is counted out twice");
  }
}

const NOBODY: NodeId = "0".repeat(32);

/** Up to so many members are looked at one by one when some are drawn. */
const DRAW_ALL_MAX = 16;
/** With as few as a fifth of the members wanted, two of three draws still find all they need. */
const DRAWS_PER_MEMBER = 8;

function rankOf(status: Status): number {
  return statuses.indexOf(status);
}
