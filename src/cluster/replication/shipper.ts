/**
 * Sends the local stream to one other owner: message after message, some of them under way at a time, each acknowledged for itself and for
 * all before it. It never holds anybody up: what the other node does not take in time the backlog forgets, and then there is a gap
 * (owner-reach.ts): the stream goes on from where it is now.
 *
 * Whenever the link comes up a new session begins by asking what the other node has. One that did not restart goes on where it is, one
 * that did where its log was when it last said so. A session also begins when slots become new to the other node, or are copied: so it
 * knows of each message what it may build on.
 *
 * Long because sessions, messages under way and what the other node has by them are one state.
 */
import { byteLengthOf } from "../../base/bytes.js";
import type { Checksum } from "../../base/crc32.js";
import type { LocalPosition } from "../../durability/local-tail.js";
import type { Clock } from "../../host/clock.js";
import type { Timers } from "../../host/timers.js";
import type { Outcome } from "../peer-link.js";
import type { SlotSet } from "../slot-set.js";
import type { Backlog } from "./backlog.js";
import { EarliestTimer } from "./earliest-timer.js";
import { OwnerReach } from "./owner-reach.js";
import {
  type Answer,
  REPLICATE_SERVICE,
  readAnswer,
  writeBatchesHead,
  writeOpen,
} from "./replication-messages.js";
import { noShipments } from "./shipping-counters.js";
import { addedSlots, checkOf, type SlotFilter } from "./slot-filter.js";

/** A message is about so long; one batch may exceed it. */
export const MESSAGE_BYTES = 256 * 1024;
/** A longer batch is not shipped: no frame of a link holds more. */
const SHIPPED_BYTES_MAX = 2 ** 30;
/**
 * While a message is under way, what is executed gathers up to so many bytes, but not for longer than that: many small messages would cost both
 * sides more than what is in them (the idea is Nagle's, RFC 896). Who waits for what was executed does not wait for that.
 */
const GATHERED_BYTES = 32 * 1024;
const GATHERED_MS = 4;
/** Under way at a time: enough for a busy network's delay, and what the other side may have to hold. */
const WINDOW_BYTES_MAX = 4 * 2 ** 20;
const WINDOW_MESSAGES_MAX = 32;
/** Stretches of the backlog looked at in one turn, so that catching up leaves room for clients. */
const STRETCHES_PER_TURN = 12;
const ASK_TIMEOUT_MS = 10_000;
/** Before another session, after trouble that is not the link's. */
const PAUSE_MS = 20;
/** The same if the other node can make nothing of what it is told. */
const LONG_PAUSE_MS = 1000;
/** The other node is told within so long that there was nothing that concerns it. */
const NOTHING_DELAY_MS = 100;
/** While nothing is sent it is asked so often what lasts by now, until all does. */
const LASTING_PERIOD_MS = 1000;
/** No session: answers to all that is under way are ignored. */
const NONE = 0;

/** What it takes of a link: peer-link.ts. */
export interface ShippingLink {
  readonly isUp: boolean;
  ask(service: string, body: readonly Uint8Array[], timeoutMs: number): Promise<Outcome>;
  flushNow(): void;
}

export type ShipperState = "down" | "opening" | "shipping" | "pausing";

/** Of a message that is under way. */
interface Sent {
  readonly session: number;
  /** Whether it said that nothing before it is missing. */
  readonly isWhole: boolean;
  readonly byteLength: number;
}

export interface ShipperOptions {
  readonly nodeId: string;
  /** What is sent; null for all. */
  readonly filter: SlotFilter | null;
  /** The local stream goes on, from its beginning, where that of an earlier life was: then the other node may lack nothing. */
  readonly continues?: LocalPosition | undefined;
  readonly link: () => ShippingLink | undefined;
  readonly backlog: Backlog;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly checksum: Checksum;
  /** Rises with each call, for all shippers of a node together. */
  readonly newSession: () => number;
  /** The other node tells whether what it says counts: before it is looked at what it says. */
  readonly heard: (answer: Pick<Answer, "boot" | "taken">) => void;
  /** What the other node has, or whether it counts, has changed. */
  readonly progressed: () => void;
  /** What the other node lacks is not in the backlog any more, or never was. */
  readonly gapped: () => void;
  /** The other node says that what it was sent makes no sense. */
  readonly refused: () => void;
  /** The other node lacks nothing of an earlier life; it may have more of that than this node has. */
  readonly continued?: () => void;
}

