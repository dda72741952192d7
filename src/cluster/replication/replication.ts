/**
 * Keeps the copies of a replicated cluster: composes shipping, receiving, repair and the choice of primaries, and tells each what it has to
 * know of the others. What the placement means for this node it is told (`follow`); who executes for a slot it answers.
 *
 * Long because all of these are put together here, and each is told something of the others.
 */
import { SLOT_COUNT } from "../../base/key-hash.js";
import type { LocalStream } from "../../durability/change-stream.js";
import type { EarlierLife } from "../../durability/local-tail.js";
import type { PersistenceView } from "../../durability/persistence-view.js";
import type { Host } from "../../host/host.js";
import type { Keyspace } from "../../keyspace/keyspace.js";
import type { PackingLimits } from "../../keyspace/packing-limits.js";
import type { NodeId } from "../../membership/member.js";
import type { ChangeView } from "../cluster-view.js";
import type { Service } from "../peer-server.js";
import type { Peers } from "../peers.js";
import { hasCopies, type Placement } from "../placement.js";
import { nameOf, type Progress } from "../placement-messages.js";
import { isDecisive } from "../primaries/majority.js";
import { isOwner, type NodeNumber, OwnerGroups, SELF } from "../primaries/owner-groups.js";
import { Primaries } from "../primaries/primaries.js";
import type { Readiness } from "../primaries/readiness.js";
import { Repairs } from "../repair/repairs.js";
import type { ReplicationView } from "../replication-view.js";
import { ServiceRefusal } from "../service-refusal.js";
import type { SlotPlan } from "../slot-plan.js";
import type { Route, SlotRoutes } from "../slot-routes.js";
import { SlotSet } from "../slot-set.js";
import { Absences } from "./absences.js";
import { CatchingUp } from "./catching-up.js";
import { Collection } from "./collection.js";
import { FencedPeers } from "./fenced-peers.js";
import { Generation } from "./generation.js";
import { MissingRecords } from "./missing-records.js";
import { NewSlots } from "./new-slots.js";
import { OwnPast } from "./own-past.js";
import { ReadConfirmation } from "./read-confirmation.js";
import { Receiver } from "./receiver.js";
import { Renewal } from "./renewal.js";
import { ReplicationFace } from "./replication-face.js";
import type { Shipper } from "./shipper.js";
import { Shipping } from "./shipping.js";
import type { Absent, SlotStanding } from "./slot-assent.js";
import { SlotCopies } from "./slot-copies.js";
import { checkOf, SlotFilter } from "./slot-filter.js";
import { SlotReads } from "./slot-reads.js";
import { Survivors } from "./survivors.js";

export interface ReplicationOptions {
  readonly host: Host;
  readonly selfId: NodeId;
  readonly boot: number;
  readonly keyspace: Keyspace;
  /** Of hashes, as they are at present. */
  readonly limits: () => PackingLimits;
  readonly persistence: PersistenceView & {
    readonly stream: LocalStream;
    readonly earlier: EarlierLife | undefined;
    makeLast(): Promise<boolean>;
  };
  readonly peers: Peers;
  readonly routes: SlotRoutes;
  readonly isAlive: (id: NodeId) => boolean;
  /** By its own word. */
  readonly readinessOf: (id: NodeId) => Readiness;
  readonly bootOf: (id: NodeId) => number | undefined;
  /** Options `repl-backlog-size` and `cluster-start-wait`, as they are at present. */
  readonly backlogBytesMax: () => number;
  readonly startWaitMs: () => number;
  /** Undefined for a node that keeps nothing. */
  readonly directory: string | undefined;
  /** Option `tombstone-grace`, as it is at present. */
  readonly tombstoneGraceMs: () => number;
  /** A node that was stopped for longer others may have taken for dead. */
  readonly absenceMsMax: number;
  /** Who executes for slots has changed. */
  readonly routed: (slots: Iterable<number>) => void;
  /** Others are to hear whether this node has caught up. */
  readonly readied: () => void;
}

