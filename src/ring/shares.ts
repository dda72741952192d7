/**
 * How many copies of slots each member is to hold at most. In proportion to its weight, but spread comes first: a zone holds no more
 * than one copy of a slot while there are zones enough, and so does a host. What small zones and hosts cannot use the others hold, or
 * what they must hold beyond their weight the others are spared.
 */
import { groupBy } from "../base/groups.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import type { RingMember } from "./ring.js";

/** No member gets more than so many times what it is due. */
export const LOAD_CAP = 1.05;

/** Of each member the most slots it may be first owner of: whole numbers that are enough for all slots. */
export function primaryCaps(members: readonly RingMember[]): Int32Array {
  const total = weightOf(members);
  return capsOf(members, ({ weight }) => weight / total);
}

/** Of each member the most copies it may hold in all, if each slot has `copies`. */
export function copyCaps(members: readonly RingMember[], copies: number): Int32Array {
  const due = copiesDue(members, copies);
  return capsOf(members, (member) => due.get(member)!);
}

/** Whole numbers, rounded down where that is enough: one slot too many shows where there are few. */
function capsOf(members: readonly RingMember[], due: (member: RingMember) => number): Int32Array {
  return Int32Array.from(members, (member) => {
    const slots = SLOT_COUNT * due(member);
    return Math.min(SLOT_COUNT, Math.max(Math.floor(LOAD_CAP * slots), Math.ceil(slots)));
  });
}

/** Of each member the copies that it is due of an average slot, from 0 to 1: shared out among zones, then hosts, then members. */
function copiesDue(members: readonly RingMember[], copies: number): Map<RingMember, number> {
  const zones = groupsBy(members, ({ zone }) => zone).map((inZone) => groupsBy(inZone, ({ host }) => host));
  const hostCount = zones.flat().length;
  const everyHostHasOne = hostCount <= copies;
  const boundsOfZone = (hosts: readonly (readonly RingMember[])[]): Bounds => {
    if (zones.length >= copies) return { least: 0, most: 1 };
    if (!everyHostHasOne) return { least: 1, most: Math.min(hosts.length, copies - zones.length + 1) };
    return { least: hosts.length, most: Math.min(hosts.flat().length, copies - hostCount + hosts.length) };
  };
  const boundsOfHost = (onHost: readonly RingMember[]): Bounds =>
    everyHostHasOne
      ? { least: 1, most: Math.min(onHost.length, copies - hostCount + 1) }
      : { least: 0, most: 1 };

  const due = new Map<RingMember, number>();
  const ofZones = divide(copies, zones, { weight: (hosts) => weightOf(hosts.flat()), bounds: boundsOfZone });
  for (const [hosts, ofZone] of ofZones) {
    for (const [onHost, ofHost] of divide(ofZone, hosts, { weight: weightOf, bounds: boundsOfHost })) {
      const ofMembers = divide(ofHost, onHost, {
        weight: ({ weight }) => weight,
        bounds: () => ({ least: 0, most: 1 }),
      });
      for (const [member, ofMember] of ofMembers) due.set(member, ofMember);
    }
  }
  return due;
}

interface Bounds {
  readonly least: number;
  readonly most: number;
}

/**
 * Shares of a total in proportion to weight, within bounds that allow it. Round by round: of those that would break a bound, the side that
 * breaks it by more in sum is fixed there, and the rest shared again (as CSS resolves flexible lengths: Flexbox Level 1, 9.7).
 */
function divide<Part>(
  total: number,
  parts: readonly Part[],
  { weight, bounds }: { weight: (part: Part) => number; bounds: (part: Part) => Bounds },
): Map<Part, number> {
  const shares = new Map<Part, number>();
  let left = total;
  let open = parts.map((part) => ({ part, weight: weight(part), ...bounds(part) }));
  while (open.length > 0) {
    const weights = sumOf(open.map((each) => each.weight));
    const proposed = open.map((each) => {
      const share = (left * each.weight) / weights;
      const within = Math.min(each.most, Math.max(each.least, share));
      return { ...each, within, broken: within - share };
    });
    const broken = sumOf(proposed.map((each) => each.broken));
    const isFixed = (each: { broken: number }) =>
      broken === 0 || (broken > 0 ? each.broken > 0 : each.broken < 0);
    for (const each of proposed.filter(isFixed)) {
      shares.set(each.part, each.within);
      left -= each.within;
    }
    open = proposed.filter((each) => !isFixed(each));
  }
  return shares;
}

function groupsBy(members: readonly RingMember[], name: (member: RingMember) => string): RingMember[][] {
  return [...groupBy(members, name).values()];
}

function weightOf(members: readonly RingMember[]): number {
  return sumOf(members.map(({ weight }) => weight));
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
