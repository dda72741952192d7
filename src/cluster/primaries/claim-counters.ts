/** How often who executes for slots has changed, as far as this node had a part in it. */

/** Since this node started. */
export interface ClaimCounters {
  /** Times that it claimed slots. */
  claims: number;
  /** Slots that it came to execute for; that it gave to others who claimed them; and that it lost to who acted in its place. */
  slotsWon: number;
  slotsYielded: number;
  slotsLost: number;
  /** Times that it stood still for so long that it asked anew. */
  absences: number;
}

export function noClaims(): ClaimCounters {
  return { claims: 0, slotsWon: 0, slotsYielded: 0, slotsLost: 0, absences: 0 };
}
