/**
 * What several sets have in common, together, or the first alone. The sets are those of open keys; they are only read, and nothing
 * may change while a walk goes on.
 */
import type { ByteRange } from "../base/bytes.js";
import { type Location, NOWHERE } from "./arena.js";
import { liveLength } from "./entries-body.js";
import { EntryReader } from "./entry-reader.js";
import type { Keyspace } from "./keyspace.js";
import type { ByteView } from "./records.js";

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

/** Remembers what was met, about 100 bytes a member: to ask all sets before would take longer the more there are. */
export function union(keyspace: Keyspace, sets: readonly Location[], visit: VisitMember): void {
  const present = sets.filter((at) => at !== NOWHERE);
  const met = new Set<string>();
  for (const at of present) {
    const reader = readerOf(keyspace, at);
    while (reader.nextLive()) {
      const { field } = reader;
      if (present.length > 1) {
        const { size } = met;
        if (met.add(field.bytes.toString("latin1", field.start, field.end)).size === size) continue;
      }
      if (!visit(field)) return;
    }
  }
}

/** Walks the first set and asks the others, larger ones first: they are likelier to have a member. */
export function difference(keyspace: Keyspace, sets: readonly Location[], visit: VisitMember): void {
  const [first, ...rest] = sets;
  if (first === undefined || first === NOWHERE) return;
  const present = rest.filter((at) => at !== NOWHERE);
  const others = ascending(keyspace, present)
    .reverse()
    .map((at) => readerOf(keyspace, at));
  const reader = readerOf(keyspace, first);
  while (reader.nextLive()) {
    const { field } = reader;
    if (!others.some((other) => holds(keyspace, other, field)) && !visit(field)) return;
  }
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
