/** What commands, pages and metrics see of the cluster, put together from those who know. */
import type { Address } from "../host/datagrams.js";
import { type GossipCounters, noGossipCounts } from "../membership/gossip-counters.js";
import type { Gossiper } from "../membership/gossiper.js";
import type { ClusterId, Member, NodeId } from "../membership/member.js";
import { noCounts, type SwimCounters } from "../membership/swim-events.js";
import type { ChangeView, ClockView, ClusterView, LinkView } from "./cluster-view.js";
import type { Ownership } from "./ownership.js";
import type { PeerServer, PeerServerCounters } from "./peer-server.js";
import type { Peers } from "./peers.js";
import { isMember, type Placement } from "./placement.js";
import type { ReplicationView } from "./replication-view.js";
import { HELD, HERE, type SlotRoutes } from "./slot-routes.js";

const HANDED_OVER = "some slots are being handed over, and nobody executes them at present";
const UNCLAIMED = "nobody executes some slots at present";

export interface ClusterParts {
  readonly selfId: NodeId;
  readonly routes: SlotRoutes;
  readonly peers: Peers;
  readonly peerServer: PeerServer;
  readonly ownership: Ownership;
  readonly replication: () => ReplicationView | undefined;
  readonly clock: () => ClockView;
  /** Undefined as long as the node is starting. */
  readonly gossiper: () => Gossiper | undefined;
  readonly isAlive: (id: NodeId) => boolean;
  /** What a seed said that does not let this node join, in words; undefined if none has. */
  readonly refusal: () => string | undefined;
  readonly meet: ClusterView["meet"];
  readonly leave: ClusterView["leave"];
}

export class ClusterFace implements ClusterView {
  readonly selfId: NodeId;
  readonly #parts: ClusterParts;
  #coveredAt = -1;
  #isCovered = false;

  constructor(parts: ClusterParts) {
    this.selfId = parts.selfId;
    this.#parts = parts;
  }

  get clusterId(): ClusterId | undefined {
    return this.#parts.gossiper()?.clusterId;
  }

  members(): Iterable<Member> {
    return this.#parts.gossiper()?.table.members ?? [];
  }

  member(id: NodeId): Member | undefined {
    return this.#parts.gossiper()?.table.get(id);
  }

  get placement(): Placement | undefined {
    return this.#parts.ownership.placement;
  }

  get change(): ChangeView | undefined {
    return this.#parts.ownership.change;
  }

  get replication(): ReplicationView | undefined {
    return this.#parts.replication();
  }

  get clock(): ClockView {
    return this.#parts.clock();
  }

  executorOf(slot: number): NodeId | undefined {
    const { routes, peers } = this.#parts;
    const route = routes.of(slot);
    if (route === HELD) return undefined;
    return route === HERE ? this.selfId : peers.idOf(route);
  }

  ownersOf(slot: number): readonly NodeId[] {
    return this.#parts.ownership.plan?.ownersOf(slot) ?? [];
  }

  nextOwnersOf(slot: number): readonly NodeId[] | undefined {
    const { plan, placement } = this.#parts.ownership;
    return placement?.change ? plan?.nextOwnersOf(slot) : undefined;
  }

  get routesVersion(): number {
    return this.#parts.routes.version;
  }

  get isCovered(): boolean {
    const { routes } = this.#parts;
    if (this.#coveredAt !== routes.version) {
      this.#coveredAt = routes.version;
      this.#isCovered = !routes.bySlot.includes(HELD);
    }
    return this.#isCovered;
  }

