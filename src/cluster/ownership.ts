/**
 * Which slots are whose: keeps the placement that members agree on, takes part in changing it, and sets the routes by it. A node
 * that is no member asks to become one as soon as it knows a placement; a member that comes back goes on where it was.
 *
 * Invariant: a node executes for a slot only while nobody else can: before it has asked the next owner to take the slot over, or after
 * it has taken it over itself; and it remembers both before it acts on them.
 *
 * Long because what a placement means for routes, copies and what lies around is one state.
 */
import { assert } from "../base/assert.js";
import { addToGroup } from "../base/groups.js";
import type { PersistenceView } from "../durability/persistence-view.js";
import type { Host } from "../host/host.js";
import { type Cancel, pause } from "../host/timers.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { PackingLimits } from "../keyspace/packing-limits.js";
import type { ClusterId, NodeId } from "../membership/member.js";
import type { SharedState } from "../membership/state-exchange.js";
import type { ChangeView } from "./cluster-view.js";
import { Coordinator } from "./coordinator.js";
import { HandingOver } from "./handing-over.js";
import { slotsLostWith } from "./lost-slots.js";
import type { OwnHashSeed } from "./own-hash-seed.js";
import type { Service } from "./peer-server.js";
import type { Peers } from "./peers.js";
import {
  comparePlacements,
  firstPlacement,
  forgottenBy,
  formatPlacement,
  hasCopies,
  isMember,
  isReplicated,
  type PlacedMember,
  type Placement,
  parsePlacement,
} from "./placement.js";
import {
  decodeMessage,
  encodeMessage,
  type ForgetWish,
  isWish,
  nameOf,
  PLACEMENT_SERVICE,
  type PlacementAnswer,
  type PlacementRequest,
  type Progress,
  pollOf,
  type Wish,
} from "./placement-messages.js";
import { type Handover, type KeptPlacement, PlacementStore } from "./placement-store.js";
import type { Replication } from "./replication/replication.js";
import { SlotDisposal } from "./slot-disposal.js";
import { NOBODY, nameOfChange, SlotPlan } from "./slot-plan.js";
import { SlotReceptions } from "./slot-receptions.js";
import { HELD, HERE, type Route, type SlotRoutes } from "./slot-routes.js";
import { ALL_SLOTS, SlotSet } from "./slot-set.js";
import { SLOTS_SERVICE } from "./transfer-messages.js";

/** How often a node says again what it wants. */
const WISH_PERIOD_MS = 1000;
const LEAVE_PERIOD_MS = 250;
/** A member that starts waits so long for a word of the others before it serves. */
const HEARING_MS = 2000;
const HEARING_PERIOD_MS = 50;
const ASK_TIMEOUT_MS = 5000;

export interface OwnershipOptions {
  readonly host: Pick<Host, "clock" | "timers" | "files" | "log">;
  readonly keyspace: Keyspace;
  /** As they are at present. */
  readonly limits: () => PackingLimits;
  readonly persistence: PersistenceView;
  /** Undefined for a node that keeps nothing. */
  readonly directory: string | undefined;
  readonly self: PlacedMember;
  /** Which cluster this node belongs to; asked only when it belongs to one. */
  readonly clusterId: () => ClusterId;
  /** Of the cluster, should this node found it. */
  readonly copies: number;
  readonly hashSeed: OwnHashSeed;
  /** Counts the starts of this node. */
  readonly boot: number;
  readonly peers: Peers;
  readonly routes: SlotRoutes;
  /** Moves slots, and says who executes for them, where they have several owners. */
  readonly replication: Replication;
  readonly isAlive: (id: NodeId) => boolean;
}