export class Replication {
  /** What other nodes ask of this one. */
  readonly services: ReadonlyMap<string, Service>;
  readonly copies: SlotCopies;
  readonly replicaReads: SlotReads;
  readonly shipping: Shipping;
  readonly receiver: Receiver;
  readonly repairs: Repairs;
  readonly reads: ReadConfirmation;
  readonly collection: Collection;
  readonly primaries: Primaries;
  readonly absences: Absences;
  readonly #renewal: Renewal;
  readonly #options: ReplicationOptions;
  readonly #survivors: Survivors;
  readonly #past: OwnPast;
  readonly #catchingUp: CatchingUp;
  readonly #stream: LocalStream;
  /** Of other owners, when they were last seen alive. */
  readonly #boots = new Map<NodeId, number | undefined>();
  /** Slots that this node came to own, and of which it may lack what others have. */
  readonly #newSlots = new NewSlots();
  /** A checksum of all that it owns, or is to own, once it was asked for. */
  #ownCheck: number | undefined;
  /** Those for whose owners a repair is asked for. */
  readonly #repairing = new WeakSet<Shipper>();
  /** Nodes that will not come back, until their slots have other owners: nobody waits for them. */
  #gone: readonly NodeId[] = [];
  /** Its name; empty while there is none. */
  #placement = "";
  #plan: SlotPlan | undefined;
  #groups: OwnerGroups | undefined;
  #view: ReplicationView | undefined;
  /** The end of the local stream when this node last gave slots to another. */
  #yieldedAt = 0;

