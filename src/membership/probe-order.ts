/**
 * Whom to probe next: everyone once in random order, then again in another (SWIM, section 4.3). So each member is probed by
 * each other within two rounds, whatever the dice say.
 */
import type { Random } from "../host/random.js";
import { below, shuffle } from "./draws.js";
import type { NodeId } from "./member.js";

export class ProbeOrder {
  private readonly ids: NodeId[] = [];
  private at = 0;

  constructor(private readonly random: Random) {}

  /** A newcomer gets a random place, so that not all who heard of it at once probe it at once. */
  add(id: NodeId): void {
    const place = below(this.random, this.ids.length + 1);
    this.ids.splice(place, 0, id);
    if (place < this.at) this.at++;
  }

  remove(id: NodeId): void {
    const place = this.ids.indexOf(id);
    if (place < 0) return;
    this.ids.splice(place, 1);
    if (place < this.at) this.at--;
  }

  /** The next one that is wanted; undefined if none is. */
  next(isWanted: (id: NodeId) => boolean): NodeId | undefined {
    for (let looks = 0; looks < this.ids.length; looks++) {
      if (this.at >= this.ids.length) {
        shuffle(this.random, this.ids);
        this.at = 0;
      }
      const id = this.ids[this.at++]!;
      if (isWanted(id)) return id;
    }
    return undefined;
  }
}
