/**
 * Sees to it that each slot of a replicated cluster has one node that executes for it: claims what should be this node's, confirms what is,
 * and answers others who do the same (tenure.ts decides). Before it acts for slots it has what the others have of them.
 *
 * Long because to claim, to confirm and to answer go by one state, which each of them changes.
 */
import { groupBy } from "../../base/groups.js";
import { SLOT_COUNT } from "../../base/key-hash.js";
import type { Clock } from "../../host/clock.js";
import type { Log } from "../../host/log.js";
import type { Cancel, Timers } from "../../host/timers.js";
import type { NodeId } from "../../membership/member.js";
import type { Service } from "../peer-server.js";
import type { Placement } from "../placement.js";
import { nameOf } from "../placement-messages.js";
import type { ReplicationPeers } from "../replication/fenced-peers.js";
import { ALL_SLOTS } from "../slot-set.js";
import { noClaims } from "./claim-counters.js";
import {
  CLAIMS_SERVICE,
  type ClaimAnswer,
  type ClaimRequest,
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
} from "./claim-messages.js";
import { isMost } from "./majority.js";
import { type NodeNumber, type OwnerGroups, SELF } from "./owner-groups.js";
import { OwnReadiness, type Readiness } from "./readiness.js";
import { SettledWords } from "./settled-words.js";
import type { Streams } from "./streams.js";
import { Tenure } from "./tenure.js";
import type { Taken, Words } from "./words.js";

const LOOK_PERIOD_MS = 50;
const CONFIRM_PERIOD_MS = 1000;
/** Also what bounds how long the support of a node that is cut off seems to last. */
const ASK_TIMEOUT_MS = 1000;
const CLAIM_PAUSE_MS = 100;
/** What is not confirmed within so long after its slots are claimed will not be: less than who claims them waits. */
const REST_TIMEOUT_MS = 300;
/** More than a node ever gives: their numbers have 32 bits. */
const WORDS_MAX = 2 ** 32;
/** Gossip knows of who is back before this is over. */
const SPOKEN_MS = 1000;

export interface PrimariesOptions {
  readonly host: { readonly clock: Clock; readonly timers: Timers; readonly log: Log };
  /** How often this node has started. */
  readonly boot: number;
  readonly peers: ReplicationPeers;
  readonly streams: Streams;
  /** Of another node, whether it is there. */
  readonly isAlive: (id: NodeId) => boolean;
  /** By its own word. */
  readonly readinessOf: (id: NodeId) => Readiness;
  /** How often it has started; undefined if it is not known. */
  readonly bootOf: (id: NodeId) => number | undefined;
  /** A node that starts waits so long for owners that it does not see: option `cluster-start-wait`. */
  readonly startWaitMs: () => number;
  /** A node that was stopped for longer others may have taken for dead. */
  readonly absenceMsMax: number;
  /** Who executes for slots has changed, as far as this node knows. */
  readonly routed: (slots: Iterable<number>) => void;
  /** Others stand by this node: what they have acknowledged counts. */
  readonly supported: () => void;
  /** Resolves when a majority has all that this node executed for slots, or after a time. */
  readonly confirmed: (slots: readonly number[], timeoutMs: number) => Promise<void>;
  /** This node gave slots to another. What it executed for them is handed over. */
  readonly yielded: () => void;
  /** Others are to hear whether this node has caught up: `readiness`. */
  readonly readied: () => void;
}

/** What is known of another owner. */
interface Acquaintance {
  isAlive: boolean;
  boot: number | undefined;
}

type AskedSlots = Pick<ClaimRequest, "support" | "settled" | "slots">;

type Answered = Extract<ClaimAnswer, { readonly kind: "answered" }>;

/** Slots that another node gave this one its word for, and what it said with that. */
interface Grant {
  readonly node: NodeNumber;
  readonly words: Words;
  readonly slots: readonly number[];
}