export class Ownership {
  /** What other nodes ask of this one. */
  readonly services: ReadonlyMap<string, Service>;
  /** The placement, for gossip to carry. */
  readonly state: SharedState;
  readonly #options: OwnershipOptions;
  readonly #listeners = new Set<() => void>();
  readonly #coordinator: Coordinator;
  readonly #receptions: SlotReceptions;
  readonly #disposal: SlotDisposal;
  readonly #handingOver: HandingOver;
  #store!: PlacementStore;
  #placement: Placement | undefined;
  #plan: SlotPlan | undefined;
  #handover: Handover | null = null;
  /** The name of the newest placement that all others have too, as far as this node knows. */
  #agreed = "";
  /** By source, how many slots come from it. */
  #incoming = new Map<NodeId, number[]>();
  #isStarted = false;
  /** It may have been forgotten, and does not serve yet. */
  #isUnsure = false;
  #isClosed = false;
  #isLeaving = false;
  /** All is handed over, and the process ends. */
  #hasLeft = false;
  /** Keys were there before the node belonged to a cluster. They are not thrown away for joining one. */
  #isForeign = false;
  /** What is written is written one after the other. */
  #atHand: Promise<unknown> = Promise.resolve();
  #cancelWish: Cancel | undefined;
  /** What operators told this node, until it is under way. */
  #toForget: readonly ForgetWish[] = [];

