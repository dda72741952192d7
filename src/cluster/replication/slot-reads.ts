/**
 * Which copies of this node may be read, though other nodes execute for their slots: the answers of `ReplicaReads` where there are copies.
 * One may if this node has agreed with who executes on all else (agreements.ts), and has what was shown of that one's stream.
 */
import type { LocalStream } from "../../durability/change-stream.js";
import type { Clock } from "../../host/clock.js";
import type { Timers } from "../../host/timers.js";
import type { NodeId } from "../../membership/member.js";
import type { Service } from "../peer-server.js";
import type { Peers } from "../peers.js";
import { type OwnerGroups, SELF } from "../primaries/owner-groups.js";
import type { Readability, ReplicaRead, ReplicaReads } from "../replica-reads.js";
import type { StreamMark } from "../stream-mark.js";
import { Agreements, type AgreementsOptions } from "./agreements.js";
import type { Receiver } from "./receiver.js";
import type { Shipping } from "./shipping.js";
import { metWithin } from "./within.js";

export interface SlotReadsOptions extends Omit<AgreementsOptions, "clock"> {
  readonly host: { readonly clock: Clock; readonly timers: Timers };
  readonly selfId: NodeId;
  readonly boot: number;
  readonly peers: Pick<Peers, "idOf" | "linkTo">;
  readonly stream: LocalStream;
  readonly receiver: Receiver;
  readonly shipping: Shipping;
  readonly isAlive: (id: NodeId) => boolean;
}

export class SlotReads implements ReplicaReads {
  /** Undefined as long as this node does not know who owns what. */
  groups: OwnerGroups | undefined;
  readonly service: readonly [string, Service];
  readonly #options: SlotReadsOptions;
  readonly #agreements: Agreements;

  constructor(options: SlotReadsOptions) {
    this.#options = options;
    this.#agreements = new Agreements({ ...options, clock: options.host.clock });
    this.service = this.#agreements.service;
  }

  /** Another node owns no slots any more that this one owns. */
  forget(nodeId: NodeId): void {
    this.#agreements.forget(nodeId);
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
    const { peers, receiver, isAlive, bootOf } = this.#options;
    const nodeId = peers.idOf(route);
    if (nodeId === undefined || this.groups?.of(slot).owners.includes(SELF) !== true) return "elsewhere";
    const boot = bootOf(nodeId);
    if (boot === undefined || !isAlive(nodeId) || peers.linkTo(nodeId)?.isUp !== true) return "elsewhere";
    const agreement = this.#agreements.with(nodeId);
    const stream = receiver.stream(nodeId, boot);
    if (agreement === undefined || stream?.isInSync !== true) return "elsewhere";
    if (stream.newSlots?.has(slot)) return "elsewhere";
    const mark = seen.of(nodeId);
    if (mark === undefined) return seen.isWhole ? "here" : "elsewhere";
    // What is left of an earlier life this one had when it was agreed with.
    if (mark.boot !== boot) return mark.boot < boot ? "here" : "elsewhere";
    if (mark.generation > agreement.theirs) {
      this.#agreements.renew(nodeId);
      return "elsewhere";
    }
    return stream.applied! >= mark.position ? "here" : "soon";
  }

  async wait(read: ReplicaRead, timeoutMs: number): Promise<void> {
    const { receiver, host } = this.#options;
    await metWithin(
      { timers: host.timers, timeoutMs },
      {
        isMet: () => this.judge(read) !== "soon",
        subscribe: (changed) => receiver.subscribe(changed),
      },
    );
  }
}
