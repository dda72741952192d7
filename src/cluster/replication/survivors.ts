/**
 * After the death of nodes: the owners that are left get from each other what some of them had still been shipped, and others had not. What
 * an owner had, and took with it, nobody can tell: whoever it may have told compares copies.
 */
import type { Peers } from "../peers.js";
import type { StreamPosition } from "./positions.js";
import { Survivor, type SurvivorOptions } from "./survivor.js";

export interface SurvivorsOptions extends Omit<SurvivorOptions, "nodeId" | "ask"> {
  readonly peers: Pick<Peers, "linkTo">;
}

export interface Deaths {
  /** By dead node, the living ones that own slots with it and with this node. */
  readonly survivorsByDead: ReadonlyMap<string, Iterable<string>>;
  /** By one of which this node has received something, the other owners that cannot be asked at present. */
  readonly absentByDead: ReadonlyMap<string, Iterable<string>>;
  /** All living ones that own slots with this node. */
  readonly alive: ReadonlySet<string>;
}

export class Survivors {
  readonly #options: SurvivorsOptions;
  readonly #survivors = new Map<string, Survivor>();
  /** By owner that cannot be asked, dead nodes of which it may have more: it is asked when it is back, though those may be back by then, too. */
  readonly #owed = new Map<string, Set<string>>();

  constructor(options: SurvivorsOptions) {
    this.#options = options;
  }

  /** To be told whenever any of it may have changed. */
  update({ survivorsByDead, absentByDead, alive }: Deaths): void {
    const lost = this.#removeAllBut(alive);
    const deadBySurvivor = new Map<string, Set<string>>();
    for (const [deadId, survivorIds] of survivorsByDead) {
      for (const id of survivorIds) deadBySurvivor.set(id, (deadBySurvivor.get(id) ?? new Set()).add(deadId));
    }
    for (const [deadId, absentIds] of absentByDead) for (const id of absentIds) this.#owe(id, deadId);
    for (const [id, deadIds] of this.#owed) {
      if (!alive.has(id)) continue;
      this.#owed.delete(id);
      deadBySurvivor.set(id, new Set([...(deadBySurvivor.get(id) ?? []), ...deadIds]));
    }
    for (const [id, survivor] of this.#survivors) survivor.setDead(deadBySurvivor.get(id) ?? new Set());
    for (const [id, deadIds] of deadBySurvivor) {
      if (this.#survivors.has(id)) continue;
      const survivor = this.#newSurvivor(id);
      this.#survivors.set(id, survivor);
      survivor.setDead(deadIds);
    }
    for (const deadId of lost) for (const survivor of this.#survivors.values()) survivor.doubt(deadId);
  }

  /** Whether this node has all that living owners have of a dead node: of all of them, if none is given. */
  isSettled(deadId?: string): boolean {
    for (const { unsettled } of this.#survivors.values()) {
      if (deadId === undefined ? unsettled.length > 0 : unsettled.includes(deadId)) return false;
    }
    return true;
  }

  /** Gets what another owner says that it has of dead nodes (`Positions.received`); answers whether all of it is here. */
  catchUp(nodeId: string, told: readonly StreamPosition[]): Promise<boolean> {
    return this.#survivors.get(nodeId)?.catchUp(told) ?? Promise.resolve(true);
  }

  close(): void {
    for (const survivor of this.#survivors.values()) survivor.close();
    this.#survivors.clear();
  }

  /** Answers of which dead nodes those had not told everything yet. */
  #removeAllBut(alive: ReadonlySet<string>): ReadonlySet<string> {
    const lost = new Set<string>();
    for (const [id, survivor] of this.#survivors) {
      if (alive.has(id)) continue;
      for (const deadId of survivor.unsettled) {
        lost.add(deadId);
        this.#owe(id, deadId);
      }
      survivor.close();
      this.#survivors.delete(id);
    }
    return lost;
  }

  #owe(id: string, deadId: string): void {
    this.#owed.set(id, (this.#owed.get(id) ?? new Set()).add(deadId));
  }

  #newSurvivor(nodeId: string): Survivor {
    const { peers } = this.#options;
    return new Survivor({
      ...this.#options,
      nodeId,
      ask: (service, body, timeoutMs) =>
        peers.linkTo(nodeId)?.ask(service, body, timeoutMs) ?? Promise.resolve({ kind: "unsent" }),
    });
  }
}
