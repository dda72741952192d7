/**
 * Which news is still to be told, and how often it was. Least told first, so that fresh news is not held up by old; of equals
 * the one that waits longest. At most one entry a member: newer news of it replaces the older.
 */
import type { NodeId } from "./member.js";

export class Dissemination {
  /** By how often they were told. A set keeps the order in which they came. */
  private readonly rounds: Set<NodeId>[] = [];
  private readonly roundById = new Map<NodeId, number>();

  get isEmpty(): boolean {
    return this.roundById.size === 0;
  }

  /** News of that member is told from the start. */
  add(id: NodeId): void {
    this.remove(id);
    this.put(id, 0);
  }

  remove(id: NodeId): void {
    const round = this.roundById.get(id);
    if (round === undefined) return;
    this.roundById.delete(id);
    this.rounds[round]!.delete(id);
  }

  /**
   * Offers one member after the other, least told first, to `take`, which says whether it took the news along; what was
   * taken `sendsMax` times is over. Looks at `looksMax` at most: once a datagram is full, little else fits.
   */
  pick({ sendsMax, looksMax }: { sendsMax: number; looksMax: number }, take: (id: NodeId) => boolean): void {
    const taken: NodeId[] = [];
    let looks = 0;
    search: for (const round of this.rounds) {
      for (const id of round) {
        if (looks++ === looksMax) break search;
        if (take(id)) taken.push(id);
      }
    }
    for (const id of taken) {
      const sends = this.roundById.get(id)! + 1;
      this.remove(id);
      if (sends < sendsMax) this.put(id, sends);
    }
  }

  private put(id: NodeId, round: number): void {
    while (this.rounds.length <= round) this.rounds.push(new Set());
    this.rounds[round]!.add(id);
    this.roundById.set(id, round);
  }
}

/** How often news is to be sent so that all of `members` hear it with near certainty (SWIM, section 4.1). */
export function sendsFor(members: number, sendsPerDecade: number): number {
  return sendsPerDecade * Math.ceil(Math.log10(members + 1));
}