export class Shipper {
  readonly nodeId: string;
  readonly counters = noShipments();
  state: ShipperState = "down";
  readonly reach = new OwnerReach();
  readonly #options: ShipperOptions;
  /** What is sent from now on; null for all. */
  #filter: SlotFilter | null;
  /** Until it is known what the other node has of that. */
  #continues: LocalPosition | undefined;
  #session = NONE;
  /** Who has all up to here is in sync: the stream's end when the last session began that is not the continuation of another. */
  #end = 0;
  /** The new slots that the other node has heard of. */
  #heard: SlotSet | null = null;
  /** Up to here the other node was sent what concerns it; up to there it was looked whether there is more. */
  #sent = 0;
  #scanned = 0;
  /** The next message says where the stream goes on, and it says even if there are no batches whether anything is missing. */
  #starts = false;
  #mustTell = false;
  #messagesUnderWay = 0;
  #bytesUnderWay = 0;
  /** When the other node last answered, or this one began to ship to it. */
  #heardMs: number;
  #isTurnDue = false;
  readonly #timer: EarliestTimer;

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.nodeId = options.nodeId;
    this.#filter = options.filter;
    this.#continues = options.continues;
    this.#heardMs = options.clock.monotonicMs();
    this.#timer = new EarliestTimer(options);
    this.#open();
  }

  /** Whether the other node lacks nothing that lies before what it has applied, of any slot that it is shipped. */
  get isWhole(): boolean {
    return this.reach.isWhole && this.reach.newSlots === null;
  }

  /** Whether it has everything up to a local position, as its `appendfsync` promises. */
  isCaughtUp(position: number): boolean {
    return this.isWhole && this.reach.acknowledged >= position;
  }

  /** What is sent; null for all. */
  get filter(): SlotFilter | null {
    return this.#filter;
  }

  get bytesUnderWay(): number {
    return this.#bytesUnderWay;
  }

  /** What the other node does not have yet: at least, if some of it is forgotten. */
  get lag(): { readonly bytes: number; readonly batches: number; readonly milliseconds: number } {
    const { backlog, clock } = this.#options;
    const { applied } = this.reach;
    const takenMs = backlog.takenMs(applied);
    return {
      bytes: Math.max(0, backlog.end - applied),
      batches: backlog.batchesSince(applied),
      milliseconds: takenMs === undefined ? 0 : Math.max(0, clock.monotonicMs() - takenMs),
    };
  }

  /** For how many milliseconds the other node has not answered while it owes an answer; 0 if it owes none. */
  get silentMs(): number {
    const { backlog, clock } = this.#options;
    const isDone =
      this.state === "shipping" && this.#messagesUnderWay === 0 && this.reach.applied >= backlog.end;
    return isDone ? 0 : Math.max(0, clock.monotonicMs() - this.#heardMs);
  }

  /** The link has come up. */
  up(): void {
    if (this.state === "down") this.#open();
  }

  /** The link is gone. */
  down(): void {
    this.#endSession();
    this.state = "down";
  }

  close(): void {
    this.down();
  }

  /** Ships what concerns other slots than before, from now on. Those that are more make a gap. The other node hears of those that are less, too. */
  setFilter(filter: SlotFilter | null): void {
    const { checksum } = this.#options;
    const added = addedSlots({ from: this.#filter, to: filter });
    const isOther = checkOf(filter, checksum) !== checkOf(this.#filter, checksum);
    this.#filter = filter;
    if (added.length > 0) {
      // What the other node has of earlier lives is not all.
      this.#continues = undefined;
      this.reach.widen(added);
    }
    if (isOther) this.#goOn();
  }

  /** What there is is sent at once, and the other node hears how far the stream is even if what came last does not concern it. */
  tell(): void {
    this.hurry();
    if (this.#scanned === this.#sent) return;
    this.#mustTell = true;
    this.hurry();
  }

  /**
   * The other node lacks nothing any more of what was executed before the last gap, and that lasts as its `appendfsync` promises, if
   * there were `gaps` of them when this was looked into. Answers whether that is so. Once the other node has heard of it what it
   * has counts as acknowledged.
   */
  repaired(gaps: number): boolean {
    const { isWhole, newSlots } = this.reach;
    // While it has not heard of slots that are new it may have counted on having them.
    if (newSlots !== this.#heard || !this.reach.repaired(gaps)) return false;
    this.#heard = null;
    if (newSlots !== null) {
      this.#goOn();
    } else if (!isWhole) {
      this.#mustTell = true;
      this.pump();
    }
    return true;
  }

  /** Sends what there is to send, or lets it gather for a while. */
  pump(): void {
    if (this.#gathers) this.#timer.after(GATHERED_MS, () => this.hurry());
    else this.hurry();
  }

  /** Sends what there is to send, as far as the window allows: somebody waits for it. */
  hurry(): void {
    if (this.state !== "shipping") return;
    const { backlog } = this.#options;
    const link = this.#options.link();
    if (!link?.isUp) {
      this.down();
      return;
    }
    if (!backlog.covers(this.#scanned)) this.#gap();
    for (let i = 0; i < STRETCHES_PER_TURN && this.#hasRoom; i++) {
      if (!this.#sendNext(link)) break;
    }
    link.flushNow();
    if (this.#scanned < backlog.end) {
      if (this.#hasRoom) this.#goOnLater();
    } else if (this.#scanned > this.#sent) {
      this.#tellAfter(NOTHING_DELAY_MS);
    } else if (!this.reach.lasts(this.#sent)) {
      this.#tellAfter(LASTING_PERIOD_MS);
    }
  }

  // ---- Sessions ----

  /** Another session in the place of one that is not over: whoever was in sync still is. */
  #goOn(): void {
    if (this.state === "opening" || this.state === "shipping") this.#open(this.#end);
  }

  #open(end = this.#options.backlog.end): void {
    const { checksum } = this.#options;
    const link = this.#options.link();
    this.#endSession();
    this.#end = end;
    if (!link?.isUp) {
      this.state = "down";
      return;
    }
    const session = this.#options.newSession();
    this.#session = session;
    this.state = "opening";
    this.counters.sessions++;
    const { newSlots } = this.reach;
    const owned = checkOf(this.#filter, checksum);
    const opening = { session, end, owned, continues: this.#continues, newSlots: newSlots?.slots() ?? [] };
    const request = writeOpen(opening, checksum);
    void link.ask(REPLICATE_SERVICE, [request], ASK_TIMEOUT_MS).then((outcome) => {
      if (session !== this.#session) return;
      const answer = this.#accepted(outcome);
      if (answer !== undefined) this.#opened(answer, newSlots);
    });
    link.flushNow();
  }

  #opened(answer: Answer, newSlots: SlotSet | null): void {
    const { gaps } = this.reach;
    const continues = this.#continues;
    this.#continues = undefined;
    const from = this.reach.resume(answer, { continues: continues !== undefined });
    if (continues !== undefined && this.reach.isWhole) this.#options.continued?.();
    const hasNews = newSlots !== null && newSlots !== this.#heard;
    this.#heard = newSlots;
    this.state = "shipping";
    this.#starts = true;
    this.#mustTell = true;
    if (from !== undefined && this.#options.backlog.covers(from)) {
      this.counters.resumptions++;
      this.#sent = from;
      this.#scanned = from;
      if (this.reach.gaps > gaps || hasNews) this.#options.gapped();
    } else {
      this.#gap();
    }
    this.#options.progressed();
    this.pump();
  }

  /** What the other node needs is not there any more: the stream goes on from here. */
  #gap(): void {
    this.#scanned = this.#options.backlog.end;
    this.#skip();
  }

  /** The stream goes on from where it was looked at, without what lies before. */
  #skip(): void {
    this.#sent = this.#scanned;
    this.#starts = true;
    this.#mustTell = true;
    this.reach.gap();
    this.#options.gapped();
  }

  #endSession(): void {
    this.#session = NONE;
    this.#messagesUnderWay = 0;
    this.#bytesUnderWay = 0;
    this.#timer.cancel();
  }

  /** Begins again after a while. */
  #pause(pauseMs: number): void {
    this.counters.faults++;
    this.#endSession();
    this.state = "pausing";
    this.#timer.after(pauseMs, () => this.#open());
  }

  // ---- Messages ----

  /** Whether there is something that waits for more to be sent with it. */
  get #gathers(): boolean {
    const bytes = this.#options.backlog.end - this.#scanned;
    return this.#messagesUnderWay > 0 && bytes > 0 && bytes < GATHERED_BYTES && !this.#mustTell;
  }

  get #hasRoom(): boolean {
    return this.#messagesUnderWay < WINDOW_MESSAGES_MAX && this.#bytesUnderWay < WINDOW_BYTES_MAX;
  }

  /** Looks at the next stretch and sends what concerns the other node. False if nothing is left to look at. */
  #sendNext(link: ShippingLink): boolean {
    const stretch = this.#options.backlog.read(this.#scanned, MESSAGE_BYTES);
    let parts: readonly Buffer[] = [];
    if (stretch !== undefined) {
      this.#scanned = stretch.to;
      parts = this.#filtered(stretch.parts);
    }
    if (byteLengthOf(parts) > SHIPPED_BYTES_MAX) this.#skip();
    else if (parts.length > 0 || this.#mustTell) this.#send(link, parts);
    return stretch !== undefined;
  }

  #filtered(parts: readonly Buffer[]): readonly Buffer[] {
    if (this.#filter === null) return parts;
    const wanted: Buffer[] = [];
    for (const part of parts) this.#filter.filter(part, wanted);
    return wanted;
  }

  #send(link: ShippingLink, parts: readonly Buffer[]): void {
    const { checksum } = this.#options;
    const session = this.#session;
    const { isWhole } = this.reach;
    const head = { session, starts: this.#starts, isWhole, from: this.#sent, to: this.#scanned };
    const body = [writeBatchesHead(head, parts, checksum), ...parts];
    const byteLength = byteLengthOf(body);
    this.#starts = false;
    this.#mustTell = false;
    this.#sent = this.#scanned;
    this.#messagesUnderWay++;
    this.#bytesUnderWay += byteLength;
    this.counters.messages++;
    this.counters.bytes += byteLength - body[0]!.length;
    const asked = link.ask(REPLICATE_SERVICE, body, ASK_TIMEOUT_MS);
    void asked.then((outcome) => this.#answered(outcome, { session, isWhole, byteLength }));
  }

  #answered(outcome: Outcome, { session, isWhole, byteLength }: Sent): void {
    if (session !== this.#session) return;
    this.#messagesUnderWay--;
    this.#bytesUnderWay -= byteLength;
    const answer = this.#accepted(outcome);
    if (answer === undefined) return;
    const { gaps } = this.reach;
    this.reach.answered(answer, isWhole);
    if (this.reach.gaps > gaps) {
      this.#mustTell = true;
      this.#options.gapped();
    }
    this.#options.progressed();
    this.pump();
  }

  /** The answer of a node that takes what it is sent; else undefined, and the session is over. */
  #accepted(outcome: Outcome): Answer | undefined {
    const answer = outcome.kind === "answered" ? readAnswer(outcome.body) : undefined;
    if (answer !== undefined) {
      this.#heardMs = this.#options.clock.monotonicMs();
      this.#options.heard(answer);
    }
    if (answer?.verdict === "accepted") return answer;
    if (answer?.verdict === "refused") this.#options.refused();
    const isPassing =
      answer === undefined
        ? outcome.kind === "unsent" || outcome.kind === "lost"
        : answer.verdict !== "refused";
    this.#pause(isPassing ? PAUSE_MS : LONG_PAUSE_MS);
    return undefined;
  }

  // ---- Timers ----

  #goOnLater(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    this.#options.timers.afterTurn(() => {
      this.#isTurnDue = false;
      this.pump();
    });
  }

  /** Even if there are no batches: but for what has become of it meanwhile. */
  #tellAfter(delayMs: number): void {
    this.#timer.after(delayMs, () => {
      if (this.#scanned > this.#sent || !this.reach.lasts(this.#sent)) this.#mustTell = true;
      this.pump();
    });
  }
}
