/** What tests of copies do with nodes that own the same slots. */
import { expect } from "chai";
import { slotOf } from "#torus/base/key-hash.js";
import type { Prng } from "#torus/base/prng.js";
import { contentsOf } from "../../support/keyspace-contents.js";
import type { SimReplica } from "../../support/sim-replica.js";

export const KEYS: readonly string[] = Array.from({ length: 40 }, (_, i) => `key:${i}`);

export function slot(key: string): number {
  return slotOf(Buffer.from(key), 0, key.length);
}

/** All hold the same at the latest of their times, once each has fetched the records that it knows that it lacks. */
export function expectEqual(...owners: readonly SimReplica[]): void {
  const nowMs = Math.max(
    ...owners.map(({ host, keyspace }) => Math.max(host.clock.wallMs(), keyspace.clock.nowMs())),
  );
  for (const { keyspace } of owners) keyspace.tick(nowMs);
  while (owners.some(({ missing }) => missing.length > 0)) {
    for (const owner of owners) owner.fetchMissing(owners);
  }
  const [first, ...others] = owners.map(({ keyspace }) => contentsOf(keyspace, KEYS));
  for (const other of others) expect(other).to.deep.equal(first);
}

export interface Writing {
  readonly count: number;
  /** About so long are values. */
  readonly valueBytes?: number;
  readonly keys?: readonly string[];
  /** Whether some keys expire soon. */
  readonly expire?: boolean;
}

/** Some writes of every kind, each a batch. */
export function write(
  owner: SimReplica,
  prng: Prng,
  { count, valueBytes = 20, keys = KEYS, expire = true }: Writing,
): void {
  for (let i = 0; i < count; i++) {
    const key = keys[prng.below(keys.length)]!;
    const value = "v".repeat(1 + prng.below(2 * valueBytes));
    const commands = [
      ["set", key, value],
      ["append", key, "x"],
      ["del", key],
      ["hset", key, `f${prng.below(9)}`, value],
      ["hdel", key, `f${prng.below(9)}`],
      ["incr", key],
      ["setrange", key, "3", "yy"],
      ["set", key, value, "PX", `${1 + prng.below(300)}`],
      ["pexpire", key, `${1 + prng.below(300)}`],
      ["persist", key],
    ];
    owner.execute(commands[prng.below(expire ? commands.length : 7)]!);
  }
}

/** Copies all that one node has to another that it ships to, and says so: as the repair of copies does. */
export function repair(from: SimReplica, to: SimReplica): void {
  const shipper = from.shipperTo(to.name);
  const { gaps } = shipper.reach;
  to.mergeAllOf(from);
  expect(shipper.repaired(gaps)).to.equal(true);
}

/** The same, and time for what waited for it. */
export async function repaired(from: SimReplica, to: SimReplica): Promise<void> {
  repair(from, to);
  await from.world.advance(20);
}
