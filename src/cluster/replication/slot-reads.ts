/**
 * Which copies of this node may be read, though other nodes execute for their slots: the answers of `ReplicaReads` where there are copies.
 * One may if this node has agreed with who executes on all else (agreements.ts), and has what was shown of that one's stream.
 */
import type { LocalStream } from "../../durability/change-stream.js";
import type { Timers } from "../../host/timers.js";
import type { NodeId } from "../../membership/member.js";
import type { Peers } from "../peers.js";
import { type OwnerGroups, SELF } from "../primaries/owner-groups.js";
import type { Readability, ReplicaRead, ReplicaReads } from "../replica-reads.js";
import type { StreamMark } from "../stream-mark.js";
import type { Agreements } from "./agreements.js";
import type { Generation } from "./generation.js";
import type { Receiver } from "./receiver.js";
import type { Shipping } from "./shipping.js";

export interface SlotReadsOptions {
  readonly selfId: NodeId;
  readonly boot: number;
  readonly timers: Timers;
  readonly peers: Pick<Peers, "idOf" | "linkTo">;
  readonly stream: LocalStream;
  readonly shipping: Shipping;
  readonly receiver: Receiver;
  readonly generation: Generation;
  readonly agreements: Agreements;
  readonly isAlive: (id: NodeId) => boolean;
  readonly bootOf: (id: NodeId) => number | undefined;
}

export class SlotReads implements ReplicaReads {
  /** Undefined as long as this node does not know who owns what. */
  groups: OwnerGroups | undefined;
  readonly #options: SlotReadsOptions;

  constructor(options: SlotReadsOptions) {
    this.#options = options;
  }

  mark(to: NodeId): StreamMark | undefined {
    if (this.groups === undefined) return undefined;
    const { selfId, boot, stream, shipping, generation } = this.#options;
    // Whoever gets the mark may wait for it, even if what was executed does not concern it.
    stream.flushNow();
    shipping.shipper(to)?.tell();
    return { nodeId: selfId, boot, generation: generation.number, position: stream.localPosition };
  }

  judge({ slot, route, seen }: ReplicaRead): Readability {
    const { peers, receiver, agreements, isAlive, bootOf } = this.#options;
    const nodeId = peers.idOf(route);
    if (nodeId === undefined || this.groups?.of(slot).owners.includes(SELF) !== true) return "elsewhere";
    const boot = bootOf(nodeId);
    if (boot === undefined || !isAlive(nodeId) || peers.linkTo(nodeId)?.isUp !== true) return "elsewhere";
    const agreement = agreements.with(nodeId);
    if (agreement === undefined) return "elsewhere";
    if (!receiver.isInSync(nodeId, boot) || receiver.isNew(slot, nodeId, boot)) return "elsewhere";
    const mark = seen.of(nodeId);
    if (mark === undefined) return seen.isWhole ? "here" : "elsewhere";
    // What is left of an earlier life this one had when it was agreed with.
    if (mark.boot !== boot) return mark.boot < boot ? "here" : "elsewhere";
    if (mark.generation > agreement.theirs) {
      agreements.renew(nodeId);
      return "elsewhere";
    }
    return receiver.appliedOf(nodeId, boot)! >= mark.position ? "here" : "soon";
  }

  wait(read: ReplicaRead, timeoutMs: number): Promise<void> {
    const { receiver, timers } = this.#options;
    return new Promise((resolve) => {
      const end = () => {
        unsubscribe();
        cancel();
        resolve();
      };
      const unsubscribe = receiver.subscribe(() => {
        if (this.judge(read) !== "soon") end();
      });
      const cancel = timers.after(timeoutMs, end);
    });
  }
}
