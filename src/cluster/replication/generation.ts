/**
 * Counts how often this node has got something of a slot by another way than from who executes for it: after a takeover, a partition, or a
 * repair. In between all that it gets of a slot is one stream, and a position in that tells what it has.
 */
import { SLOT_COUNT } from "../../base/key-hash.js";
import type { SlotRoutes } from "../slot-routes.js";

export interface GenerationOptions {
  readonly routes: SlotRoutes;
  /** What routes call a node. */
  readonly numberOf: (nodeId: string) => number;
}

export class Generation {
  readonly #options: GenerationOptions;
  #others = 0;

  constructor(options: GenerationOptions) {
    this.#options = options;
  }

  /** Only rises. Whoever comes to execute for slots, this node or another, makes one too. */
  get number(): number {
    return this.#options.routes.version + this.#others;
  }

  /** What a node has executed changed something here, in the first `count` of `slots`, or in all if `count` exceeds their number. */
  executed(nodeId: string, slots: Int32Array, count: number): void {
    const { routes, numberOf } = this.#options;
    const { bySlot } = routes;
    const executor = numberOf(nodeId);
    let isForeign = count > SLOT_COUNT;
    for (let i = 0; i < count && !isForeign; i++) isForeign = bySlot[slots[i]!] !== executor;
    if (isForeign) this.#others++;
  }

  /** Something that a node has, whoever executed it, changed something here. */
  repaired(): void {
    this.#others++;
  }
}
