/**
 * What this node executed in its earlier life and lost with the end of its log, while other owners have it: who turns out to have all that
 * it has left of that life is asked for the rest. All others compare copies with this node anyway.
 */
import type { LocalPosition } from "../../durability/local-tail.js";
import type { Timers } from "../../host/timers.js";
import type { NodeId } from "../../membership/member.js";
import type { Peers } from "../peers.js";
import type { Receiver } from "./receiver.js";

const RETRY_MS = 200;

export interface OwnPastOptions {
  readonly nodeId: NodeId;
  readonly timers: Timers;
  readonly peers: Pick<Peers, "linkTo">;
  readonly receiver: Pick<Receiver, "howFar" | "pull">;
  /** Those of this node, of which it keeps what it pulls; null for all. */
  readonly slots: () => readonly number[] | null;
  /** Compares all that this node and another one share, and copies what differs both ways. */
  readonly repair: (nodeId: NodeId) => Promise<boolean>;
  /** Another owner has nothing any more that this node executed and does not have. */
  readonly settled: () => void;
}

export class OwnPast {
  readonly #options: OwnPastOptions;
  /** Those that are being asked. */
  readonly #asked = new Set<NodeId>();

  constructor(options: OwnPastOptions) {
    this.#options = options;
  }

  /** Whether nothing is to be got from another owner: of all of them, if none is given. */
  isSettled(nodeId?: NodeId): boolean {
    return nodeId === undefined ? this.#asked.size === 0 : !this.#asked.has(nodeId);
  }

  /** Gets from another owner what it has of an earlier life beyond a position. */
  get(nodeId: NodeId, from: LocalPosition): void {
    if (this.#asked.has(nodeId)) return;
    this.#asked.add(nodeId);
    this.#try(nodeId, from);
  }

  /** It is not to be got any more. */
  forget(nodeId: NodeId): void {
    this.#asked.delete(nodeId);
  }

  close(): void {
    this.#asked.clear();
  }

  #try(nodeId: NodeId, from: LocalPosition): void {
    void this.#reach(nodeId, from).then((isDone) => {
      if (!this.#asked.has(nodeId)) return;
      if (isDone) {
        this.#asked.delete(nodeId);
        this.#options.settled();
      } else {
        this.#options.timers.after(RETRY_MS, () => {
          if (this.#asked.has(nodeId)) this.#try(nodeId, from);
        });
      }
    });
  }

  async #reach(nodeId: NodeId, { boot, position }: LocalPosition): Promise<boolean> {
    const { nodeId: selfId, peers, receiver, slots, repair } = this.#options;
    const link = peers.linkTo(nodeId);
    if (!link?.isUp) return false;
    const ask = (...asked: Parameters<typeof link.ask>) => link.ask(...asked);
    const told = await receiver.howFar(ask);
    if (told === undefined) return false;
    const life = told.find((stream) => stream.nodeId === selfId && stream.boot === boot);
    // It started again meanwhile, and has forgotten.
    if (life === undefined) return repair(nodeId);
    if (life.applied <= position) return true;
    const outcome = await receiver.pull({
      nodeId: selfId,
      boot,
      owner: nodeId,
      from: position,
      slots: slots(),
      ask,
    });
    if (outcome.kind === "failed") return false;
    return outcome.kind === "pulled" && outcome.isWhole ? true : repair(nodeId);
  }
}
