import { expect } from "chai";
import { huskOf, isExpired, type RecordState } from "#torus/delta/record-state.js";
import { birthLife, floorOfRemains } from "#torus/delta/remains.js";
import { maxVersion, type Version } from "#torus/delta/version.js";
import { type Location, NOWHERE } from "#torus/keyspace/arena.js";
import type { Database } from "#torus/keyspace/database.js";
import { isGhost } from "#torus/keyspace/ghost.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { readState } from "#torus/keyspace/state-reader.js";
import { bytesOf } from "../delta/bytes-of.js";

/** What a keyspace knows of some keys, as text to compare; looking changes nothing. */
export type Contents = Record<string, string>;

/**
 * Records with their lives, registers and bodies, and the floors of their slots. Who has looked at an expired record makes
 * no difference, nor what is kept of its body: it counts as a husk, or as nothing where none are kept.
 */
export function contentsOf(keyspace: Keyspace, keys: readonly string[]): Contents {
  const contents: Contents = {};
  for (const database of keyspace.databases) {
    const births = new Map<number, Version>();
    for (const key of keys) {
      const { slot } = find(keyspace, database, key);
      const floors = database.floorsOf(slot);
      births.set(slot, maxVersion(births.get(slot) ?? birthLife(floors), birthLife(floors)));
      const state = stateOf(keyspace, database, key);
      const left = state && leftOf(keyspace, state);
      if (state !== undefined && left === undefined) {
        births.set(slot, maxVersion(births.get(slot)!, floorOfRemains(state, keyspace.nowMs)!));
      }
      contents[`${database.number}:${key}`] = bytesOf(left);
      contents[`${database.number}: flush floor of ${slot}`] = shown(floors.flush);
    }
    for (const [slot, birth] of births) contents[`${database.number}: birth in ${slot}`] = shown(birth);
  }
  return contents;
}

/** What a key has, whoever sees it. */
export function stateOf(keyspace: Keyspace, database: Database, key: string): RecordState | undefined {
  const { at } = find(keyspace, database, key);
  return at === NOWHERE ? undefined : readState(database, at);
}

function leftOf({ nowMs, keepTombstones }: Keyspace, state: RecordState): RecordState | undefined {
  if (!isExpired(state, nowMs)) return state;
  return keepTombstones ? huskOf(state) : undefined;
}

function shown({ clock, origin }: Version): string {
  return `${clock} ${origin}`;
}

function find(keyspace: Keyspace, database: Database, key: string): { at: Location; slot: number } {
  const bytes = Buffer.from(key, "latin1");
  const { hasher } = keyspace;
  hasher.digest(bytes, 0, bytes.length);
  const { slot, hash } = hasher;
  return { at: database.index.find(slot, hash, bytes, 0, bytes.length), slot };
}

/** Holds the counts of keys, of keys with a deadline and of records to those of these keys: there are no others. */
export function expectSoundCounts(keyspace: Keyspace, keys: readonly string[]): void {
  for (const database of keyspace.databases) {
    const found = keys.map((key) => find(keyspace, database, key));
    const records = found.map(({ at }) => at).filter((at) => at !== NOWHERE);
    const seen = records.filter((at) => !isGhost(database, at));
    const expiring = seen.filter((at) => database.records.deadline(at) !== 0);
    expect(database.size).to.equal(seen.length);
    expect(database.expiringCount).to.equal(expiring.length);
    if (!keyspace.keepTombstones) expect(records.length).to.equal(seen.length);
    const slots = new Set(found.map(({ slot }) => slot));
    const indexed = [...slots].reduce((sum, slot) => sum + database.index.count(slot), 0);
    expect(indexed).to.equal(records.length);
  }
}
