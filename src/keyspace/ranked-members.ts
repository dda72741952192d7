/**
 * The members of the open sorted set by rank: 0 is that of the lowest score. All that ZRANGE, ZCOUNT and their kin ask for is a range
 * of ranks, whatever the form of the set.
 */
import type { ByteRange } from "../base/bytes.js";
import { compareRanges, readScore } from "../delta/score.js";
import type { Location } from "./arena.js";
import type { Database } from "./database.js";
import { PACKED } from "./entries-body.js";
import type { EntryReader } from "./entry-reader.js";
import type { Keyspace } from "./keyspace.js";
import type { LiveField } from "./open-entries.js";
import { PopFetch } from "./pop-fetch.js";
import { BEFORE, BEHIND, type ScoreOrder, type Side } from "./score-order.js";

/** Ranks `from` to before `end`; none if `end` is no higher. */
export interface RankRange {
  readonly from: number;
  readonly end: number;
}

/** An end of a range of scores, or of members in the order of their bytes. An excluded one is not in the range itself. */
export interface ScoreBound {
  readonly score: number;
  readonly isExcluded: boolean;
}

export interface MemberBound {
  /** `-` and `+`, the lowest and the highest there can be, are `null`. */
  readonly member: ByteRange | null;
  readonly isHighest: boolean;
  readonly isExcluded: boolean;
}

/** The member, with its score as value, is valid until the next one or change. */
export type VisitRanked = (member: LiveField) => void;

/** So many members are asked of an order at once. */
const BATCH = 256;

/** One serves any number of sets, one at a time, and none over a change. */
export class RankedMembers {
  length = 0;
  #reader!: EntryReader;
  /** What orders it has it is asked anew: those of before a flush would keep all that was flushed in memory. */
  #database!: Database;
  #table = PACKED;
  /** Of packed members: where they are, by rank. */
  readonly #positions: number[] = [];
  readonly #batch: Location[] = [];
  #fetch: PopFetch | null = null;

  /** Looks at the open record, which is a sorted set. */
  open(keyspace: Keyspace): void {
    const { openEntries, database } = keyspace;
    const reader = openEntries.entries();
    this.#reader = reader;
    this.#database = database;
    this.#table = reader.table;
    if (this.#positions.length > 0) this.#positions.length = 0;
    if (this.#table === PACKED) {
      while (reader.nextLive()) this.#positions.push(reader.position);
      this.length = this.#positions.length;
    } else {
      this.length = database.fields.liveCount(this.#table);
    }
  }

  /** Then ranks are of the set as it was opened; otherwise of the set as it is. */
  get isPacked(): boolean {
    return this.#table === PACKED;
  }

  get #order(): ScoreOrder {
    return this.#database.fields.order;
  }

  /** The rank of a member that the set has. */
  rankOf(member: LiveField): number {
    const position = this.#reader.position;
    if (this.#table !== PACKED) return this.#order.rankOf(this.#table, member.at);
    return this.#positions.indexOf(position);
  }

  /** Where the member is that was just visited, for `memberAt`; valid until the set changes. */
  get position(): number {
    return this.#reader.position;
  }

  /** The member of a rank that the set has. */
  memberOf(rank: number): LiveField {
    return this.memberAt(
      this.#table === PACKED ? this.#positions[rank]! : this.#order.entryOf(this.#table, rank),
    );
  }

  /** The first member, or the last, is about to be popped: those behind it may be next. */
  popping({ hasher }: Keyspace, isReversed: boolean): void {
    if (this.#table === PACKED) return;
    this.#fetch ??= new PopFetch(hasher);
    this.#fetch.popping(this.#database, this.#table, this.length, isReversed);
  }

  memberAt(position: number): LiveField {
    this.#reader.goTo(position);
    return this.#reader as LiveField;
  }

  /** The ranks of scores in a range, ends included unless they say otherwise. */
  rangeOfScores(lowest: ScoreBound, highest: ScoreBound): RankRange {
    return {
      from: this.#countByScore(lowest.score, lowest.isExcluded ? BEHIND : BEFORE),
      end: this.#countByScore(highest.score, highest.isExcluded ? BEFORE : BEHIND),
    };
  }

  /** The ranks of members in a range, if all have one score; if not, what is answered means little, as it does in Redis. */
  rangeOfMembers(lowest: MemberBound, highest: MemberBound): RankRange {
    return {
      from: this.#countByBound(lowest, lowest.isExcluded ? BEHIND : BEFORE),
      end: this.#countByBound(highest, highest.isExcluded ? BEFORE : BEHIND),
    };
  }

  /** Visits the members of a range that the set has, in their order or from the last one to the first. */
  forEach({ from, end }: RankRange, isReversed: boolean, visit: VisitRanked): void {
    for (let done = from; done < end; ) {
      const left = end - done;
      const rank = isReversed ? Math.max(from, end - (done - from) - BATCH) : done;
      const count = isReversed ? Math.min(BATCH, left) : left;
      done += this.#visitSome(rank, count, isReversed, visit);
    }
  }

  /** Visits up to `count` members from a rank on, and answers how many. Of reversed ones all, for they were asked from their last one. */
  #visitSome(rank: number, count: number, isReversed: boolean, visit: VisitRanked): number {
    const reader = this.#reader;
    let positions = this.#positions;
    let first = rank;
    let end = rank + count;
    if (this.#table !== PACKED) {
      positions = this.#batch;
      positions.length = 0;
      const wanted = Math.min(count, BATCH);
      do this.#order.collect(this.#table, rank + positions.length, wanted - positions.length, positions);
      while (positions.length < wanted);
      first = 0;
      end = positions.length;
    }
    for (let i = first; i < end; i++) {
      reader.goTo(positions[isReversed ? end - 1 - (i - first) : i]!);
      visit(reader as LiveField);
    }
    return end - first;
  }

  #countByScore(score: number, side: Side): number {
    if (this.#table !== PACKED) return this.#order.countByScore(this.#table, score, side);
    return this.#countPacked((reader) => {
      const there = scoreOf(reader as LiveField);
      return there < score || (side === BEHIND && there === score);
    });
  }

  #countByBound({ member, isHighest }: MemberBound, side: Side): number {
    if (member === null) return isHighest ? this.length : 0;
    if (this.#table !== PACKED) return this.#order.countByMember(this.#table, member, side);
    return this.#countPacked(({ field }) => {
      const order = compareRanges(field, member);
      return order < 0 || (side === BEHIND && order === 0);
    });
  }

  /** How many members, which are the first ones, are below something. */
  #countPacked(isBelow: (reader: EntryReader) => boolean): number {
    let low = 0;
    let high = this.#positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      this.#reader.goTo(this.#positions[middle]!);
      if (isBelow(this.#reader)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function scoreOf({ value: { bytes, start, end } }: LiveField): number {
  return readScore(bytes, start, end);
}
