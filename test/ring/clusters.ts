import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { movement } from "#torus/ring/movement.js";
import { Ring, type RingMember } from "#torus/ring/ring.js";

/** Members of equal weight in one zone, each on a host of its own. `seed` makes other ids. */
export function equalMembers(count: number, seed = ""): RingMember[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `${seed}node-${i}`,
    weight: 1,
    zone: "",
    host: `host-${i}`,
  }));
}

/** How many slots each member owns: as the first owner, and in all. */
export function loadsOf(ring: Ring): { primaries: Map<string, number>; copies: Map<string, number> } {
  const primaries = new Map(ring.members.map(({ id }) => [id, 0]));
  const copies = new Map(primaries);
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const owners = ring.ownersOf(slot);
    primaries.set(owners[0]!, primaries.get(owners[0]!)! + 1);
    for (const id of owners) copies.set(id, copies.get(id)! + 1);
  }
  return { primaries, copies };
}

/** Copies that a join of one more member makes move, as a multiple of what the new member is due. */
export function joinMovement(count: number, copies: number, seed: string): number {
  const members = equalMembers(count + 1, seed);
  const [from, to] = [Ring.of(members.slice(0, count), { copies }), Ring.of(members, { copies })];
  const moved = movement(from, to).reduce((sum, { gained }) => sum + gained.length, 0);
  return moved / ((SLOT_COUNT * to.copies) / (count + 1));
}

export function busiest(loads: ReadonlyMap<string, number>): number {
  const values = [...loads.values()];
  return Math.max(...values) / (values.reduce((sum, value) => sum + value, 0) / values.length);
}
