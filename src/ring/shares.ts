/**
 * How many copies of slots each member is to hold at most. In proportion to its weight, but a zone holds no more than one copy of a
 * slot while there are zones enough: small zones then hold less than their due, and what they lack the others hold.
 */
import { SLOT_COUNT } from "../base/key-hash.js";
import type { RingMember } from "./ring.js";
import { fractionOf } from "./tokens.js";

/** No member gets more than so many times what it is due. */
export const LOAD_CAP = 1.05;

/** Of each member the most slots it may be first owner of: whole numbers that are enough for all slots. */
export function primaryCaps(members: readonly RingMember[]): Int32Array {
  const total = sumOf(members.map(({ weight }) => weight));
  return capsOf(
    members.map(({ weight }) => (SLOT_COUNT * weight) / total),
    members,
    SLOT_COUNT,
  );
}

/** Of each member the most copies it may hold in all, if each slot has `copies`. */
export function copyCaps(members: readonly RingMember[], copies: number): Int32Array {
  const dueByZone = zoneShares(members, copies);
  const weightByZone = weightsByZone(members);
  const due = members.map(({ zone, weight }) => {
    // Within a zone nobody can hold more than every slot once.
    return Math.min(SLOT_COUNT, (SLOT_COUNT * dueByZone.get(zone)! * weight) / weightByZone.get(zone)!);
  });
  return capsOf(due, members, SLOT_COUNT * copies);
}

/**
 * Whole numbers, rounded down: one slot too many shows where there are few. Each member's is rounded from another fraction on, or
 * else all of them would fall by one at the same join and each full member lose a slot then.
 */
function capsOf(due: readonly number[], members: readonly RingMember[], total: number): Int32Array {
  const caps = Int32Array.from(due, (slots, index) => {
    const cap = Math.floor(LOAD_CAP * slots - fractionOf(members[index]!.id));
    return Math.min(SLOT_COUNT, Math.max(cap, Math.ceil(slots)));
  });
  const room = sumOf([...caps]);
  if (room >= total || members.length === 0) return caps;
  return caps.map((cap) => Math.min(SLOT_COUNT, cap + Math.ceil((total - room) / members.length)));
}

/** Copies of a slot, with a fraction, that each zone is to hold: in proportion to weight within bounds, by filling up what is left. */
function zoneShares(members: readonly RingMember[], copies: number): Map<string, number> {
  const weights = weightsByZone(members);
  const most = Math.max(1, copies - weights.size + 1);
  const isScarce = weights.size <= copies;
  const shares = new Map<string, number>();
  const open = new Map(weights);
  let left = copies;
  while (open.size > 0) {
    const total = sumOf([...open.values()]);
    const share = (weight: number) => (left * weight) / total;
    const outOfBounds = [...open].filter(
      ([, weight]) => share(weight) > most || (isScarce && share(weight) < 1),
    );
    if (outOfBounds.length === 0) {
      for (const [zone, weight] of open) shares.set(zone, share(weight));
      break;
    }
    for (const [zone, weight] of outOfBounds) shares.set(zone, share(weight) > most ? most : 1);
    for (const [zone] of outOfBounds) {
      left -= shares.get(zone)!;
      open.delete(zone);
    }
  }
  return shares;
}

function weightsByZone(members: readonly RingMember[]): Map<string, number> {
  const weights = new Map<string, number>();
  for (const { zone, weight } of members) weights.set(zone, (weights.get(zone) ?? 0) + weight);
  return weights;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
