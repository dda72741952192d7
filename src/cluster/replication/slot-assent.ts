/**
 * Whether this node can agree that slots take a birth floor: all that it executed for them by now is with all their other owners, it is in
 * sync with those, and none of that can be lost any more. It is the same question for the node that means to collect and for all
 * others; when each has said so, all have all up to the floor (docs/formats/delta.md, rule 3).
 *
 * Nodes that have been away for too long are *absent*: nobody asks for them, if those that are left are enough to know of all that a
 * majority has, and no other part of the cluster can do the same without them. They are left out (absences.ts).
 */
import { addToGroup } from "../../base/groups.js";
import type { Clock } from "../../host/clock.js";
import { pause, type Timers } from "../../host/timers.js";
import { SlotSet } from "../slot-set.js";

/** Others say once a second what of what they have lasts, if their logs are synced so often. */
const WAIT_MAX_MS = 3000;
const LOOK_PERIOD_MS = 50;

/** What a node knows of its slots and of who else owns them. */
export interface SlotStanding {
  /** Names who owns what, as this node sees it: the same on all who see the same. */
  readonly placement: string;
  /** Ids of all other owners of a slot, current and pending, in any order; undefined if this node is none. */
  coOwnersOf(slot: number): readonly string[] | undefined;
  /** Whether this node executes for the slot. */
  isActing(slot: number): boolean;
  /** Behind what it executed last for a slot (`LocalStream.localPositionOf`). */
  positionOf(slot: number): number;
  /**
   * Whether all other owners of a slot but those that are absent have all that this node executed for it up to a position, before it
   * started this time too, and keep that (`OwnerReach.keeps`).
   */
  isKept(slot: number, position: number, absent: Absent): boolean;
  /**
   * Whether this node has all that any other owner of the slot has executed: of those that are absent, what any other one has of that.
   */
  isInSync(slot: number, absent: Absent): boolean;
  /** Whether a node has been away for too long, and still is. */
  isAbsent(id: string): boolean;
  /** Whether a slot can do without these. */
  canDoWithout(slot: number, absent: Absent): boolean;
  /** Leaves nodes out of slots. Resolves when that lasts, with false if it does not. */
  leaveOut(slotsById: ReadonlyMap<string, SlotSet>): Promise<boolean>;
  /** Lets all that this node has by now outlast a loss of power; resolves with false if it does not (`Persistence.makeLast`). */
  makeLast(): Promise<boolean>;
}

/** Ids of nodes that have been away for too long. */
export type Absent = ReadonlySet<string>;

/** A slot as it stood when somebody agreed. */
export interface Settled {
  readonly slot: number;
  /** Behind what this node had executed for it. */
  readonly position: number;
}

export interface AssentHost {
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Whether all that this node had executed for the slot then is where it belongs, now too. */
export function isSettled(standing: SlotStanding, { slot, position }: Settled, absent: Absent): boolean {
  return standing.isInSync(slot, absent) && standing.isKept(slot, position, absent);
}

/**
 * Leaves those out of slots of whose owners they are. Resolves with the slots that can do without them once that lasts: all in which nobody is
 * absent, and none of the others if it does not last.
 */
export async function slotsWithout(
  slots: Iterable<number>,
  standing: SlotStanding,
  absent: Absent,
): Promise<readonly number[]> {
  const complete: number[] = [];
  const incomplete: number[] = [];
  const slotsById = new Map<string, number[]>();
  for (const slot of slots) {
    const missing = (standing.coOwnersOf(slot) ?? []).filter((id) => absent.has(id));
    if (missing.length === 0) complete.push(slot);
    else if (missing.every((id) => standing.isAbsent(id)) && standing.canDoWithout(slot, absent)) {
      incomplete.push(slot);
      for (const id of missing) addToGroup(slotsById, id, slot);
    }
  }
  if (incomplete.length === 0) return complete;
  const sets = new Map([...slotsById].map(([id, of]) => [id, new SlotSet(of)]));
  return (await standing.leaveOut(sets)) ? [...complete, ...incomplete] : complete;
}

/**
 * Those of some slots of which this node agrees, in a while. Whatever it executes from now on must have versions above the floor in question:
 * its clock has been told.
 */
export async function settledOf(
  slots: Iterable<number>,
  standing: SlotStanding,
  { clock, timers }: AssentHost,
  absent: Absent,
): Promise<readonly Settled[]> {
  const asked = [...slots].map((slot) => ({ slot, position: standing.positionOf(slot) }));
  const endMs = clock.monotonicMs() + WAIT_MAX_MS;
  if (!(await standing.makeLast())) return [];
  for (;;) {
    const settled = asked.filter((each) => isSettled(standing, each, absent));
    if (settled.length === asked.length || clock.monotonicMs() >= endMs) return settled;
    await pause(timers, LOOK_PERIOD_MS);
  }
}
