/**
 * What several sets have in common, together, or the first alone. The sets are those of open keys; they are only read, and nothing
 * may change while a walk goes on.
 */
import type { ByteRange } from "../base/bytes.js";
import { type Location, NOWHERE } from "./arena.js";
import { liveLength, PACKED } from "./entries-body.js";
import { EntryReader } from "./entry-reader.js";
import type { Keyspace } from "./keyspace.js";
import { MemberMemory } from "./member-memory.js";
import type { ByteView } from "./records.js";

/** With more sets to ask about each member of a union, those that follow are remembered. */
const ASKED_MAX = 8;

/** Told each member once. It answers false to hear of no more. */
export type VisitMember = (member: ByteView) => boolean;
/** The records of the sets in one database; NOWHERE stands for an empty set. */
export type SetOperation = (keyspace: Keyspace, sets: readonly Location[], visit: VisitMember) => void;

/** Walks the smallest set and asks the others, smaller ones first: they refuse most. */
export function intersection(keyspace: Keyspace, sets: readonly Location[], visit: VisitMember): void {
  if (sets.includes(NOWHERE)) return;
  const [smallest, ...others] = ascending(keyspace, sets).map((at) => readerOf(keyspace, at));
  while (smallest!.nextLive()) {
    const { field } = smallest!;
    if (others.every((other) => holds(keyspace, other, field)) && !visit(field)) return;
  }
}

/**
 * Walks the largest set first, and asks the sets walked before whether they have a member. What is slow to ask, or would be many sets to
 * ask, is remembered instead.
 */
export function union(keyspace: Keyspace, sets: readonly Location[], visit: VisitMember): void {
  const present = sets.filter((at) => at !== NOWHERE);
  const asked: EntryReader[] = [];
  const memory = new MemberMemory();
  for (const [i, at] of ascending(keyspace, present).reverse().entries()) {
    const reader = readerOf(keyspace, at);
    const isLast = i === present.length - 1;
    let isRemembered = !isLast && (isSlowToAsk(reader) || asked.length >= ASKED_MAX);
    while (reader.nextLive()) {
      const { field } = reader;
      if (memory.has(field) || asked.some((other) => holds(keyspace, other, field))) continue;
      if (!visit(field)) return;
      if (isRemembered) isRemembered = memory.add(field);
    }
    if (!isRemembered) asked.push(reader);
  }
}

/** Walks the first set and asks the others, larger ones first: they are likelier to have a member. */
export function difference(keyspace: Keyspace, sets: readonly Location[], visit: VisitMember): void {
  const [first, ...rest] = sets;
  if (first === undefined || first === NOWHERE) return;
  const others = rest.filter((at) => at !== NOWHERE);
  const asked: EntryReader[] = [];
  const memory = new MemberMemory();
  const areRemembered = areSlowToAsk(keyspace, first, others);
  for (const at of ascending(keyspace, others)) {
    const other = readerOf(keyspace, at);
    const isRemembered = (areRemembered || isSlowToAsk(other)) && rememberAll(memory, other);
    if (!isRemembered) asked.unshift(other);
  }
  const reader = readerOf(keyspace, first);
  while (reader.nextLive()) {
    const { field } = reader;
    if (memory.has(field) || asked.some((other) => holds(keyspace, other, field))) continue;
    if (!visit(field)) return;
  }
}

/**
 * Whether to walk all sets is less than to ask the others about each member of the first: what Redis decides by between its two algorithms
 * for SDIFF (t_set.c), by the same figures.
 */
function areSlowToAsk({ database }: Keyspace, first: Location, others: readonly Location[]): boolean {
  const lengths = [first, ...others].map((at) => liveLength(database, at));
  const walked = lengths.reduce((sum, length) => sum + length, 0);
  return (lengths[0]! * lengths.length) / 2 > walked;
}

/** False if not all members of the set could be remembered. */
function rememberAll(memory: MemberMemory, reader: EntryReader): boolean {
  while (reader.nextLive()) if (!memory.add(reader.field)) return false;
  return true;
}

/** What is packed has to be walked to find a member. */
function isSlowToAsk({ table }: EntryReader): boolean {
  return table === PACKED;
}

function ascending({ database }: Keyspace, sets: readonly Location[]): Location[] {
  return sets
    .map((at) => ({ at, length: liveLength(database, at) }))
    .sort((a, b) => a.length - b.length)
    .map(({ at }) => at);
}

function readerOf({ database }: Keyspace, at: Location): EntryReader {
  const reader = new EntryReader();
  reader.open(database, at);
  return reader;
}

function holds({ hasher }: Keyspace, reader: EntryReader, member: ByteRange): boolean {
  return reader.find(member, hasher) && reader.value !== null;
}