  links(): readonly LinkView[] {
    return this.#parts.peers.links.map((link) => {
      const { nodeId, host, port } = link.peer;
      const { isUp, inFlight, bytesInFlight, counters } = link;
      return { nodeId, host, port, isUp, inFlight, bytesInFlight, counters };
    });
  }

  get gossipCounters(): Readonly<GossipCounters> {
    return this.#parts.gossiper()?.counters ?? noGossipCounts();
  }

  get swimCounters(): Readonly<SwimCounters> {
    return this.#parts.gossiper()?.protocolCounters ?? noCounts();
  }

  get peerServerCounters(): Readonly<PeerServerCounters> {
    return this.#parts.peerServer.counters;
  }

  get slowness(): number {
    return this.#parts.gossiper()?.slowness ?? 1;
  }

  missing(): readonly string[] {
    const { clusterId, placement } = this;
    if (clusterId === undefined) return [this.#parts.refusal() ?? "no seed has answered yet: see `join`"];
    if (placement === undefined) return ["nobody has told yet who owns which slots"];
    const missing: string[] = [];
    if (!isMember(placement, this.selfId)) missing.push("this node has not taken over its slots yet");
    const { replication } = this;
    if (!this.isCovered) missing.push(replication === undefined ? HANDED_OVER : UNCLAIMED);
    if (replication !== undefined) missing.push(...this.#notCaughtUp(replication));
    else
      for (const id of this.#deadOwners(placement))
        missing.push(`${this.#nameOf(id)}, which owns slots, is not alive`);
    return missing;
  }

  warnings(): readonly string[] {
    const { placement, replication, clock } = this;
    const warnings = clock.isAhead ? [`this node's clock is ${clock.aheadMs} ms ahead of most others`] : [];
    if (placement === undefined || replication === undefined) return warnings;
    for (const id of this.#deadOwners(placement)) warnings.push(this.#deathOf(id, replication));
    for (const { nodeId, copy } of replication.coOwners()) {
      if (copy === "incomplete")
        warnings.push(
          `${this.#nameOf(nodeId)} lacks some of what this node executed, until their copies are compared`,
        );
    }
    for (const id of replication.leftOut) {
      warnings.push(
        `${this.#nameOf(id)} was away for longer than \`tombstone-grace\`: it takes what the others have when it is back`,
      );
    }
    if (replication.isServing && !replication.isReady)
      warnings.push("this node lacks some of what others executed, until their copies are compared");
    return warnings;
  }

  #deadOwners({ members }: Placement): readonly NodeId[] {
    return members.flatMap(({ id }) => (this.#parts.isAlive(id) ? [] : id));
  }

  #deathOf(id: NodeId, replication: ReplicationView): string {
    const death = `${this.#nameOf(id)}, which owns slots, is not alive`;
    const left = replication.copiesLeftOf(id);
    if (left === undefined) return death;
    const { slots, fewest } = left;
    return fewest === 0
      ? `${death}: of some of its ${slots} slots no copy is left that has caught up`
      : `${death}: of its ${slots} slots ${fewest} of ${replication.copiesPlaced} copies are left at least`;
  }

  #notCaughtUp({ isServing, awaited, slotsOwned }: ReplicationView): readonly string[] {
    if (isServing || slotsOwned === 0) return [];
    if (awaited.length === 0) return ["this node has not caught up with the other owners of its slots yet"];
    return awaited.map((id) =>
      this.#parts.isAlive(id)
        ? `this node has not caught up with ${this.#nameOf(id)} yet`
        : `this node waits for ${this.#nameOf(id)}, which may know of newer writes: see \`cluster-start-wait\``,
    );
  }

  #nameOf(id: NodeId): string {
    const name = this.member(id)?.record.name ?? "";
    return name === "" ? `node ${id}` : `node ${name} (${id})`;
  }

  meet(address: Address): Promise<string | undefined> {
    return this.#parts.meet(address);
  }

  async forget(ids: readonly NodeId[], isForced: boolean): Promise<string | undefined> {
    const refusal = await this.#parts.ownership.forget(ids, isForced);
    if (refusal === undefined) for (const id of ids) this.#forgetOnceDisowned(id);
    return refusal;
  }

  leave(): Promise<string | undefined> {
    return this.#parts.leave();
  }

  /** Who still owns slots stays known: all that is done about them needs its record. */
  #forgetOnceDisowned(id: NodeId): void {
    const { ownership, gossiper } = this.#parts;
    const look = () => {
      const { placement } = this;
      if (placement === undefined || isMember(placement, id) || placement.change?.node.id === id) return;
      cancel();
      gossiper()?.forget(id);
    };
    const cancel = ownership.subscribe(look);
    look();
  }
}