export class Primaries {
  readonly service: readonly [string, Service];
  readonly counters = noClaims();
  readonly #options: PrimariesOptions;
  readonly #tenure: Tenure;
  readonly #others = new Map<NodeNumber, Acquaintance>();
  readonly #settled = new Map<NodeNumber, SettledWords>();
  #placement: Placement | undefined;
  #groups: OwnerGroups | undefined;
  /** By node, when it last asked this one for slots. */
  readonly #spokenMs = new Map<NodeNumber, number>();
  /** What is believed of nodes, as slots were routed by it. */
  #beliefs = "";
  readonly #readiness = new OwnReadiness();
  /** By slot, behind what this node had executed when it began to act for it, or a majority last came to stand by it. */
  readonly #actsFrom = new Float64Array(SLOT_COUNT);
  /** It has what the other owners had, since it started or gave up slots. */
  #hasCaughtUp = false;
  /** It was, once since it started: from then on nobody is waited for who is not there. */
  #hasBeenReady = false;
  #isClaiming = false;
  #isConfirming = false;
  #mustConfirm = false;
  #isWoken = false;
  #claimAtMs = 0;
  #confirmAtMs = 0;
  #lookedMs = 0;
  #startedMs = 0;
  #cancel: Cancel | undefined;

  constructor(options: PrimariesOptions) {
    this.#options = options;
    const { peers, readinessOf } = options;
    this.#tenure = new Tenure({
      isAlive: (node) => node === SELF || this.#isAlive(node),
      readinessOf: (node) => (node === SELF ? this.#readiness.now : readinessOf(peers.idOf(node)!)),
    });
    this.service = [CLAIMS_SERVICE, (body, { nodeId }) => this.#answer(body, nodeId)];
  }

