import { Prng } from "#torus/base/prng.js";
import { HybridClock } from "#torus/delta/hybrid-clock.js";
import { AccessClock } from "#torus/keyspace/access-clock.js";
import { Keyspace } from "#torus/keyspace/keyspace.js";

export const START_MS = 1_700_000_000_000;

export interface SmallKeyspaceOptions {
  readonly seed?: number;
  readonly origin?: number;
  readonly keepTombstones?: boolean;
}

/** A keyspace of two databases without a node around it, at `START_MS`. */
export function smallKeyspace({
  seed = 1,
  origin = 7,
  keepTombstones = false,
}: SmallKeyspaceOptions = {}): Keyspace {
  const prng = new Prng(seed);
  const keyspace = new Keyspace({
    databases: 2,
    origin,
    clock: new HybridClock(),
    access: new AccessClock(() => prng.uint32()),
    seedWord: () => prng.uint32(),
  });
  keyspace.keepTombstones = keepTombstones;
  keyspace.tick(START_MS);
  return keyspace;
}

/** Opens a key given as a byte string (one character a byte). */
export function openKey(keyspace: Keyspace, key: string): void {
  const bytes = Buffer.from(key, "latin1");
  keyspace.open(bytes, 0, bytes.length);
}
