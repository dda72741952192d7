/** What commands, pages and metrics see of copies, put together from those who know. */
import type { LocalStream } from "../../durability/change-stream.js";
import type { NodeId } from "../../membership/member.js";
import type { Peers } from "../peers.js";
import { type NodeNumber, type OwnerGroup, type OwnerGroups, SELF } from "../primaries/owner-groups.js";
import type { Primaries } from "../primaries/primaries.js";
import type { Readiness } from "../primaries/readiness.js";
import type { Repairs } from "../repair/repairs.js";
import type {
  CoOwnerView,
  CopiesLeft,
  CopyState,
  ReplicationCounters,
  ReplicationView,
} from "../replication-view.js";
import type { Absences } from "./absences.js";
import type { Receiver } from "./receiver.js";
import type { Shipper } from "./shipper.js";
import type { Shipping } from "./shipping.js";

export interface ReplicationParts {
  readonly copiesWanted: number;
  readonly groups: OwnerGroups;
  readonly peers: Peers;
  readonly stream: LocalStream;
  readonly shipping: Shipping;
  readonly receiver: Receiver;
  readonly repairs: Repairs;
  readonly primaries: Primaries;
  readonly absences: Pick<Absences, "leftOut">;
  /** Of another node. */
  readonly isAlive: (id: NodeId) => boolean;
  readonly readinessOf: (id: NodeId) => Readiness;
  readonly bootOf: (id: NodeId) => number | undefined;
}

export class ReplicationFace implements ReplicationView {
  readonly #parts: ReplicationParts;

  constructor(parts: ReplicationParts) {
    this.#parts = parts;
  }

  // ---- Copies ----

  get copiesWanted(): number {
    return this.#parts.copiesWanted;
  }

  get copiesPlaced(): number {
    return this.#parts.groups.of(0).owners.length;
  }

  slotsByCopies(): ReadonlyMap<number, number> {
    const isCopy = this.#copies();
    const slots = new Map<number, number>();
    for (const group of this.#parts.groups.groups) {
      const count = group.owners.filter(isCopy).length;
      slots.set(count, (slots.get(count) ?? 0) + group.slots.length);
    }
    return slots;
  }

  copiesLeftOf(id: NodeId): CopiesLeft | undefined {
    const { groups, peers } = this.#parts;
    const isCopy = this.#copies();
    const node = peers.numberOf(id);
    const own = groups.groups.filter(({ owners }) => owners.includes(node));
    if (own.length === 0) return undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const { owners } of own) fewest = Math.min(fewest, owners.filter(isCopy).length);
    return { slots: slotCountOf(own), fewest };
  }

  /** Tells of a node whether what it has counts as a copy, as of now. */
  #copies(): (node: NodeNumber) => boolean {
    const { peers, shipping, isAlive, readinessOf } = this.#parts;
    const known = new Map<NodeNumber, boolean>([[SELF, this.isReady]]);
    return (node) => {
      let isCopy = known.get(node);
      if (isCopy === undefined) {
        const id = peers.idOf(node)!;
        isCopy = isAlive(id) && readinessOf(id) === "ready" && shipping.shipper(id)?.isWhole !== false;
        known.set(node, isCopy);
      }
      return isCopy;
    };
  }

  // ---- This node ----

  get isReady(): boolean {
    return this.#parts.primaries.readiness === "ready";
  }

  get isServing(): boolean {
    return this.#parts.primaries.mayAct;
  }

  get awaited(): readonly NodeId[] {
    return this.isReady ? [] : this.#parts.primaries.awaited;
  }

  get slotsOwned(): number {
    return this.#parts.groups.slotCountOf(SELF);
  }

  get slotsActing(): number {
    return this.#parts.primaries.acting().length;
  }

  get position(): number {
    return this.#parts.stream.localPosition;
  }

  get backlogFirst(): number {
    return this.#parts.shipping.backlogFirst;
  }

  get backlogBytes(): number {
    return this.#parts.shipping.backlogBytes;
  }

  get backlogBytesMax(): number {
    return this.#parts.shipping.backlogBytesMax;
  }

  get receivedBytes(): number {
    return this.#parts.receiver.backlogBytes;
  }

  get leftOut(): readonly NodeId[] {
    return this.#parts.absences.leftOut;
  }

  // ---- Other owners ----

  coOwners(): readonly CoOwnerView[] {
    return Array.from(this.#parts.shipping.shippers, (shipper) => this.#viewOf(shipper));
  }

  coOwner(id: NodeId): CoOwnerView | undefined {
    const shipper = this.#parts.shipping.shipper(id);
    return shipper && this.#viewOf(shipper);
  }

  copyOf(slot: number, id: NodeId): CopyState | undefined {
    const { shipping, stream, primaries, isAlive } = this.#parts;
    if (!isAlive(id)) return "dead";
    const shipper = shipping.shipper(id);
    if (shipper === undefined || !primaries.isActing(slot)) return undefined;
    const hasAll = shipper.reach.has({ slot, position: stream.localPositionOf(slot) });
    return hasAll ? "in-sync" : stateWithout(shipper, shipper.reach.newSlots?.has(slot) === true);
  }

  #viewOf(shipper: Shipper): CoOwnerView {
    const { receiver, repairs, isAlive, bootOf } = this.#parts;
    const { nodeId, state, lag, silentMs, isWhole, reach, counters } = shipper;
    const hasAll = state === "shipping" && isWhole && lag.bytes === 0;
    return {
      nodeId,
      copy: !isAlive(nodeId) ? "dead" : hasAll ? "in-sync" : stateWithout(shipper, !isWhole),
      stream: state,
      lag,
      silentMs,
      acknowledged: reach.acknowledged < 0 ? undefined : reach.acknowledged,
      isWhole,
      isReceived: receiver.isInSync(nodeId, bootOf(nodeId) ?? -1),
      repair: repairs.underWay.find((repair) => repair.nodeId === nodeId)?.progress,
      counters,
      gaps: reach.gaps,
    };
  }

  get counters(): ReplicationCounters {
    const { shipping, receiver, repairs, primaries } = this.#parts;
    return {
      shipping: shipping.counters,
      receiving: receiver.counters,
      repairs: repairs.counters,
      claims: primaries.counters,
    };
  }
}

/** What an owner that is alive has, which is not everything. */
function stateWithout({ state, reach }: Shipper, isLacking: boolean): CopyState {
  if (state !== "shipping") return "unreachable";
  return isLacking || !reach.isWhole ? "incomplete" : "behind";
}

function slotCountOf(groups: readonly OwnerGroup[]): number {
  return groups.reduce((count, { slots }) => count + slots.length, 0);
}
