/**
 * What a node makes of how far the clocks of others are off its own: it is right unless most of all clocks, its own included, say that it is
 * ahead. So of two nodes nobody knows who is right. Pure.
 */

/** Of other nodes, by which they are ahead of this one, in milliseconds: negative if behind. */
export type Offsets = readonly number[];

/** How far the middle one of all clocks is ahead of this node's; the later one of the two if there is no middle. */
export function middleOffset(offsets: Offsets): number {
  const all = [...offsets, 0].sort((one, other) => one - other);
  return all[all.length >>> 1]!;
}

/** Whether most clocks are behind this one by more than clocks may differ. */
export function isAhead(offsets: Offsets, offsetMsMax: number): boolean {
  return middleOffset(offsets) < -offsetMsMax;
}
