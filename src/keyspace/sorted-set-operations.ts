/**
 * What several sorted sets have in common, together, or the first alone, with scores. Sets count as sorted ones whose members all have
 * the score 1. They are those of open keys; they are only read, and nothing may change meanwhile.
 *
 * Scores are put together in the order of the sets' sizes, smallest first, as Redis does it: sums of doubles depend on it.
 */
import type { ByteRange } from "../base/bytes.js";
import { type Location, NOWHERE } from "./arena.js";
import { liveLength } from "./entries-body.js";
import { EntryReader } from "./entry-reader.js";
import type { Keyspace } from "./keyspace.js";
import type { LiveField } from "./open-entries.js";
import { scoreOf } from "./ranked-members.js";
import { TYPE_ZSET } from "./record.js";
import type { Aggregate, ScoredMembers } from "./scored-members.js";
import { difference } from "./set-operations.js";

export interface Operand {
  /** NOWHERE stands for an empty set. */
  readonly at: Location;
  readonly weight: number;
}

export interface Operation {
  readonly operands: readonly Operand[];
  readonly aggregate: Aggregate;
}

/** Told each member once. It answers false to hear of no more. */
export type VisitScored = (member: ByteRange, score: number) => boolean;

export const AGGREGATES: Readonly<Record<"sum" | "min" | "max", Aggregate>> = {
  // Of +inf and -inf.
  sum: (one, other) => orZero(one + other),
  min: (one, other) => (other < one ? other : one),
  max: (one, other) => (other > one ? other : one),
};

interface Source {
  readonly at: Location;
  readonly weight: number;
  readonly length: number;
  readonly reader: EntryReader;
  readonly hasScores: boolean;
}

export function unionOf(keyspace: Keyspace, { operands, aggregate }: Operation, into: ScoredMembers): void {
  const { hasher } = keyspace;
  for (const source of ascending(keyspace, operands)) {
    const { reader } = source;
    while (reader.nextLive()) {
      const { bytes, start, end } = reader.field;
      hasher.digest(bytes, start, end);
      into.merge(reader.field, hasher.hash, orZero(weighted(source)), aggregate);
    }
  }
}

/** Walks the smallest and asks the others. */
export function intersectionOf(
  keyspace: Keyspace,
  { operands, aggregate }: Operation,
  visit: VisitScored,
): void {
  if (operands.some(({ at }) => at === NOWHERE)) return;
  const [smallest, ...others] = ascending(keyspace, operands);
  const { reader } = smallest!;
  while (reader.nextLive()) {
    let score = orZero(weighted(smallest!));
    let isInAll = true;
    for (const other of others) {
      isInAll = other.reader.find(reader.field, keyspace.hasher) && other.reader.value !== null;
      if (!isInAll) break;
      score = aggregate(score, weighted(other));
    }
    if (isInAll && !visit(reader.field, score)) return;
  }
}

/** The members of the first that none of the others has. */
export function differenceOf(keyspace: Keyspace, operands: readonly Operand[], visit: VisitScored): void {
  const [first] = operands;
  if (first === undefined || first.at === NOWHERE) return;
  const source = sourceOf(keyspace, first);
  const sets = operands.map(({ at }) => at);
  difference(keyspace, sets, (member) => {
    // It is there: the walk just met it.
    source.reader.find(member, keyspace.hasher);
    return visit(member, weighted(source));
  });
}

function ascending(keyspace: Keyspace, operands: readonly Operand[]): Source[] {
  return operands
    .filter(({ at }) => at !== NOWHERE)
    .map((operand) => sourceOf(keyspace, operand))
    .sort((a, b) => a.length - b.length);
}

function sourceOf({ database }: Keyspace, { at, weight }: Operand): Source {
  const reader = new EntryReader();
  reader.open(database, at);
  const hasScores = database.records.type(at) === TYPE_ZSET;
  return { at, weight, length: liveLength(database, at), reader, hasScores };
}

/** Of the member at hand. */
function weighted({ reader, weight, hasScores }: Source): number {
  return weight * (hasScores ? scoreOf(reader as LiveField) : 1);
}

/** 0 times infinity, and infinity less infinity, count as 0. */
function orZero(score: number): number {
  return Number.isNaN(score) ? 0 : score;
}
