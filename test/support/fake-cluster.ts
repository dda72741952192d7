import { SLOT_COUNT } from "#torus/base/key-hash.js";
import type { ChangeView, ClockView, ClusterView, LinkView } from "#torus/cluster/cluster-view.js";
import { membersAfter, type Placement } from "#torus/cluster/placement.js";
import type { ReplicationView } from "#torus/cluster/replication-view.js";
import type { Address } from "#torus/host/datagrams.js";
import { noGossipCounts } from "#torus/membership/gossip-counters.js";
import type { Member, MemberRecord, NodeId } from "#torus/membership/member.js";
import { noCounts } from "#torus/membership/swim-events.js";
import { Ring } from "#torus/ring/ring.js";

/** Ids as nodes draw them. */
export const ANNA = "a".repeat(32);
export const BERT = "b0".repeat(16);
export const CARL = "c1".repeat(16);

/** A member that is alive and active, with ports that follow from the place of its name. */
export function memberOf(
  id: NodeId,
  record: Partial<MemberRecord> = {},
  member: Partial<Member> = {},
): Member {
  return {
    record: {
      id,
      boot: 1,
      incarnation: 0,
      origin: 1,
      lifecycle: "active",
      name: "",
      zone: "",
      host: "10.0.0.1",
      clientPort: 6379,
      clusterPort: 16379,
      httpPort: 8379,
      weight: 1,
      stateVersion: 0,
      protocolMin: 1,
      protocolMax: 1,
      digests: [],
      ...record,
    },
    status: "alive",
    isOwner: false,
    sinceMs: 0,
    ...member,
  };
}

/** A link that is up and idle. */
export function linkOf(nodeId: NodeId, link: Partial<LinkView> = {}): LinkView {
  return {
    nodeId,
    host: "10.0.0.1",
    port: 16379,
    isUp: true,
    inFlight: 0,
    bytesInFlight: 0,
    counters: { ups: 1, runsSent: 0, commandsSent: 0, bytesSent: 0, bytesReceived: 0, overdue: 0 },
    ...link,
  };
}

/** A cluster that is what the test says, and keeps what it was asked to do. */
export class FakeCluster implements ClusterView {
  clusterId: string | undefined = "f".repeat(32);
  placement: Placement | undefined;
  change: ChangeView | undefined;
  replication: ReplicationView | undefined;
  routesVersion = 0;
  isCovered = true;
  slowness = 1;
  clock: ClockView = { aheadMs: 0, compared: 0, isAhead: false, timesAhead: 0 };
  lacking: string[] = [];
  warned: string[] = [];
  linkViews: LinkView[] = [];
  readonly gossipCounters = noGossipCounts();
  readonly swimCounters = noCounts();
  readonly peerServerCounters = {
    accepted: 0,
    refused: { "other-cluster": 0, "no-common-version": 0, secret: 0, self: 0, stranger: 0, damaged: 0 },
  };
  /** What MEET, FORGET and LEAVE were told, in order. */
  readonly asked: string[] = [];
  /** What they answer. */
  problem: string | undefined;
  /** How often the executor of a slot was asked for. */
  lookups = 0;
  readonly #members = new Map<NodeId, Member>();
  readonly #executors: (NodeId | undefined)[] = Array.from({ length: SLOT_COUNT }, () => undefined);

  constructor(
    readonly selfId: NodeId,
    members: readonly Member[],
  ) {
    for (const member of members) this.put(member);
  }

  put(member: Member): void {
    this.#members.set(member.record.id, member);
  }

  /** Gives slots to a node, or to nobody. */
  assign(first: number, last: number, id: NodeId | undefined): void {
    this.#executors.fill(id, first, last + 1);
    this.routesVersion++;
  }

  members(): Iterable<Member> {
    return this.#members.values();
  }

  member(id: NodeId): Member | undefined {
    return this.#members.get(id);
  }

  executorOf(slot: number): NodeId | undefined {
    this.lookups++;
    return this.#executors[slot];
  }

  ownersOf(slot: number): readonly NodeId[] {
    if (this.placement === undefined) return [];
    return Ring.of(this.placement.members, this.placement).ownersOf(slot);
  }

  nextOwnersOf(slot: number): readonly NodeId[] | undefined {
    if (!this.placement?.change) return undefined;
    return Ring.of(membersAfter(this.placement), this.placement).ownersOf(slot);
  }

  links(): readonly LinkView[] {
    return this.linkViews;
  }

  missing(): readonly string[] {
    return this.lacking;
  }

  warnings(): readonly string[] {
    return this.warned;
  }

  async meet({ host, port }: Address): Promise<string | undefined> {
    this.asked.push(`meet ${host} ${port}`);
    return this.problem;
  }

  async forget(ids: readonly NodeId[], isForced: boolean): Promise<string | undefined> {
    this.asked.push(`forget ${ids.join(" ")}${isForced ? " by force" : ""}`);
    return this.problem;
  }

  async leave(): Promise<string | undefined> {
    this.asked.push("leave");
    return this.problem;
  }
}
