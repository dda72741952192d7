/**
 * Sends the local stream to one other owner: message after message, some of them under way at a time, each acknowledged for itself and for
 * all before it. It never holds anybody up: what the other node does not take in time the backlog forgets, and then there is a gap
 * (owner-reach.ts): the stream goes on from where it is now.
 *
 * Whenever the link comes up a new session begins by asking what the other node has. One that did not restart goes on where it is, one
 * that did where its log was when it last said so.
 */
import type { Checksum } from "../../base/crc32.js";
import type { Clock } from "../../host/clock.js";
import type { Cancel, Timers } from "../../host/timers.js";
import type { Outcome } from "../peer-link.js";
import type { Backlog } from "./backlog.js";
import { OwnerReach } from "./owner-reach.js";
import {
  type Answer,
  REPLICATE_SERVICE,
  readAnswer,
  writeBatchesHead,
  writeOpen,
} from "./replication-messages.js";
import type { SlotFilter } from "./slot-filter.js";

/** A message is about so long; one batch may exceed it. */
export const MESSAGE_BYTES = 256 * 1024;
/** A longer batch is not shipped: no frame of a link holds more. */
const SHIPPED_BYTES_MAX = 2 ** 30;
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

export interface ShipperCounters {
  messages: number;
  /** Of batches. */
  bytes: number;
  sessions: number;
  /** Sessions that ended though the link was up. */
  faults: number;
}

export interface ShipperOptions {
  readonly nodeId: string;
  /** What is sent; null for all. */
  readonly filter: SlotFilter | null;
  readonly link: () => ShippingLink | undefined;
  readonly backlog: Backlog;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly checksum: Checksum;
  /** Rises with each call, for all shippers of a node together. */
  readonly newSession: () => number;
  /** What the other node has, or whether it counts, has changed. */
  readonly progressed: () => void;
  /** What the other node lacks is not in the backlog any more, or never was. */
  readonly gapped: () => void;
  /** The other node says that what it was sent makes no sense. */
  readonly refused: () => void;
}

export class Shipper {
  readonly nodeId: string;
  readonly counters: ShipperCounters = { messages: 0, bytes: 0, sessions: 0, faults: 0 };
  state: ShipperState = "down";
  /** What is sent from now on; null for all. */
  filter: SlotFilter | null;
  readonly reach = new OwnerReach();
  readonly #options: ShipperOptions;
  #session = NONE;
  /** Up to here the other node was sent what concerns it; up to there it was looked whether there is more. */
  #sent = 0;
  #scanned = 0;
  /** The next message says where the stream goes on, and it says even if there are no batches whether anything is missing. */
  #starts = false;
  #mustTell = false;
  #messagesUnderWay = 0;
  #bytesUnderWay = 0;
  #isTurnDue = false;
  #cancelTimer: Cancel | undefined;
  /** When it fires. */
  #timerMs = 0;

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.nodeId = options.nodeId;
    this.filter = options.filter;
    this.#open();
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

  /**
   * The other node lacks nothing any more of what was executed before the last gap, and that lasts as its `appendfsync` promises, if
   * there were `gaps` of them when this was looked into. Answers whether that is so. Once the other node has heard of it what it
   * has counts as acknowledged.
   */
  repaired(gaps: number): boolean {
    const { isWhole } = this.reach;
    if (!this.reach.repaired(gaps)) return false;
    if (!isWhole) {
      this.#mustTell = true;
      this.pump();
    }
    return true;
  }

  /** Sends what there is to send, as far as the window allows. */
  pump(): void {
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

  #open(): void {
    const link = this.#options.link();
    this.#endSession();
    if (!link?.isUp) {
      this.state = "down";
      return;
    }
    const session = this.#options.newSession();
    this.#session = session;
    this.state = "opening";
    this.counters.sessions++;
    void link.ask(REPLICATE_SERVICE, [writeOpen(session)], ASK_TIMEOUT_MS).then((outcome) => {
      if (session !== this.#session) return;
      const answer = this.#accepted(outcome);
      if (answer !== undefined) this.#opened(answer);
    });
    link.flushNow();
  }

  #opened(answer: Answer): void {
    const { gaps } = this.reach;
    const from = this.reach.resume(answer);
    this.state = "shipping";
    this.#starts = true;
    this.#mustTell = true;
    if (from !== undefined && this.#options.backlog.covers(from)) {
      this.#sent = from;
      this.#scanned = from;
      if (this.reach.gaps > gaps) this.#options.gapped();
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
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Begins again after a while. */
  #pause(pauseMs: number): void {
    this.counters.faults++;
    this.#endSession();
    this.state = "pausing";
    this.#after(pauseMs, () => this.#open());
  }

  // ---- Messages ----

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
    if (this.filter === null) return parts;
    const wanted: Buffer[] = [];
    for (const part of parts) this.filter.filter(part, wanted);
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
    this.#after(delayMs, () => {
      if (this.#scanned > this.#sent || !this.reach.lasts(this.#sent)) this.#mustTell = true;
      this.pump();
    });
  }

  /** There is one timer: what is due earlier takes the place of what is due later. */
  #after(delayMs: number, fire: () => void): void {
    const { clock, timers } = this.#options;
    const atMs = clock.monotonicMs() + delayMs;
    if (this.#cancelTimer !== undefined && this.#timerMs <= atMs) return;
    this.#cancelTimer?.();
    this.#timerMs = atMs;
    this.#cancelTimer = timers.after(delayMs, () => {
      this.#cancelTimer = undefined;
      fire();
    });
  }
}

function byteLengthOf(parts: readonly Buffer[]): number {
  let byteLength = 0;
  for (const part of parts) byteLength += part.length;
  return byteLength;
}