  constructor(options: OwnershipOptions) {
    this.#options = options;
    const { host, keyspace, limits, persistence, self, boot, peers, isAlive } = options;
    const { clock, timers, log } = host;
    const placement = () => this.#placement;
    // What was recalled is acted on once links may be used.
    const startedPlacement = () => (this.#isStarted ? this.#placement : undefined);
    this.state = {
      get version() {
        return placement()?.epoch ?? 0;
      },
      bytes: () => Buffer.from(formatPlacement(this.#placement!)),
      offer: (_version, bytes) => {
        const offered = parsePlacement(Buffer.from(bytes).toString());
        if (offered !== undefined) void this.#adoptIfNewer(offered);
      },
    };
    this.#disposal = new SlotDisposal({ keyspace, clock, timers });
    this.#receptions = new SlotReceptions({
      keyspace,
      limits,
      persistence,
      disposal: this.#disposal,
      expected: (from, change) => (change === this.#changeName ? this.#incoming.get(from) : undefined),
      isTaken: (slot) => this.#handover?.taken.has(slot) ?? false,
      take: (change, slots) => this.#take(change, slots),
    });
    this.#handingOver = new HandingOver({
      keyspace,
      host,
      peers,
      boot,
      offered: (change, slots) => this.#remember(change, { offered: slots }),
      rerouted: (slots) => this.reroute(slots),
      progressed: () => this.#coordinator.wake(),
    });
    this.#coordinator = new Coordinator({
      selfId: self.id,
      timers,
      clock,
      log,
      isAlive,
      placement: startedPlacement,
      follow: (newer) => this.#adoptIfNewer(newer),
      ask: (id, request, timeoutMs) => this.#ask(id, request, timeoutMs),
    });
    this.services = new Map<string, Service>([
      [
        PLACEMENT_SERVICE,
        async (body) => encodeMessage(await this.#answer(decodeMessage(body) as PlacementRequest)),
      ],
      [SLOTS_SERVICE, (body, { nodeId }) => this.#receptions.answer(body, nodeId)],
    ]);
  }

  /** Undefined as long as this node has not heard of one. */
  get placement(): Placement | undefined {
    return this.#placement;
  }

  /** What the placement means for each slot. */
  get plan(): SlotPlan | undefined {
    return this.#plan;
  }

  /** Undefined while owners are not changing. */
  get change(): ChangeView | undefined {
    const name = this.#changeName;
    if (name === null) return undefined;
    if (isReplicated(this.#placement!)) return this.#options.replication.change;
    const { slots, slotsDone, bytesSent } = this.#handingOver;
    const taken = this.#handover?.change === name ? this.#handover.taken.size : 0;
    let incoming = 0;
    for (const { length } of this.#incoming.values()) incoming += length;
    return {
      slots: slots + incoming,
      slotsDone: slotsDone + taken,
      bytesShipped: bytesSent + this.#receptions.bytesReceived,
    };
  }

  /** `changed` is called after the placement has changed, or the change under way has got on, until what is returned is called. */
  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  /**
   * Reads what the directory keeps of the placement. What it keeps of keys is to be read after that: what was deleted leaves something
   * behind only where there are copies. Answers the cluster of which it is, if there is something. Rejects if it makes no sense.
   */
  async recall(): Promise<ClusterId | undefined> {
    const { host, directory, keyspace } = this.#options;
    const { store, kept } = await PlacementStore.open(host.files, directory);
    this.#store = store;
    this.#placement = kept?.placement;
    this.#handover = kept?.handover ?? null;
    this.#toForget = kept?.toForget ?? [];
    if (kept !== undefined && hasCopies(kept.placement)) keyspace.keepTombstones = true;
    return kept?.cluster;
  }

  /** The keyspace is loaded. Nothing is routed before `start`. */
  loaded(): void {
    this.#isForeign = this.#placement === undefined && this.#options.keyspace.size > 0;
  }

  /** Links may be used: slots are served from now on. */
  start(): void {
    const { keyspace, host, self, replication } = this.#options;
    this.#isStarted = true;
    if (!this.#isForeign) for (const slot of ALL_SLOTS) keyspace.hideSlot(slot, true);
    if (this.#placement !== undefined) {
      this.#isUnsure = this.#placement.members.some(({ id }) => id !== self.id);
      this.#follow(this.#placement, undefined);
      if (this.#isUnsure) void this.#hear();
    }
    if (!this.#isUnsure) replication.start();
    this.#cancelWish = host.timers.every(WISH_PERIOD_MS, () => {
      this.#wishToJoin();
      this.#wishToForget();
    });
  }

  /**
   * Asks the other members what they have, since this node may have been forgotten while it was away: what it then told clients that it
   * wrote would be nobody's. If nobody answers soon, it goes on: then nobody else serves its slots either, as far as it can know.
   */
  async #hear(): Promise<void> {
    const { host, self } = this.#options;
    const endMs = host.clock.monotonicMs() + HEARING_MS;
    while (!this.#isClosed && host.clock.monotonicMs() < endMs) {
      const placement = this.#placement!;
      const request = pollOf(placement);
      const others = placement.members.filter(({ id }) => id !== self.id);
      const answers = others.map(({ id }) => this.#ask(id, request, HEARING_MS / 2));
      const heard = (await Promise.all(answers)).filter((answer) => answer?.kind === "has");
      for (const { placement: text } of heard) {
        const newer = text === null ? undefined : parsePlacement(text);
        if (newer !== undefined) await this.#adoptIfNewer(newer);
      }
      if (heard.length > 0) break;
      await pause(host.timers, HEARING_PERIOD_MS);
    }
    this.#isUnsure = false;
    if (this.#isClosed || this.#placement === undefined) return;
    this.#options.replication.start();
    this.reroute(ALL_SLOTS);
  }

  /** This node is the first of its cluster. Does nothing if it has a placement. */
  found(): void {
    if (this.#placement !== undefined) return;
    this.#isForeign = false;
    const { self, copies, hashSeed } = this.#options;
    void this.#adoptIfNewer(firstPlacement(self, { copies, hashSeed: hashSeed.text }));
  }

  /** A member came, died or came back. */
  membersChanged(): void {
    if (!this.#isStarted || this.#isClosed) return;
    this.#coordinator.wake();
    this.#wishToJoin();
  }

  /** This node was declared gone for good and is back: the others' placement says what that means, and it joins as a new one. */
  forgotten(): void {
    this.#options.host.log.warn("this node was forgotten: what it holds is dropped, and it joins anew", {});
  }

  /**
   * Takes out nodes that will not come back. Resolves when that is asked for, and is asked again until it is under way, by the next life of
   * this node too; or with the reason why it cannot be, as an error line. Unless it is forced they are not taken out if any slots are lost
   * with them. Rejects if the disk does.
   */
  async forget(ids: readonly NodeId[], isForced: boolean): Promise<string | undefined> {
    const wish: ForgetWish = { kind: "forget", ids, isForced };
    const refusal = await this.#wish(wish);
    if (refusal !== null) return refusal;
    const lost = slotsLostWith(this.#placement!, ids).size;
    const says = lost === 0 ? "others have copies of all that they had" : "the keys of some slots are lost";
    this.#options.host.log.warn(`nodes are to be forgotten: ${says}`, {
      nodes: ids.join(" "),
      slotsLost: lost,
    });
    await this.#keepToForget([...this.#toForget, wish]);
    return undefined;
  }

  /** Whoever is asked may be gone before it has begun, and what it waits for may be asked for later. */
  #wishToForget(): void {
    const placement = this.#placement;
    if (placement === undefined || this.#toForget.length === 0) return;
    const { isAlive, host } = this.#options;
    const isOpen = (id: NodeId) => isMember(placement, id) && !placement.gone.includes(id) && !isAlive(id);
    const open = this.#toForget.filter(({ ids }) => ids.some(isOpen));
    for (const wish of open) void this.#wish({ ...wish, ids: wish.ids.filter(isOpen) });
    if (open.length === this.#toForget.length) return;
    this.#keepToForget(open).catch((error: unknown) => {
      host.log.error("could not write down whom to forget", { error: String(error) });
    });
  }

  #keepToForget(toForget: readonly ForgetWish[]): Promise<void> {
    return this.#exclusively(async () => {
      this.#toForget = toForget;
      const placement = this.#placement;
      if (placement !== undefined) await this.#write({ placement, handover: this.#handover });
    });
  }

  /** Hands all slots over to the others. Resolves when that is done, or with the reason why it cannot be, as an error line. */
  async leave(): Promise<string | undefined> {
    // Who has handed over all is no member, and must not ask to be one again.
    this.#isLeaving = true;
    const refusal = await this.#handOverAll();
    this.#isLeaving = refusal === undefined;
    return refusal;
  }

  async #handOverAll(): Promise<string | undefined> {
    const { self, host } = this.#options;
    for (;;) {
      if (this.#isClosed) return "ERR the node is being stopped";
      const placement = this.#placement;
      if (placement === undefined) return undefined;
      // Also of one that is no member: it may have wished to be one.
      const refusal = await this.#wish({ kind: "leave", id: self.id });
      if (refusal !== null && !refusal.startsWith("TRYAGAIN")) return refusal;
      const isOut = !isMember(placement, self.id) && placement.change?.node.id !== self.id;
      if (isOut && refusal === null && (await this.#isKnownTo(placement)) && placement === this.#placement) {
        this.#hasLeft = true;
        return undefined;
      }
      await pause(host.timers, LEAVE_PERIOD_MS);
    }
  }

  /** Why this node cannot look for another cluster to join, as an error line; undefined if it can. */
  refusalToMeet(): string | undefined {
    const { keyspace, self } = this.#options;
    const placement = this.#placement;
    const isAlone = placement?.members.every(({ id }) => id === self.id) && placement.change === null;
    if (placement !== undefined && !isAlone) {
      return "ERR this node has others in its cluster: let the node that is to join meet this one, or start it with `join`";
    }
    if (keyspace.size > 0)
      return "ERR this node has keys, which joining another cluster would lose: only an empty node can";
    return undefined;
  }

  /** This node belongs to no cluster any more; what it may still have of keys is dropped. Resolves when that is written down. */
  async forsake(): Promise<void> {
    for (const slot of ALL_SLOTS) this.#options.keyspace.hideSlot(slot, true);
    await this.#disposal.dispose(ALL_SLOTS);
    await this.#exclusively(async () => {
      await this.#store.forget();
      this.#toForget = [];
      this.#placement = undefined;
      this.#plan = undefined;
      this.#handover = null;
      this.#agreed = "";
      this.#endChange();
      this.#options.replication.forsake();
      this.#options.routes.setAll(HELD);
      this.#tell();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelWish?.();
    this.#coordinator.close();
    this.#options.replication.close();
    this.#endChange();
    this.#disposal.close();
    this.#listeners.clear();
  }

  // ---- Among nodes ----

  /** Tells a placement to all members that are alive; true if they have it. The others may wait for a word of this node otherwise. */
  async #isKnownTo(placement: Placement): Promise<boolean> {
    const request = pollOf(placement);
    const members = placement.members.filter(({ id }) => this.#options.isAlive(id));
    const answers = await Promise.all(members.map(({ id }) => this.#ask(id, request, ASK_TIMEOUT_MS)));
    return answers.every((answer) => answer?.kind === "has");
  }

  async #ask(id: NodeId, request: PlacementRequest, timeoutMs: number): Promise<PlacementAnswer | undefined> {
    const { peers, self, host } = this.#options;
    try {
      if (id === self.id) return await this.#answer(request);
      const outcome = await peers.linkTo(id)?.ask(PLACEMENT_SERVICE, encodeMessage(request), timeoutMs);
      return outcome?.kind === "answered" ? (decodeMessage(outcome.body) as PlacementAnswer) : undefined;
    } catch (error) {
      host.log.error("could not take part in a change of owners", { error: String(error) });
      return undefined;
    }
  }

  async #answer(request: PlacementRequest): Promise<PlacementAnswer> {
    assert(!this.#isClosed && this.#isStarted, "only a node that runs takes part");
    switch (request.kind) {
      case "poll": {
        const told = request.placement === null ? undefined : parsePlacement(request.placement);
        if (told !== undefined) await this.#adoptIfNewer(told);
        return this.#has(request.name, request.isAgreed);
      }
      case "propose": {
        const [base, next] = [parsePlacement(request.base), parsePlacement(request.placement)];
        const isTaken = base !== undefined && next !== undefined && (await this.#step(base, next));
        return { kind: "taken", isTaken };
      }
      case "wish":
        if (!isWish(request.wish)) throw new Error("the wish makes no sense");
        return { kind: "noted", refusal: this.#coordinator.note(request.wish) };
      default:
        throw new Error("the request is not known");
    }
  }

  #has(name: string, isAgreed: boolean): PlacementAnswer {
    const placement = this.#placement;
    if (placement === undefined) throw new Error("this node takes no placement");
    const isSame = nameOf(placement) === name;
    if (isSame && isAgreed && this.#agreed !== name) {
      this.#agreed = name;
      this.#agreeing();
    }
    return { kind: "has", placement: isSame ? null : formatPlacement(placement), ...this.#progress() };
  }

  #progress(): Progress {
    if (isReplicated(this.#placement!)) return this.#options.replication.progress;
    const { isCopied, isHandedOver } = this.#handingOver.progress;
    return { isCopied, isHandedOver: isHandedOver && this.#abandoned().length === 0, isCertain: true };
  }

  /** Tells the coordinator what this node wants. Answers why it cannot be, as an error line, or null. */
  async #wish(wish: Wish): Promise<string | null> {
    const { isAlive } = this.#options;
    const placement = this.#placement;
    if (placement === undefined) return "ERR this node does not know who owns which slots yet";
    const coordinator = Coordinator.of(placement, isAlive);
    if (coordinator === undefined) return "TRYAGAIN no member is alive";
    const answer = await this.#ask(coordinator, { kind: "wish", wish }, ASK_TIMEOUT_MS);
    return answer?.kind === "noted" ? answer.refusal : "TRYAGAIN the oldest member does not answer";
  }

  #wishToJoin(): void {
    const placement = this.#placement;
    const { self } = this.#options;
    if (placement === undefined || this.#isLeaving || isMember(placement, self.id)) return;
    if (placement.change?.node.id === self.id) return;
    void this.#wish({ kind: "join", node: self });
  }

  // ---- The placement ----

  /** One after the other. Rejects if the disk does. */
  #exclusively<Value>(act: () => Promise<Value>): Promise<Value> {
    const done = this.#atHand.then(act);
    this.#atHand = done.catch(() => {});
    return done;
  }

  /** Takes a placement that others have. Never rejects. */
  async #adoptIfNewer(placement: Placement): Promise<void> {
    const { log } = this.#options.host;
    if (this.#isForeign && this.#options.keyspace.size > 0) {
      log.warn("this node has keys from before it belonged to a cluster: it joins none until they are gone");
      return;
    }
    this.#isForeign = false;
    try {
      await this.#exclusively(async () => {
        const own = this.#placement;
        if (own !== undefined && comparePlacements(placement, own) <= 0) return;
        if (this.#isUnwanted(placement)) return;
        await this.#adopt(placement);
      });
    } catch (error) {
      log.error("could not write down who owns which slots", { error: String(error) });
    }
  }

  /** Takes the step from one placement to the next, if this node is where it begins. */
  #step(base: Placement, next: Placement): Promise<boolean> {
    return this.#exclusively(async () => {
      const own = this.#placement;
      if (own === undefined || comparePlacements(own, base) !== 0 || this.#isUnwanted(next)) return false;
      if (comparePlacements(next, base) <= 0) return false;
      await this.#adopt(next);
      return true;
    });
  }

  /** A change that takes this node in, which has left, must not count on it. */
  #isUnwanted({ change }: Placement): boolean {
    return this.#hasLeft && change?.kind === "join" && change.node.id === this.#options.self.id;
  }

  /** Resolves when it lasts. Rejects if the disk does. One at a time. */
  #write(kept: Pick<KeptPlacement, "placement" | "handover">): Promise<void> {
    return this.#store.write({ ...kept, cluster: this.#options.clusterId(), toForget: this.#toForget });
  }

  /** It is remembered before anybody hears that it was taken. */
  async #adopt(placement: Placement): Promise<void> {
    if (this.#placement === undefined) await this.#rehash(placement);
    const name = nameOfChange(placement);
    const isKnown = name === null || this.#handover?.change === name;
    const handover = isKnown
      ? this.#handover
      : { change: name, taken: new SlotSet(), offered: new SlotSet() };
    await this.#write({ placement, handover });
    const before = this.#placement;
    this.#placement = placement;
    this.#handover = handover;
    if (this.#isStarted && !this.#isClosed) this.#follow(placement, before);
  }

  /** Hashes keys as the cluster does that this node comes to, if it has copies that are to be compared. Nothing of use is there yet. */
  async #rehash(placement: Placement): Promise<void> {
    const { keyspace, hashSeed } = this.#options;
    if (!isReplicated(placement) || placement.hashSeed === hashSeed.text) return;
    if (!keyspace.isEmpty) await this.#disposal.dispose(ALL_SLOTS);
    await hashSeed.adopt(placement.hashSeed!);
  }

  get #changeName(): string | null {
    return this.#placement === undefined ? null : nameOfChange(this.#placement);
  }

  /** Does what the placement says. */
  #follow(placement: Placement, before: Placement | undefined): void {
    const { self, copies, host, replication } = this.#options;
    if (before === undefined && placement.copies !== copies) {
      host.log.warn("the cluster was founded with another replication-factor, which holds", {
        cluster: placement.copies,
        own: copies,
      });
    }
    const plan = SlotPlan.of(placement);
    this.#plan = plan;
    if (before === undefined || nameOfChange(before) !== nameOfChange(placement)) this.#endChange();
    const { change } = placement;
    if (isReplicated(placement)) {
      this.#disposal.spare(plan.slotsOf(self.id).all);
      replication.follow(placement, plan);
    } else if (change !== null) {
      this.#incoming = plan.to(self.id);
      const isGone = forgottenBy(placement).includes(self.id);
      if (!isGone) this.#handingOver.begin(this.#changeName!, plan.from(self.id), this.#handover!.offered);
    }
    this.#route(ALL_SLOTS);
    // Nobody asks this node for what it still has of others' slots: all was handed over before, or is given up.
    if (change === null && (before === undefined || !isMember(placement, self.id))) this.#dispose();
    this.#tell();
  }

  /** All have the placement. */
  #agreeing(): void {
    const { change } = this.#placement!;
    if (change === null) {
      this.#dispose();
      return;
    }
    if (isReplicated(this.#placement!)) return;
    if (change.phase === "switch") this.#handingOver.allow();
    if (change.kind === "forget") void this.#takeAbandoned();
  }

  #endChange(): void {
    this.#handingOver.end();
    this.#receptions.end();
    this.#incoming = new Map();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  // ---- Routes ----

  #route(changed: Iterable<number>): void {
    const { host, routes, keyspace, replication } = this.#options;
    const executorOf = isReplicated(this.#placement!)
      ? replication.executors()
      : this.#executorsOfLoneCopies();
    const slots = new Map<Route, number[]>();
    const isDisposing = this.#disposal.pending > 0;
    const seen: number[] = [];
    keyspace.tick(host.clock.wallMs());
    for (const slot of changed) {
      const executor = executorOf(slot);
      const route = executor === HERE && this.#isUnsure ? HELD : executor;
      const isOwn = executor === HERE || (executor === HELD && this.#handingOver.held.has(slot));
      if (isOwn && isDisposing) seen.push(slot);
      keyspace.hideSlot(slot, !isOwn);
      // Most are asked about because something happened that concerns others.
      if (routes.of(slot) === route) continue;
      addToGroup(slots, route, slot);
    }
    this.#disposal.spare(seen);
    for (const [route, list] of slots) routes.setEach(list, route);
  }

  /** Where slots have one owner each. */
  #executorsOfLoneCopies(): (slot: number) => Route {
    const { peers, self } = this.#options;
    const plan = this.#plan!;
    const own = plan.numberOf(self.id);
    const numbers = plan.ids.map((id) => (id === self.id ? HERE : peers.numberOf(id)));
    const gone = new Set(forgottenBy(this.#placement!).map((id) => plan.numberOf(id)));
    return (slot) => {
      const executor = this.#executorOf(slot, { plan, own, gone });
      return executor === NOBODY ? HELD : numbers[executor]!;
    };
  }

  /** `NOBODY` if nobody executes for the slot, as far as this node knows. Nodes by their numbers in the plan, `own` this one's. */
  #executorOf(
    slot: number,
    { plan: { owners, nextOwners }, own, gone }: { plan: SlotPlan; own: number; gone: ReadonlySet<number> },
  ): number {
    const owner = owners[slot]!;
    const next = nextOwners[slot]!;
    if (owner === next) return owner;
    if (next === own && this.#handover?.taken.has(slot)) return own;
    // Nobody is left to hand it over.
    if (gone.has(owner)) return next === own ? NOBODY : next;
    if (owner !== own) return owner;
    const { handed, held } = this.#handingOver;
    if (handed.has(slot)) return next;
    return held.has(slot) ? NOBODY : own;
  }

  /** Who executes for slots may have changed. */
  reroute(slots: Iterable<number>): void {
    if (this.#plan === undefined || !this.#isStarted || this.#isClosed) return;
    this.#route(slots);
    this.#tell();
  }

  // ---- Taking over ----

  async #take(change: string, slots: readonly number[]): Promise<boolean> {
    if (this.#placement?.change?.phase !== "switch" || this.#changeName !== change) return false;
    await this.#remember(change, { taken: slots });
    if (this.#changeName !== change || this.#isClosed) return false;
    this.reroute(slots);
    return true;
  }

  /** Slots that are to be this node's whose owner is gone. */
  #abandoned(): number[] {
    const placement = this.#placement;
    if (placement === undefined || isReplicated(placement)) return [];
    const slots = forgottenBy(placement).flatMap((id) => this.#incoming.get(id) ?? []);
    return slots.filter((slot) => !this.#handover!.taken.has(slot));
  }

  async #takeAbandoned(): Promise<void> {
    const change = this.#changeName!;
    const slots = this.#abandoned();
    if (slots.length === 0) return;
    await this.#disposal.dispose(slots);
    try {
      await this.#remember(change, { taken: slots });
      if (this.#changeName === change && !this.#isClosed) this.reroute(slots);
    } catch (error) {
      this.#options.host.log.error("could not write down who owns which slots", { error: String(error) });
      // Asked again by the next poll that says that all agree.
      this.#agreed = "";
    }
  }

  /** Resolves when it lasts. Rejects if the disk does, or the change is over. */
  #remember(change: string, { taken, offered }: { taken?: readonly number[]; offered?: readonly number[] }) {
    return this.#exclusively(async () => {
      const [placement, handover] = [this.#placement, this.#handover];
      if (placement === undefined || handover?.change !== change) throw new Error("the change is over");
      const next = {
        change,
        taken: taken === undefined ? handover.taken : handover.taken.with(taken),
        offered: offered === undefined ? handover.offered : handover.offered.with(offered),
      };
      await this.#write({ placement, handover: next });
      this.#handover = next;
    });
  }

  // ---- What lies around ----

  /** Drops what this node has of slots that are not its own. */
  #dispose(): void {
    const { all } = this.#plan!.slotsOf(this.#options.self.id);
    void this.#disposal.dispose(ALL_SLOTS.filter((slot) => !all.has(slot)));
  }
}
