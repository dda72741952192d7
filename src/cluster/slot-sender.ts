/**
 * Hands slots of this node over to another: copies them while commands go on, tells what changes meanwhile, and then, a few slots
 * at a time, lets commands wait, tells the last changes and asks the other node to take over.
 *
 * Whoever may execute for a slot is always known to be one: from when a `take` is sent until its answer comes the slot is held, over
 * any loss of the link, for the other node may be executing already. Before that, any trouble lets this node go on as if nothing were.
 */
import { ByteWriter } from "../base/byte-writer.js";
import { type Cancel, pause, type Timers } from "../host/timers.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { Outcome } from "./peer-link.js";
import { SlotCopy } from "./slot-copy.js";
import { SlotSet } from "./slot-set.js";
import {
  beginMessage,
  COPY,
  MESSAGE_BYTES,
  MESSAGE_BYTES_MAX,
  type MessageKind,
  OPEN,
  readAnswer,
  SETTLE,
  TAKE,
  type Verdict,
} from "./transfer-messages.js";

/** Slots that are handed over, and so held, at once: few enough to be quick, many enough for what is written to disk each time. */
const SLOTS_AT_ONCE = 256;
/** Changes that may be left to tell when slots are held: a message or so. */
const BACKLOG_MAX = 128;
/** Rounds of telling changes before slots are held even though more come all the time. */
const ROUNDS_MAX = 8;
const ASK_TIMEOUT_MS = 10_000;
/** After trouble, and while there is nothing to tell. */
const PAUSE_MS = 50;
/** After the other node failed at a message, as it may again: for want of a database of that number, or of a disk. */
const LONG_PAUSE_MS = 1000;

export interface SlotSenderEvents {
  /** Commands for the slots have to wait from now on. */
  held(slots: readonly number[]): void;
  /** This node executes them again: they were not taken. */
  released(slots: readonly number[]): void;
  /** The other node executes for the slots. */
  handed(slots: readonly number[]): void;
  /** Resolves when this node will remember that the slots were offered. */
  offered(slots: readonly number[]): Promise<void>;
  /** All is copied, or all is handed over. */
  progressed(): void;
  /** Something went wrong that is no fault of links. It is tried again. */
  troubled(error: unknown): void;
}

export interface SlotSenderOptions {
  readonly keyspace: Keyspace;
  readonly timers: Timers;
  readonly change: string;
  readonly slots: readonly number[];
  /** Those that were offered to the other node by an earlier life of this one: it may have them. They are held. */
  readonly offered: readonly number[];
  /** Rises with each call, over restarts too. */
  readonly newSession: () => number;
  /** The body is valid during the call only. */
  readonly ask: (body: Uint8Array, timeoutMs: number) => Promise<Outcome>;
  readonly events: SlotSenderEvents;
}

/** The copy was lost, on this side or the other: it has to begin anew. */
class Reopen extends Error {}

/** The change is over for this node. */
class Closed extends Error {}

export class SlotSender {
  bytesSent = 0;
  /** Whether all slots are copied, and what changes is told at once. */
  isCopied = false;
  /** Whether slots may be handed over. */
  mayHandOver = false;
  readonly #options: SlotSenderOptions;
  /** Of the message at hand, which may have to be sent again. */
  readonly #writer = new ByteWriter({ bytesMax: MESSAGE_BYTES_MAX });
  /** Not handed over. */
  #slots: readonly number[];
  /** Held: a `take` of them was sent, or may have been, and it is not known what became of it. */
  #uncertain: readonly number[];
  #copy: SlotCopy | undefined;
  #session = 0;
  #number = 0;
  #isClosed = false;
  #hasFailed = false;
  #wake: (() => void) | undefined;
  #cancelPause: Cancel | undefined;

  constructor(options: SlotSenderOptions) {
    this.#options = options;
    this.#slots = options.slots;
    this.#uncertain = options.offered;
  }

  get isDone(): boolean {
    return this.#slots.length === 0;
  }

  /** Slots that are, or were, to be handed over. */
  get slotCount(): number {
    return this.#options.slots.length;
  }

  /** Slots that are the other node's. */
  get handedCount(): number {
    return this.#options.slots.length - this.#slots.length;
  }

  /** Resolves when all is handed over, or after `close`. */
  async run(): Promise<void> {
    try {
      while (!this.isDone) {
        try {
          await this.#open();
          await this.#copyAll();
          await this.#handOverAll();
        } catch (error) {
          if (error instanceof Closed) throw error;
          if (!(error instanceof Reopen)) this.#options.events.troubled(error);
          await this.#pause();
        } finally {
          this.isCopied = false;
          this.#copy?.close();
          this.#copy = undefined;
        }
      }
    } catch (error) {
      if (!(error instanceof Closed)) throw error;
    }
  }

  /** Goes on at once: slots may be handed over, or the other node can be reached. */
  wake(): void {
    this.#wake?.();
  }

  close(): void {
    this.#isClosed = true;
    this.#copy?.close();
    this.wake();
  }