  /** Links may be used, and nobody has taken this node's slots for good: from now on it may claim them. */
  start(): void {
    const { clock, timers } = this.#options.host;
    this.#startedMs = this.#lookedMs = clock.monotonicMs();
    this.#cancel = timers.every(LOOK_PERIOD_MS, () => this.#look());
    this.#look();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Owners have changed. All slots are to be routed anew by whoever says so. */
  place(placement: Placement, groups: OwnerGroups): void {
    this.#placement = placement;
    this.#groups = groups;
    this.#tenure.place(groups);
    this.#mustConfirm = true;
    this.#seeOthers();
    this.wake();
    this.#look();
  }

  /** This node owns nothing any more. */
  forsake(): void {
    this.#placement = undefined;
    this.#groups = undefined;
    this.#others.clear();
    this.#tenure.forsake();
  }

  /** Somebody came, died, came back, or is ready. */
  membersChanged(): void {
    this.#seeOthers();
    this.#seeBeliefs();
    this.wake();
  }

  /** Who executes for slots depends on what is believed of nodes. Most of what is heard of them changes nothing of that. */
  #seeBeliefs(): void {
    const { peers, readinessOf, bootOf } = this.#options;
    // Those that were ever granted slots are among these.
    const nodes = new Set([...(this.#groups?.nodes ?? []), ...this.#spokenMs.keys()]);
    let beliefs = `${this.#readiness.now}`;
    for (const node of nodes) {
      if (node === SELF) continue;
      const id = peers.idOf(node)!;
      beliefs += ` ${node} ${this.#isAlive(node)} ${readinessOf(id)} ${bootOf(id)}`;
    }
    if (beliefs === this.#beliefs) return;
    this.#beliefs = beliefs;
    this.#routed(ALL_SLOTS);
  }

  #seeOthers(): void {
    const { peers, isAlive, bootOf } = this.#options;
    for (const node of this.#groups?.coOwners() ?? []) {
      const id = peers.idOf(node)!;
      const known = this.#others.get(node);
      const now = { isAlive: isAlive(id), boot: bootOf(id) };
      // What it said before it died says nothing of after.
      if (known?.isAlive === true && !now.isAlive) this.#spokenMs.delete(node);
      if (known?.isAlive === now.isAlive && known.boot === now.boot) continue;
      this.#others.set(node, now);
      if (known !== undefined && (!now.isAlive || known.boot !== now.boot)) this.#tenure.lost(node);
      if (now.isAlive) this.#mustConfirm = true;
    }
  }

  /** Something that it may wait for has happened. */
  wake(): void {
    this.#claimAtMs = 0;
    if (this.#isWoken || this.#cancel === undefined) return;
    this.#isWoken = true;
    this.#options.host.timers.afterTurn(() => {
      this.#isWoken = false;
      if (this.#cancel !== undefined) this.#look();
    });
  }

  /** A link came up: whoever is there may have acted meanwhile. */
  linked(): void {
    this.#mustConfirm = true;
    this.wake();
  }

  /** This node may not execute for these slots as it is, and has to catch up before it claims any. */
  standDown(slots: Iterable<number>): void {
    this.#giveUp([...slots].filter((slot) => this.#tenure.isActing(slot) || this.#tenure.isClaiming(slot)));
  }

  /** Tells who executes for a slot, in this turn: this node (`SELF`), another one, or `NOBODY` as far as it knows. */
  executors(): (slot: number) => NodeNumber {
    return this.#tenure.executors();
  }

  isActing(slot: number): boolean {
    return this.#tenure.isActing(slot);
  }

  acting(): readonly number[] {
    return this.#tenure.acting();
  }

  /** Whether a node stands by this one, which acts for a slot: what it acknowledges counts. */
  isSupporter(node: NodeNumber, slot: number): boolean {
    return this.#tenure.isSupporter(node, slot);
  }

  /** What this node executed for a slot up to here nothing that others acknowledge from now on can confirm. */
  actsFrom(slot: number): number {
    return this.#actsFrom[slot]!;
  }

  /** Of this node, for another one. */
  wordsFor(id: NodeId): Words {
    return { boot: this.#options.boot, ...this.#tenure.wordsFor(this.#options.peers.numberOf(id)) };
  }

  /** Another node has acknowledged something. */
  heard(id: NodeId, words: Taken): void {
    this.#heard(this.#options.peers.numberOf(id), words);
  }

  #heard(node: NodeNumber, words: Taken): void {
    if (!this.#tenure.heard(node, words)) return;
    this.#mustConfirm = true;
    this.wake();
  }

  get hasCaughtUp(): boolean {
    return this.#hasCaughtUp;
  }

  get readiness(): Readiness {
    return this.#readiness.now;
  }

  /** Whether it has caught up, and may execute, though it may lack something again. */
  get mayAct(): boolean {
    return this.readiness !== "apart";
  }

  /**
   * Other owners without whom this node is not to be ready: those alive of which it lacks something, and after its start those that it does
   * not see and that may know of more.
   */
  get awaited(): readonly NodeId[] {
    return this.#awaitedAt(this.#options.host.clock.monotonicMs());
  }

  // ---- What it does ----

  #look(): void {
    if (this.#groups === undefined || this.#cancel === undefined) return;
    const nowMs = this.#options.host.clock.monotonicMs();
    this.#seeAbsence(nowMs);
    this.#seeBeliefs();
    this.#seeReadiness(nowMs);
    if (!this.#isClaiming && nowMs >= this.#claimAtMs) this.#claim(nowMs);
    if (!this.#isConfirming && (this.#mustConfirm || nowMs >= this.#confirmAtMs)) {
      this.#mustConfirm = false;
      this.#confirmAtMs = nowMs + CONFIRM_PERIOD_MS;
      this.#isConfirming = true;
      void this.#confirm().finally(() => {
        this.#isConfirming = false;
      });
    }
  }

  /** This node may have been taken for dead: it asks before it goes on. */
  #seeAbsence(nowMs: number): void {
    const { absenceMsMax, host } = this.#options;
    const absentMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    if (absentMs <= absenceMsMax) return;
    const slots = this.#tenure.acting().filter((slot) => this.#groups!.of(slot).others.length > 0);
    if (slots.length === 0) return;
    this.counters.absences++;
    host.log.warn("this node stood still, and asks whether others act in its place", { ms: absentMs });
    this.#giveUp(slots);
  }

  #giveUp(slots: readonly number[]): void {
    this.#tenure.relinquish(slots);
    this.#hasCaughtUp = false;
    this.#setReadiness("apart");
    this.#routed(slots);
  }

  /** Who asks for slots lives, though others may have told this node otherwise: if it acted beside that one, there would be two. */
  #isAlive(node: NodeNumber): boolean {
    const { peers, isAlive, host } = this.#options;
    if (isAlive(peers.idOf(node)!)) return true;
    const spokenMs = this.#spokenMs.get(node);
    return spokenMs !== undefined && host.clock.monotonicMs() - spokenMs < SPOKEN_MS;
  }

  #seeReadiness(nowMs: number): void {
    if (this.mayAct) this.#seeWhetherBehind(nowMs);
    else if (this.#awaitedAt(nowMs).length === 0) this.#seeWhetherReady();
  }

