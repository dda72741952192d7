/**
 * What several sorted sets have in common, together, or the first alone, with scores. Sets count as sorted ones whose members all have
 * the score 1. They are those of open keys; they are only read, and nothing may change meanwhile.
 *
 * Scores are put together in the order of the sets' sizes, smallest first, as Redis does it: sums of doubles depend on it.
 */
import { type Location, NOWHERE } from "./arena.js";
import { liveLength } from "./entries-body.js";
import { EntryReader } from "./entry-reader.js";
import type { Keyspace } from "./keyspace.js";
import type { LiveField } from "./open-entries.js";
import { scoreOf } from "./ranked-members.js";
import { TYPE_ZSET } from "./record.js";

export interface Operand {
  /** NOWHERE stands for an empty set. */
  readonly at: Location;
  readonly weight: number;
}

/** Makes one score of two. */
export type Aggregate = (one: number, other: number) => number;

/** By member, a byte string (one character a byte, latin1). */
export type Scores = Map<string, number>;

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

export function unionOf(keyspace: Keyspace, operands: readonly Operand[], aggregate: Aggregate): Scores {
  const scores: Scores = new Map();
  for (const source of ascending(keyspace, operands)) {
    const { reader } = source;
    while (reader.nextLive()) {
      const member = nameOf(reader);
      const score = orZero(weighted(source));
      const before = scores.get(member);
      scores.set(member, before === undefined ? score : aggregate(before, score));
    }
  }
  return scores;
}

/** Walks the smallest and asks the others; ends with so many members, if a limit is given. */
export function intersectionOf(
  keyspace: Keyspace,
  operands: readonly Operand[],
  aggregate: Aggregate,
  limit = Number.POSITIVE_INFINITY,
): Scores {
  const scores: Scores = new Map();
  if (operands.some(({ at }) => at === NOWHERE)) return scores;
  const [smallest, ...others] = ascending(keyspace, operands);
  const { reader } = smallest!;
  while (scores.size < limit && reader.nextLive()) {
    let score: number | undefined = orZero(weighted(smallest!));
    for (const other of others) {
      score = holds(keyspace, other, reader) ? aggregate(score!, weighted(other)) : undefined;
      if (score === undefined) break;
    }
    if (score !== undefined) scores.set(nameOf(reader), score);
  }
  return scores;
}

/** The members of the first that none of the others has. */
export function differenceOf(keyspace: Keyspace, operands: readonly Operand[]): Scores {
  const scores: Scores = new Map();
  const [first, ...rest] = operands;
  if (first === undefined || first.at === NOWHERE) return scores;
  const others = ascending(keyspace, rest).reverse();
  const source = sourceOf(keyspace, first);
  const { reader } = source;
  while (reader.nextLive()) {
    if (!others.some((other) => holds(keyspace, other, reader))) scores.set(nameOf(reader), weighted(source));
  }
  return scores;
}

/** In the order of a sorted set. */
export function inOrder(scores: Scores): [member: string, score: number][] {
  return [...scores].sort(([a, left], [b, right]) => left - right || (a < b ? -1 : 1));
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

function holds({ hasher }: Keyspace, { reader }: Source, { field }: EntryReader): boolean {
  return reader.find(field, hasher) && reader.value !== null;
}

/** Of the member at hand. */
function weighted({ reader, weight, hasScores }: Source): number {
  return weight * (hasScores ? scoreOf(reader as LiveField) : 1);
}

function nameOf({ field: { bytes, start, end } }: EntryReader): string {
  return bytes.toString("latin1", start, end);
}

/** 0 times infinity, and infinity less infinity, count as 0. */
function orZero(score: number): number {
  return Number.isNaN(score) ? 0 : score;
}