  constructor(options: ReplicationOptions) {
    this.#options = options;
    const { host, selfId, boot, keyspace, limits, persistence, peers, routes, isAlive, bootOf } = options;
    const { clock, timers, log, checksum } = host;
    const stream = (this.#stream = lateStream(persistence));
    // Nothing passes between this node and one that is left out, or left this one out, but what renews.
    const isFenced = (nodeId: NodeId) => this.#renewal.isFenced(nodeId);
    const reachable = new FencedPeers(peers, isFenced);
    const isReached = (nodeId: NodeId) => isAlive(nodeId) && !isFenced(nodeId);
    // Who left this one out lives, and this one has to have what it has.
    const isThere = (nodeId: NodeId) => isAlive(nodeId) && !this.absences.isLeftOut(nodeId);
    this.absences = new Absences({
      host,
      directory: options.directory,
      graceMs: options.tombstoneGraceMs,
      coOwners: () => this.#coOwners(),
      isAlive,
      isInSync: (nodeId) =>
        isReached(nodeId) &&
        this.#isInSync(nodeId) &&
        this.#hasAllOf(nodeId) &&
        this.shipping.shipper(nodeId)?.isWhole === true,
      // All that anybody is to know of what it executed is known; who was away with it may have more.
      settled: (nodeId) => this.receiver.forget(nodeId),
      changed: (nodeId) => this.#fenceChanged([nodeId]),
    });
    this.#renewal = new Renewal({
      host,
      peers,
      absences: this.absences,
      isAlive,
      coOwners: () => this.#coOwners(),
      standDown: (slots) => {
        this.copies.letGo(slots);
        this.primaries.standDown(slots);
      },
      repair: (nodeId, done) => {
        const slots = this.#sharedWith(nodeId);
        this.repairs.request(nodeId, slots, () => done(slots));
      },
      changed: (nodeIds) => this.#fenceChanged(nodeIds),
      reopened: (nodeIds) => this.#reopened(nodeIds),
    });
    const generation = new Generation({ routes, numberOf: (nodeId) => peers.numberOf(nodeId) });
    const missing = new MissingRecords({
      host,
      keyspace,
      pull: (...wanted) => this.repairs.pullRecords(...wanted),
      othersOf: (slot) => this.#othersOf(slot).filter(isReached),
    });
    this.receiver = new Receiver({
      clock,
      timers,
      log,
      checksum,
      boot,
      keyspace,
      limits,
      persistence,
      bring: (nodeId, records) => missing.bring(nodeId, records),
      takenFrom: (nodeId) => this.primaries.wordsFor(nodeId).taken,
      changed: (nodeId, slots, count) => generation.executed(nodeId, slots, count),
      own: () => (this.#plan === undefined ? undefined : this.#own),
    });
    this.shipping = new Shipping({
      host,
      peers: reachable,
      stream,
      backlogBytesMax: options.backlogBytesMax,
      earlier: () => persistence.earlier,
      events: {
        progressed: (shipper) => {
          this.#repair(shipper);
          this.copies.progressed();
        },
        gapped: (shipper) => this.#repair(shipper),
        continued: ({ nodeId }) => this.#past.get(nodeId, persistence.earlier!),
        heard: ({ nodeId }, answer) => this.primaries.heard(nodeId, answer),
      },
    });
    this.repairs = new Repairs({
      host,
      selfId,
      peers,
      keyspace,
      limits,
      persistence,
      isShared: (nodeId, slot) => this.#plan?.slotsOf(nodeId).all.has(slot) === true && this.#own.has(slot),
      leftOut: (nodeId) => ({
        mine: this.#renewal.outdatedBy(nodeId),
        theirs: this.absences.leftOutOf(nodeId),
      }),
      mayRepairWith: (nodeId) => this.#renewal.mayRepairWith(nodeId),
      renewed: (nodeId, slots) => this.#renewed(nodeId, slots),
      isWhole: (slot) => this.primaries.hasCaughtUp && !this.#renewal.isOutdated && !this.#isNew(slot),
      isServing: () => this.primaries.mayAct,
      changed: () => generation.repaired(),
    });
    const repair = (nodeId: NodeId) =>
      new Promise<true>((resolve) => {
        this.repairs.request(nodeId, this.#sharedWith(nodeId), () => resolve(true));
      });
    const sources = {
      receiver: this.receiver,
      timers,
      peers: reachable,
      slots: () => (this.#own.size === SLOT_COUNT ? null : this.#own.slots()),
      repair,
      settled: () => this.primaries.wake(),
    };
    this.#survivors = new Survivors({
      ...sources,
      isAlive,
      isOver: (life) => !isAlive(life.nodeId) || bootOf(life.nodeId) !== life.boot,
    });
    this.#past = new OwnPast({ ...sources, nodeId: selfId });
    this.#catchingUp = new CatchingUp({
      host,
      nodeId: selfId,
      boot,
      stream,
      receiver: this.receiver,
      survivors: this.#survivors,
      isAlive,
      bootOf,
      coOwners: () => Array.from(this.shipping.shippers, ({ nodeId }) => nodeId),
      areCoOwners: (one, other) =>
        this.#groups?.areCoOwners(peers.numberOf(one), peers.numberOf(other)) === true,
      repair,
    });
    const positions = (to: NodeId) => {
      const told = this.#catchingUp.positions();
      this.shipping.shipper(to)?.tell();
      return told;
    };
    this.primaries = new Primaries({
      host,
      boot,
      peers: reachable,
      streams: {
        isInSync: (nodeId) => this.#isInSync(nodeId),
        isFollowedBy: (nodeId) =>
          this.shipping.shipper(nodeId)?.isWhole === true && this.#past.isSettled(nodeId),
        isSettled: () => this.#survivors.isSettled() && !this.#renewal.isOutdated,
        positions,
        reach: (nodeId, positions) => this.#catchingUp.reach(nodeId, positions),
        reachAll: (nodeId, positions) => this.#catchingUp.reachAll(nodeId, positions),
        executed: () => {
          stream.flushNow();
          return stream.localPosition;
        },
      },
      isAlive: isThere,
      readinessOf: options.readinessOf,
      bootOf,
      startWaitMs: options.startWaitMs,
      absenceMsMax: options.absenceMsMax,
      routed: options.routed,
      supported: () => this.copies.progressed(),
      confirmed: (slots, timeoutMs) => this.copies.confirmed(slots, timeoutMs),
      yielded: () => {
        this.#yieldedAt = stream.localPosition;
      },
      readied: () => {
        // What it executed in earlier lives it has.
        if (this.primaries.mayAct) stream.note();
        options.readied();
      },
    });
    const isNodeReached = (node: NodeNumber) => node === SELF || isReached(peers.idOf(node)!);
    this.reads = new ReadConfirmation({
      peers: reachable,
      groups: () => this.#groups,
      idOf: (node) => peers.idOf(node),
      isAlive: isNodeReached,
      keyspace,
      limits,
      clock,
      timers,
      checksum,
      log,
      persistence,
      mayTouch: (slot) => this.#own.has(slot),
      flush: () => this.shipping.flushNow(),
      changed: () => generation.repaired(),
    });
    this.copies = new SlotCopies({
      peers,
      shipping: this.shipping,
      stream,
      isAlive: isNodeReached,
      timers,
      tenure: this.primaries,
      confirmRead: (...read) => this.reads.confirmRead(...read),
    });
    this.replicaReads = new SlotReads({
      host,
      selfId,
      boot,
      peers: reachable,
      stream,
      shipping: this.shipping,
      receiver: this.receiver,
      catchingUp: this.#catchingUp,
      generation,
      isAlive: isReached,
      bootOf,
      positions,
    });
    this.collection = new Collection({
      host,
      keyspace,
      limits,
      peers: reachable,
      persistence,
      standing: this.#standing(stream),
    });
    const fenced = [
      ...this.collection.services,
      ...this.receiver.services,
      ...this.reads.services,
      this.primaries.service,
      this.replicaReads.service,
    ];
    this.services = new Map<string, Service>([
      ...fenced.map(([name, service]) => [name, this.#fence(service)] as const),
      ...this.repairs.services,
      this.#renewal.service,
    ]);
    this.receiver.subscribe(() => {
      if (!this.primaries.mayAct) this.primaries.wake();
    });
  }

  /** Reads what the directory keeps of owners that are away. Rejects if it makes no sense. */
  recall(): Promise<void> {
    return this.absences.recall();
  }

  /** Slots may be claimed from now on: what this node had it has loaded, and it knows who owns what if it ever did. */
  start(): void {
    this.primaries.start();
  }

  close(): void {
    this.absences.close();
    this.#renewal.close();
    this.primaries.close();
    this.#survivors.close();
    this.#past.close();
    this.reads.close();
    this.collection.close();
    this.repairs.close();
    this.shipping.close();
    this.receiver.close();
  }

  /** Takes a placement of a cluster with several copies. */
  follow(placement: Placement, plan: SlotPlan): void {
    const { keyspace, selfId, peers } = this.#options;
    // Before anything is shipped. Who is alone from now on may have remains, and goes on until they are collected.
    if (hasCopies(placement)) keyspace.keepTombstones = true;
    this.collection.isAlone = !hasCopies(placement);
    const groups = new OwnerGroups({
      grouped: plan.groups,
      phase: placement.change?.phase ?? null,
      numberOf: (id) => (id === selfId ? SELF : peers.numberOf(id)),
    });
    this.#gone = placement.gone;
    this.#placement = nameOf(placement);
    // Those that it owned when it started it had: what it lost of that it has to catch up with anyway.
    const known = this.#plan?.slotsOf(selfId).all ?? plan.slotsOf(selfId).current;
    const { all } = plan.slotsOf(selfId);
    const added = all === known ? [] : all.slots().filter((slot) => !known.has(slot));
    this.#newSlots.add(added);
    if (added.length > 0) this.receiver.owned();
    this.#plan = plan;
    this.#ownCheck = undefined;
    this.#groups = groups;
    this.copies.groups = groups;
    this.replicaReads.groups = groups;
    const slots = this.#slotsByCoOwner(plan, groups);
    for (const { nodeId } of [...this.shipping.shippers]) if (!slots.has(nodeId)) this.#forget(nodeId);
    this.shipping.setOwners(slots);
    this.#ask(added, slots.keys());
    this.absences.keepOnly((id) => placement.members.some((member) => member.id === id));
    if (this.primaries.mayAct) this.#stream.note();
    this.#seeDeaths();
    this.primaries.place(placement, groups);
    this.#renewal.keepOnly((id) => slots.has(id));
    this.#view = new ReplicationFace({
      ...this.#options,
      stream: this.#stream,
      copiesWanted: placement.copies,
      groups,
      shipping: this.shipping,
      receiver: this.receiver,
      repairs: this.repairs,
      primaries: this.primaries,
      absences: this.absences,
    });
  }

  /** This node owns nothing any more. */
  forsake(): void {
    this.#placement = "";
    this.#plan = undefined;
    this.#groups = undefined;
    this.#view = undefined;
    this.copies.groups = undefined;
    this.replicaReads.groups = undefined;
    for (const { nodeId } of this.shipping.shippers) this.#forget(nodeId);
    this.shipping.setOwners(new Map());
    this.#seeDeaths();
    this.primaries.forsake();
    this.#options.keyspace.keepTombstones = false;
  }

  /** Another node has no slots with this one any more. */
  #forget(nodeId: NodeId): void {
    this.repairs.forget(nodeId);
    this.#newSlots.forget(nodeId);
    this.#catchingUp.forget(nodeId);
    this.replicaReads.forget(nodeId);
    this.#past.forget(nodeId);
  }

  membersChanged(): void {
    this.#renewal.tell();
    this.#seeDeaths();
    this.primaries.membersChanged();
  }

  #othersOf(slot: number): readonly NodeId[] {
    return this.#groups?.of(slot).others.map((node) => this.#options.peers.idOf(node)!) ?? [];
  }

  /** How slots stand, for who collects what remains in them. */
  #standing(stream: LocalStream): SlotStanding {
    const { persistence, peers, isAlive } = this.#options;
    const othersOf = (slot: number) => this.#othersOf(slot);
    const presentOf = (slot: number, absent: Absent) => othersOf(slot).filter((id) => !absent.has(id));
    const placement = () => this.#placement;
    return {
      get placement() {
        return placement();
      },
      coOwnersOf: (slot) => (this.#own.has(slot) ? othersOf(slot) : undefined),
      isActing: (slot) => this.primaries.isActing(slot),
      positionOf: (slot) => stream.localPositionOf(slot),
      isKept: (slot, position, absent) =>
        presentOf(slot, absent).every((id) => {
          const reach = this.shipping.shipper(id)?.reach;
          return reach?.isWhole === true && reach.keeps({ slot, position });
        }),
      isInSync: (slot, absent) =>
        this.#survivors.isSettled() &&
        this.#past.isSettled() &&
        presentOf(slot, absent).every((id) => isAlive(id) && this.#isInSync(id) && this.#hasAllOf(id)),
      isAbsent: (id) => this.primaries.mayAct && this.absences.isAbsent(id),
      canDoWithout: (slot, absent) =>
        isDecisive(this.#groups!.of(slot), (node) => node === SELF || !absent.has(peers.idOf(node)!)),
      leaveOut: (slotsById) => this.absences.leaveOut(slotsById),
      makeLast: () => persistence.makeLast(),
    };
  }

  #isInSync(id: NodeId): boolean {
    const boot = this.#options.bootOf(id);
    return boot !== undefined && !this.#renewal.isFenced(id) && this.receiver.isInSync(id, boot);
  }

  #hasAllOf(id: NodeId): boolean {
    const boot = this.#options.bootOf(id);
    return boot !== undefined && this.receiver.position(id, boot)?.isWhole === true;
  }

  #coOwners(): readonly NodeId[] {
    return Array.from(this.#groups?.coOwners() ?? [], (node) => this.#options.peers.idOf(node)!);
  }

  // ---- Who was away for too long ----

  /** A service for all but those that are fenced: to these it fails. */
  #fence(service: Service): Service {
    return (body, from) => {
      if (this.#renewal.isFenced(from.nodeId))
        throw new ServiceRefusal("one of the two nodes has to be renewed first");
      return service(body, from);
    };
  }

  /** What was under way between the two is over; once they are not fenced any more they begin anew, for neither knows what the other lacks. */
  #fenceChanged(ids: readonly NodeId[]): void {
    for (const id of ids) {
      this.shipping.shipper(id)?.down();
      if (!this.#renewal.isFenced(id)) this.receiver.forget(id);
    }
    this.#reopened(ids);
  }

  /** What this node let go meanwhile the others may think that it has: they are compared. */
  #reopened(ids: readonly NodeId[]): void {
    for (const id of ids) if (!this.#renewal.isFenced(id)) this.shipping.restart(id);
    this.membersChanged();
    this.primaries.linked();
  }

  /** Another node, which was left out, has what this one has of slots: of all that both own, or it has to do it again. */
  async #renewed(id: NodeId, slots: SlotSet): Promise<void> {
    if (this.#sharedWith(id).every((slot) => slots.has(slot))) await this.absences.renewed(id);
  }

  /** Who is left of the owners of a dead node's slots tells what it has of it, and who cannot be asked does so when it is back. */
  #seeDeaths(): void {
    const { peers, isAlive } = this.#options;
    const alive = new Set<NodeId>();
    const survivorsByDead = new Map<NodeId, Set<NodeId>>();
    const absentByDead = new Map<NodeId, Set<NodeId>>();
    // Of one that started again nobody may have seen that it was dead.
    const isThere = (id: NodeId) => isAlive(id) && !this.absences.isLeftOut(id);
    const isOver = (id: NodeId) => !isThere(id) || this.#hasStartedAgain(id);
    for (const group of this.#groups?.groups ?? []) {
      if (!isOwner(group, SELF)) continue;
      const ids = group.others.map((node) => peers.idOf(node)!);
      const living = ids.filter(isThere);
      for (const id of living) alive.add(id);
      for (const id of ids) {
        if (!isOver(id)) continue;
        const survivors = survivorsByDead.get(id) ?? new Set();
        for (const other of living) if (other !== id) survivors.add(other);
        survivorsByDead.set(id, survivors);
        if (!this.#boots.has(id)) continue;
        const absent = absentByDead.get(id) ?? new Set();
        for (const other of ids) if (other !== id && !isThere(other)) absent.add(other);
        absentByDead.set(id, absent);
      }
    }
    this.#survivors.update({ survivorsByDead, absentByDead, alive });
    for (const id of alive) this.#boots.set(id, this.#options.bootOf(id));
  }

  /** Since this was looked at last; or while this node did, and it has not got back yet what others have of it. */
  #hasStartedAgain(id: NodeId): boolean {
    const { bootOf, readinessOf } = this.#options;
    return this.#boots.has(id) ? this.#boots.get(id) !== bootOf(id) : readinessOf(id) === "apart";
  }

  /** A link with another node has come up. */
  linked(): void {
    this.#renewal.tell();
    this.primaries.linked();
  }

  /** Tells where a slot's commands are executed, in this turn and as far as this node knows. */
  executors(): (slot: number) => Route {
    // Numbers of nodes are routes: this one's is `HERE`, and nobody's is `HELD`.
    return this.primaries.executors();
  }

  /** How far this node is with the change of owners under way. */
  get progress(): Progress {
    const groups = this.#groups;
    if (groups === undefined) return { isCopied: true, isHandedOver: true, isCertain: true };
    const shippers = this.#shippersLeft();
    const isNobodysElse = this.primaries.acting().every((slot) => groups.of(slot).nextOwners.includes(SELF));
    const isHandedOver = isNobodysElse && shippers.every((shipper) => shipper.isCaughtUp(this.#yieldedAt));
    return { isCopied: this.#isCopied(), isHandedOver, isCertain: this.#isCertain() };
  }

  /** Whether all who are to have copies have them. */
  #isCopied(): boolean {
    return this.#shippersLeft().every(({ isWhole, nodeId }) => isWhole && !this.#renewal.isFenced(nodeId));
  }

  /** To all other owners that are not given up. */
  #shippersLeft(): readonly Shipper[] {
    return [...this.shipping.shippers].filter(({ nodeId }) => !this.#gone.includes(nodeId));
  }

  /**
   * Whether nobody can have collected remains of any slot without this node: not without it and those who say that they have not, or not without
   * any that is not given up. Asks those who have not said so lately.
   */
  #isCertain(): boolean {
    const { peers } = this.#options;
    const heard = this.#renewal.areSure(this.#coOwners().filter((id) => !this.#gone.includes(id)));
    const isSure = (node: NodeNumber) => node === SELF || heard.has(peers.idOf(node)!);
    const isGone = (node: NodeNumber) => this.#gone.includes(peers.idOf(node)!);
    const own = this.#groups?.groups.filter((group) => isOwner(group, SELF)) ?? [];
    return own.every(
      (group) => isDecisive(group, isSure) || group.others.every((node) => isSure(node) || isGone(node)),
    );
  }

  /** Copies, for people; undefined as long as there is no placement of a cluster with several. */
  get view(): ReplicationView | undefined {
    return this.#view;
  }

  /** The change of owners, for people. */
  get change(): ChangeView {
    const { current, next } = this.#plan?.slotsOf(this.#options.selfId) ?? {
      current: NO_SLOTS,
      next: NO_SLOTS,
    };
    const slots = next.size - current.shared(next).length;
    const isCopied = this.#isCopied();
    let bytesShipped = 0;
    for (const { counters } of this.shipping.shippers) bytesShipped += counters.bytes;
    return { slots, slotsDone: isCopied ? slots : 0, bytesShipped };
  }

  /** What it lacks of slots that are new here this node has to ask for itself: others tell it all but the floors. */
  #ask(added: readonly number[], coOwners: Iterable<NodeId>): void {
    if (added.length === 0) return;
    const isAdded = new SlotSet(added);
    for (const id of coOwners) {
      const shared = this.#sharedWith(id);
      const wanted = shared.filter((slot) => isAdded.has(slot));
      if (wanted.length > 0) this.repairs.request(id, shared, this.#newSlots.ask(id, wanted));
    }
  }

  /** Whether copies of a slot that is new here are still to be compared with those of any other owner that is alive. */
  #isNew(slot: number): boolean {
    if (!this.#newSlots.has(slot)) return false;
    const { isAlive, bootOf, host } = this.#options;
    this.#ownCheck ??= checkOf(new SlotFilter(this.#own), host.checksum);
    const owned = this.#ownCheck;
    const others = this.#othersOf(slot).filter(isAlive);
    const isFilled = others.every(
      (id) =>
        !this.#newSlots.isOpen(id, slot) && this.receiver.stream(id, bootOf(id) ?? -1)?.hasSlot(slot, owned),
    );
    if (isFilled) this.#newSlots.delete(slot);
    return !isFilled;
  }

  get #own(): SlotSet {
    return this.#plan?.slotsOf(this.#options.selfId).all ?? NO_SLOTS;
  }

  #sharedWith(nodeId: NodeId): readonly number[] {
    return this.#plan?.slotsOf(nodeId).all.shared(this.#own) ?? [];
  }

  /** By other owner, the slots of this node that it owns too; null for one that owns all. */
  #slotsByCoOwner(plan: SlotPlan, groups: OwnerGroups): Map<NodeId, Iterable<number> | null> {
    const { peers } = this.#options;
    const slots = new Map<NodeId, Iterable<number> | null>();
    for (const node of groups.coOwners()) {
      const id = peers.idOf(node)!;
      const { all } = plan.slotsOf(id);
      slots.set(id, all.size === SLOT_COUNT ? null : all);
    }
    return slots;
  }

  /** Copies to another owner, and from it, what it will not be shipped. */
  #repair(shipper: Shipper): void {
    if (shipper.isWhole || shipper.state !== "shipping" || this.#repairing.has(shipper)) return;
    const { nodeId, reach } = shipper;
    const { gaps } = reach;
    this.#repairing.add(shipper);
    this.repairs.request(nodeId, this.#sharedWith(nodeId), () => {
      this.#repairing.delete(shipper);
      // If not, more is missing by now, or the other node has yet to hear of what was.
      if (!shipper.repaired(gaps)) this.#repair(shipper);
    });
  }
}

const NO_SLOTS = new SlotSet();

/** There is a stream once what was kept has been read: this node is put together before. */
function lateStream(persistence: { readonly stream: LocalStream }): LocalStream {
  return {
    get localPosition() {
      return persistence.stream.localPosition;
    },
    localPositionOf: (slot) => persistence.stream.localPositionOf(slot),
    mark: (slot) => persistence.stream.mark(slot),
    ship: (consumer) => persistence.stream.ship(consumer),
    note: () => persistence.stream.note(),
    flushNow: () => persistence.stream.flushNow(),
  };
}