  /**
   * Others have to be able to follow this node at once, too: where what it executes was not confirmed while copies are compared, it would
   * serve `quorum` worse than who acts now.
   */
  #seeWhetherReady(): void {
    this.#hasCaughtUp = true;
    const { isAlive, streams } = this.#options;
    const living = this.#coOwners().filter(isAlive);
    if (streams.isSettled() && living.every((id) => streams.isFollowedBy(id))) this.#setReadiness("ready");
  }

  /** Of those that may execute: who is not as far as that has executed nothing that this node could lack. */
  #seeWhetherBehind(nowMs: number): void {
    const { isAlive, readinessOf, streams } = this.#options;
    const isLacking = this.#coOwners().some(
      (id) => isAlive(id) && readinessOf(id) !== "apart" && !streams.isInSync(id),
    );
    if (this.#readiness.look(isLacking, nowMs)) this.#options.readied();
  }

  #awaitedAt(nowMs: number): NodeId[] {
    const { isAlive, streams, startWaitMs } = this.#options;
    const isPatient = !this.#hasBeenReady && nowMs - this.#startedMs < startWaitMs();
    return this.#coOwners().filter((id) => (isAlive(id) ? !streams.isInSync(id) : isPatient));
  }

  #coOwners(): NodeId[] {
    return Array.from(this.#groups?.coOwners() ?? [], (node) => this.#options.peers.idOf(node)!);
  }

  #setReadiness(readiness: "ready" | "apart"): void {
    if (!this.#readiness.set(readiness)) return;
    this.#hasBeenReady ||= readiness === "ready";
    this.#options.readied();
  }

  #claim(nowMs: number): void {
    const slots = this.#tenure.claim();
    if (slots.length === 0) return;
    const asked = this.#livingOthers(slots);
    if (asked.size === 0) {
      this.counters.slotsWon += slots.length;
      this.#routed(this.#act(slots));
      return;
    }
    this.#isClaiming = true;
    this.counters.claims++;
    this.#claimAtMs = nowMs + CLAIM_PAUSE_MS;
    void this.#claimOf(slots, asked, this.#placement!).finally(() => {
      this.#isClaiming = false;
    });
  }

  /** Who executes is asked before the others: while they stand by it, what it executed can be confirmed. */
  async #claimOf(
    slots: readonly number[],
    asked: ReadonlyMap<NodeNumber, readonly number[]>,
    placement: Placement,
  ): Promise<void> {
    const { log } = this.#options.host;
    const executorOf = this.#tenure.executors();
    const parts = [...asked].map(([node, of]) => ({
      node,
      executed: of.filter((slot) => executorOf(slot) === node),
      others: of.filter((slot) => executorOf(slot) !== node),
    }));
    // Who is asked in vain may die meanwhile: what it executed the others were not asked for, as long as it lived.
    const isOpen = new Set(slots);
    const ask = async (node: NodeNumber, of: readonly number[]) => {
      const grant = await this.#claimFrom(node, placement, of);
      const granted = new Set(grant?.slots);
      for (const slot of of) if (!granted.has(slot)) isOpen.delete(slot);
      return grant;
    };
    const first = await Promise.all(parts.map(({ node, executed }) => ask(node, executed)));
    const open = parts.map(({ node, others }) => ({
      node,
      slots: others.filter((slot) => isOpen.has(slot)),
    }));
    const rest = await Promise.all(open.map((part) => ask(part.node, part.slots)));
    const won = this.#tenure.won([...isOpen]);
    // Who came while others were asked has to be asked too.
    const acting = this.#act(won);
    const isActing = new Set(acting);
    for (const grant of [...first, ...rest]) {
      if (grant === undefined) continue;
      this.#settledWith(grant.node).settle(
        grant.words,
        grant.slots.filter((slot) => isActing.has(slot)),
      );
    }
    this.#tenure.relinquish(slots.filter((slot) => this.#tenure.isClaiming(slot)));
    if (acting.length > 0) log.info("this node executes for slots", { slots: acting.length });
    this.counters.slotsWon += acting.length;
    this.#routed(slots);
  }

  #act(slots: readonly number[]): number[] {
    const acting = this.#tenure.act(slots);
    this.#actFromNow(acting);
    return acting;
  }

  #actFromNow(slots: Iterable<number>): void {
    const position = this.#options.streams.executed();
    for (const slot of slots) this.#actsFrom[slot] = position;
  }

  /** Answers for which slots it has the node's word; undefined if for none. */
  async #claimFrom(
    node: NodeNumber,
    placement: Placement,
    slots: readonly number[],
  ): Promise<Grant | undefined> {
    if (slots.length === 0) return undefined;
    const { peers, streams } = this.#options;
    const answer = await this.#ask(node, placement, "claim", { support: 0, settled: 0, slots });
    if (answer?.kind !== "answered") return undefined;
    const { words, granted, positions } = answer;
    this.#heard(node, words);
    if (granted.length === 0 || !(await streams.reach(peers.idOf(node)!, positions))) return undefined;
    this.#tenure.supported(node, words, granted);
    return { node, words, slots: granted };
  }

  async #confirm(): Promise<void> {
    const placement = this.#placement!;
    const asked = this.#livingOthers(this.#tenure.acting());
    const refused = await Promise.all(
      [...asked].map(([node, slots]) => this.#confirmWith(node, placement, slots)),
    );
    // Who refused may be no owner any more: those of now are asked next.
    if (placement !== this.#placement) return;
    const lost = [...new Set(refused.flat())].filter((slot) => this.#tenure.isActing(slot));
    if (lost.length === 0) return;
    this.#options.host.log.warn("another node executes for slots in this node's place", {
      slots: lost.length,
    });
    this.counters.slotsLost += lost.length;
    this.#giveUp(lost);
  }

  /** Answers the slots for which another node stands by somebody else. */
  async #confirmWith(node: NodeNumber, placement: Placement, slots: readonly number[]): Promise<number[]> {
    const settled = this.#settledWith(node);
    const { boot } = settled;
    const answers: Answered[] = [];
    const refused: number[] = [];
    for (const asked of this.#confirmable(settled, slots)) {
      const answer = await this.#ask(node, placement, "confirm", asked);
      if (answer === undefined) this.#tenure.unsupported(node, asked.slots);
      // It goes by another placement for a moment.
      else if (answer.kind !== "answered") this.#confirmAtMs = 0;
      if (answer?.kind !== "answered") continue;
      const granted = new Set(answer.granted);
      refused.push(...asked.slots.filter((slot) => !granted.has(slot)));
      this.#heard(node, answer.words);
      answers.push(answer);
    }
    void this.#settle(node, answers, boot);
    return refused;
  }

  /** Slots that are asked for together: with the same support, and settled up to the same word. */
  #confirmable(settled: SettledWords, slots: readonly number[]): AskedSlots[] {
    const together = groupBy(slots, (slot) => this.#tenure.supportOf(slot) * WORDS_MAX + settled.of(slot));
    return [...together].map(([key, of]) => ({
      support: Math.floor(key / WORDS_MAX),
      settled: key % WORDS_MAX,
      slots: of,
    }));
  }

  /**
   * Counts on a node for slots that it said this one may go on with. Where this node has no majority without it, what that one helped others
   * to confirm nobody else may know: so this node gets all that it has first, and what it executed before was executed without knowing.
   * What was asked was settled with the life `boot` of that node.
   */
  async #settle(node: NodeNumber, answers: readonly Answered[], boot: number): Promise<void> {
    const tenure = this.#tenure;
    const { peers, streams, supported } = this.#options;
    for (const { words, granted, anew, lent, positions } of answers) {
      tenure.unsupported(node, lent);
      const isLent = new Set(lent);
      // What it does not act for any more, somebody else may own by now.
      const own = granted.filter((slot) => tenure.isActing(slot) && !isLent.has(slot));
      // What is settled with an earlier life is not with this one.
      const isAnew = new Set(words.boot === boot ? anew : granted);
      const isOpen = (slot: number) => !tenure.isSupporter(node, slot) && !this.#hasMajority(slot);
      const unsure = own.filter((slot) => isAnew.has(slot) && isOpen(slot));
      tenure.unsupported(node, unsure);
      const isUnsure = new Set(unsure);
      const sure = own.filter((slot) => !isUnsure.has(slot));
      tenure.supported(node, words, sure);
      this.#settledWith(node).settle(words, sure);
      supported();
      const open = unsure.filter((slot) => !this.#mayHaveMajority(slot));
      // Those of whom this node hears first may still make a majority, and then it has been one throughout.
      if (open.length < unsure.length) this.#mustConfirm = true;
      if (open.length === 0 || !(await streams.reachAll(peers.idOf(node)!, positions))) continue;
      // Another round may have been faster: what was executed since then may count already.
      const reached = open.filter((slot) => tenure.isActing(slot) && isOpen(slot));
      this.#actFromNow(reached);
      tenure.supported(node, words, reached);
      this.#settledWith(node).settle(words, open);
      supported();
    }
  }

  #settledWith(node: NodeNumber): SettledWords {
    let settled = this.#settled.get(node);
    if (settled === undefined) this.#settled.set(node, (settled = new SettledWords()));
    return settled;
  }

  /** Whether most of the present owners stand by this node: whatever was confirmed, most of those had, next owners or not. */
  #hasMajority(slot: number): boolean {
    return isMost(this.#groups!.of(slot).owners, (node) => this.#tenure.isSupporter(node, slot));
  }

  #mayHaveMajority(slot: number): boolean {
    return isMost(this.#groups!.of(slot).owners, (node) => this.#tenure.mayBeSupporter(node, slot));
  }

  /** By other owner that is alive, which of the slots it owns too. */
  #livingOthers(slots: Iterable<number>): Map<NodeNumber, number[]> {
    const living = new Map<NodeNumber, number[]>();
    for (const slot of slots) {
      for (const node of this.#groups!.of(slot).others) {
        const list = living.get(node);
        if (list !== undefined) list.push(slot);
        else if (this.#isAlive(node)) living.set(node, [slot]);
      }
    }
    return living;
  }

  /** By the placement that tells who owns the slots, though there may be another one by now: then whoever is asked knows, and does nothing. */
  async #ask(
    node: NodeNumber,
    placement: Placement,
    kind: ClaimRequest["kind"],
    { support, settled, slots }: AskedSlots,
  ): Promise<ClaimAnswer | undefined> {
    const request = { kind, epoch: placement.epoch, placement: nameOf(placement), support, settled, slots };
    const link = this.#options.peers.link(node);
    const outcome = await link?.ask(CLAIMS_SERVICE, encodeRequest(request), ASK_TIMEOUT_MS);
    return outcome?.kind === "answered" ? decodeAnswer(outcome.body) : undefined;
  }

  // ---- What others ask ----

  async #answer(body: Buffer, from: NodeId): Promise<Uint8Array> {
    const request = decodeRequest(body);
    if (request === undefined) throw new Error("a claim of slots is malformed");
    const resting = await this.#rest(request, from);
    const answer = this.#judge(request, from);
    const kept = resting.filter((slot) => this.#tenure.isActing(slot));
    this.#tenure.rest(kept, false);
    this.#routed(kept);
    return encodeAnswer(answer);
  }

  /** Lets what this node executed for slots that it is to hand over be confirmed while others stand by it. Answers which these are. */
  async #rest({ kind, placement, slots }: ClaimRequest, from: NodeId): Promise<readonly number[]> {
    if (kind !== "claim" || this.#placement === undefined || placement !== nameOf(this.#placement)) return [];
    const resting = this.#tenure.yieldable(this.#options.peers.numberOf(from), slots);
    if (resting.length === 0) return [];
    this.#tenure.rest(resting, true);
    this.#routed(resting);
    await this.#options.confirmed(resting, REST_TIMEOUT_MS);
    return resting;
  }

  #judge(request: ClaimRequest, from: NodeId): ClaimAnswer {
    const placement = this.#placement;
    if (placement === undefined || request.epoch > placement.epoch) return { kind: "later" };
    if (request.placement !== nameOf(placement)) return { kind: "stale" };
    const { kind, slots } = request;
    const tenure = this.#tenure;
    const node = this.#options.peers.numberOf(from);
    this.#spokenMs.set(node, this.#options.host.clock.monotonicMs());
    const { yielded, ...grants } =
      kind === "claim" ? tenure.answerClaim(node, slots) : tenure.answerConfirm(node, request);
    const { granted } = grants;
    if (granted.length > 0) this.#routed(granted);
    // Nothing is executed any more for what was yielded: these positions are behind all of it.
    const positions = this.#options.streams.positions(from);
    if (yielded.length > 0) {
      this.counters.slotsYielded += yielded.length;
      this.#options.host.log.info("another node executes for slots from now on", { slots: yielded.length });
      this.#options.yielded();
    }
    return { kind: "answered", ...grants, words: this.wordsFor(from), positions };
  }

  #routed(slots: readonly number[]): void {
    if (slots.length > 0 && this.#groups !== undefined) this.#options.routed(slots);
  }
}
