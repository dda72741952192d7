/**
 * The members of the open sorted set whose scores are hashes of places in a shape. Looked at are the ranks of the few cells of the map
 * that the shape may reach into, however large the set is.
 */
import { cellsAround, distanceWithin, type Shape } from "../base/earth.js";
import { type Cell, hashesIn, lowestHash, type Place, placeOf } from "../base/geohash.js";
import type { Keyspace } from "./keyspace.js";
import type { LiveField } from "./open-entries.js";
import { RankedMembers, scoreOf } from "./ranked-members.js";

/** Ranks looked at before it is asked whether there are enough. */
const LOOKED_AT = 64;

export interface Search {
  readonly center: Place;
  readonly shape: Shape;
  /** No more are found, whichever come first. */
  readonly limit: number;
}

/** Members found, by the order in which they are in the set's cells. Valid until the set changes. */
export class NearbyMembers {
  readonly #members = new RankedMembers();
  #positions: number[] = [];
  #distances: number[] = [];

  get length(): number {
    return this.#positions.length;
  }

  /** Looks at the open record, which is a sorted set. */
  find(keyspace: Keyspace, { center, shape, limit }: Search): void {
    this.#members.open(keyspace);
    let last: Cell | undefined;
    for (const [i, cell] of cellsAround(shape, center).entries()) {
      // Around a small map the same cell is on both sides.
      if (last?.row === cell.row && last.column === cell.column) continue;
      if (this.length >= limit) return;
      this.#findIn(cell, { center, shape, limit });
      if (i > 0) last = cell;
    }
  }

  #findIn(cell: Cell, { center, shape, limit }: Search): void {
    const lowest = lowestHash(cell);
    const members = this.#members;
    const { from, end } = members.rangeOfScores(
      { score: lowest, isExcluded: false },
      { score: lowest + hashesIn(cell.steps), isExcluded: true },
    );
    for (let rank = from; rank < end && this.length < limit; rank += LOOKED_AT) {
      members.forEach({ from: rank, end: Math.min(end, rank + LOOKED_AT) }, false, (member) => {
        if (this.length === limit) return;
        const found = distanceWithin(shape, center, placeOf(scoreOf(member)));
        if (found === undefined) return;
        this.#positions.push(members.position);
        this.#distances.push(found);
      });
    }
  }

  /** From now on the nearest come first, or the furthest; those equally far as they were. */
  sort(order: "nearest" | "furthest"): void {
    const distances = this.#distances;
    const positions = this.#positions;
    const sign = order === "nearest" ? 1 : -1;
    const sorted = Uint32Array.from(distances, (_, i) => i).sort(
      (a, b) => sign * (distances[a]! - distances[b]!) || a - b,
    );
    this.#positions = Array.from(sorted, (i) => positions[i]!);
    this.#distances = Array.from(sorted, (i) => distances[i]!);
  }

  /** Visits the first ones, and how many meters each is away. */
  forEach(count: number, visit: (member: LiveField, meters: number) => void): void {
    for (let i = 0; i < count; i++) visit(this.#members.memberAt(this.#positions[i]!), this.#distances[i]!);
  }
}