  /** Learns what the other node has taken, and begins a new copy of the rest. */
  async #open(): Promise<void> {
    const { keyspace, events, newSession } = this.#options;
    this.#session = newSession();
    this.#number = 0;
    const taken = await this.#sendOpen();
    this.#ended(this.#slots.filter((slot) => taken.has(slot)));
    const back = this.#uncertain.filter((slot) => !taken.has(slot));
    this.#uncertain = [];
    if (back.length > 0) events.released(back);
    this.#copy = new SlotCopy(keyspace, this.#slots);
  }

  async #sendOpen(): Promise<SlotSet> {
    const { change } = this.#options;
    beginMessage(this.#writer, { kind: OPEN, change, session: this.#session, number: 0 });
    for (;;) {
      const answer = await this.#ask();
      if (answer?.verdict === "accepted") {
        const taken = SlotSet.parse(answer.text);
        if (taken !== undefined) return taken;
      }
      if (answer?.verdict === "reopen") throw new Reopen();
      await this.#pause();
    }
  }

  async #copyAll(): Promise<void> {
    const copy = this.#copy!;
    while (!copy.isWalked || copy.backlog > BACKLOG_MAX) await this.#tell();
    await this.#send(SETTLE);
    this.isCopied = true;
    this.#options.events.progressed();
    while (!this.mayHandOver) {
      if (copy.backlog > 0) await this.#tell();
      else await this.#pause();
    }
  }

  async #handOverAll(): Promise<void> {
    while (!this.isDone) {
      const slots = this.#slots.slice(0, SLOTS_AT_ONCE);
      for (let round = 0; round < ROUNDS_MAX && this.#copy!.backlog > BACKLOG_MAX; round++)
        await this.#tell();
      await this.#options.events.offered(slots);
      this.#check();
      if (!(await this.#handOver(slots))) await this.#pause();
    }
    this.#options.events.progressed();
  }

  /** False if it came to nothing, and may be tried again. */
  async #handOver(slots: readonly number[]): Promise<boolean> {
    const { events, change } = this.#options;
    const copy = this.#copy!;
    events.held(slots);
    try {
      while (!slots.every((slot) => copy.isTold(slot))) {
        this.#begin(COPY);
        copy.tellChangesOf(this.#writer, MESSAGE_BYTES, slots);
        // While commands wait nothing is tried for long; the same message is tried again when none do.
        if (!(await this.#deliver(() => this.#release(slots)))) return false;
      }
      const head = { kind: TAKE, change, session: this.#session, number: this.#number + 1 } as const;
      beginMessage(this.#writer, head, slots);
      copy.tellFloors(this.#writer, slots);
      this.#uncertain = slots;
      await this.#sendTake();
    } catch (error) {
      // What is uncertain stays held; the next `open` brings certainty.
      if (this.#uncertain.length === 0) this.#release(slots);
      throw error;
    }
    if (this.#uncertain.length === 0) return false;
    this.#uncertain = [];
    this.#ended(slots);
    return true;
  }

  /** Returns with nothing uncertain any more if the slots were not taken. */
  async #sendTake(): Promise<void> {
    let mayBeTaken = false;
    for (;;) {
      const outcome = await this.#request();
      mayBeTaken ||= outcome.kind === "lost" || outcome.kind === "failed";
      const answer = outcome.kind === "answered" ? readAnswer(outcome.body) : undefined;
      if (answer?.verdict === "accepted") {
        this.#number++;
        return;
      }
      const isRefused = answer !== undefined || outcome.kind === "unsent";
      if (isRefused && !mayBeTaken) {
        this.#release(this.#uncertain);
        this.#uncertain = [];
        throw new Reopen();
      }
      // An `open` tells what became of a message that was lost.
      if (answer !== undefined) throw new Reopen();
      await this.#pause();
    }
  }

  #release(slots: readonly number[]): void {
    if (!this.#isClosed) this.#options.events.released(slots);
  }

  #ended(slots: readonly number[]): void {
    if (slots.length === 0) return;
    const gone = new SlotSet(slots);
    this.#slots = this.#slots.filter((slot) => !gone.has(slot));
    this.#copy?.end(slots);
    this.#options.events.handed(slots);
  }

  // ---- Messages ----

  /** Tells what is to be told next, if anything. */
  async #tell(): Promise<void> {
    this.#begin(COPY);
    const writer = this.#writer;
    const { length } = writer;
    this.#copy!.tell(writer, MESSAGE_BYTES);
    if (writer.length > length) await this.#deliver(() => {});
    // Others have their turn.
    else await pause(this.#options.timers, 0);
    this.#check();
  }

  async #send(kind: MessageKind): Promise<void> {
    this.#begin(kind);
    await this.#deliver(() => {});
  }

  #begin(kind: MessageKind): void {
    this.#check();
    const { change } = this.#options;
    beginMessage(this.#writer, { kind, change, session: this.#session, number: this.#number + 1 });
  }

  /** Sends until it arrives. False if it did not at once; `failed` was called then. */
  async #deliver(failed: () => void): Promise<boolean> {
    for (let isFirst = true; ; isFirst = false) {
      const answer = await this.#ask();
      if (answer?.verdict === "accepted") {
        this.#number++;
        return isFirst;
      }
      if (answer?.verdict === "reopen") throw new Reopen();
      if (isFirst) failed();
      await this.#pause();
    }
  }

  async #ask(): Promise<{ verdict: Verdict; text: string } | undefined> {
    const outcome = await this.#request();
    return outcome.kind === "answered" ? readAnswer(outcome.body) : undefined;
  }

  async #request(): Promise<Outcome> {
    this.#check();
    this.bytesSent += this.#writer.length;
    const outcome = await this.#options.ask(this.#writer.written(), ASK_TIMEOUT_MS);
    this.#hasFailed = outcome.kind === "failed";
    this.#check();
    return outcome;
  }

  #check(): void {
    if (this.#isClosed) throw new Closed();
    if (this.#copy?.isBroken) throw new Reopen();
  }

  #pause(): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = () => {
        this.#cancelPause?.();
        this.#wake = undefined;
        if (this.#isClosed) reject(new Closed());
        else resolve();
      };
      this.#cancelPause = this.#options.timers.after(this.#hasFailed ? LONG_PAUSE_MS : PAUSE_MS, end);
      this.#wake = end;
    });
  }
}
