import type { RecordState } from "#torus/delta/record-state.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { readState } from "#torus/keyspace/state-reader.js";
import { openKey } from "./small-keyspace.js";

/** The record of a key, a byte string, or what is left of it; undefined if nothing is. */
export function stateOf(keyspace: Keyspace, key: string): RecordState | undefined {
  openKey(keyspace, key);
  const { at, ghost, database } = keyspace;
  const place = at !== NOWHERE ? at : ghost;
  return place === NOWHERE ? undefined : readState(database, place);
}
