/**
 * Replies of one client that wait, in order: for the log, for copies, for another node that is still to send them, or for those before
 * them. What was gathered in one turn leaves together; but if something fails, each reply in it is judged by itself.
 */
import Denque from "denque";
import type { Run } from "../cluster/run.js";
import { Gathering, Notice, RunPart, Stray } from "./awaited-replies.js";
import type { Confirmation } from "./confirmation.js";
import { errorReply } from "./gathered-reply.js";

/** What a turn takes besides the bytes of its replies, each reply in it that waits, and each slot whose confirmation it waits for, roughly. */
const TURN_BYTES = 128;
const DEPENDENT_BYTES = 64;
const CONFIRMATION_BYTES = 128;
const SLOT_BYTES = 16;
/** What is to be done later takes so much, roughly. */
const NOTICE_BYTES = 256;
/** Below this one write with a copy is cheaper than several. */
const JOINED_BYTES_MAX = 64 * 1024;

/** A reply that waits: where it begins and ends in its turn, and for what. */
export interface Dependent {
  readonly start: number;
  readonly end: number;
  /** Up to where the log must last; 0 if it does not matter. */
  readonly position: number;
  /** Null if copies do not matter. */
  readonly confirmation: Confirmation | null;
}

/** The replies of one turn. */
export class HeldTurn {
  /** What it takes, the bytes of the replies included. */
  readonly memoryBytes: number;

  /** `dependents` are those replies that wait for something; the others may leave as soon as these may. */
  constructor(
    readonly parts: readonly Buffer[],
    readonly byteLength: number,
    readonly dependents: readonly Dependent[],
  ) {
    let memoryBytes = TURN_BYTES + byteLength;
    for (const { confirmation } of dependents) {
      memoryBytes += DEPENDENT_BYTES;
      if (confirmation !== null) memoryBytes += CONFIRMATION_BYTES + confirmation.size * SLOT_BYTES;
    }
    this.memoryBytes = memoryBytes;
  }
}

/** What stands in a client's queue of replies. */
export type Held = Gathering | HeldTurn | Notice | RunPart | Stray;

/** Knows whether that has come which a reply waits for. */
export interface ReplyConditions {
  isMet(dependent: Dependent): boolean;
  /** Of one that is not met: the error line that takes the place of the reply, undefined if it may still be met. */
  failureOf(dependent: Dependent): string | undefined;
}

export class HeldReplies {
  byteLength = 0;
  memoryBytes = 0;
  readonly #queue = new Denque<Held>();

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Replies that depend on nothing. */
  pushPlain(bytes: Buffer): void {
    if (bytes.length > 0) this.push(new HeldTurn([bytes], bytes.length, NONE));
  }

  push(turn: HeldTurn): void {
    this.#queue.push(turn);
    this.#count(turn, 1);
  }

  /** A command was added to a run: its reply is next. */
  pushRemote(run: Run, isSilent: boolean): void {
    const last = this.#queue.peekBack();
    if (last instanceof RunPart && last.run === run && last.isSilent === isSilent) last.count++;
    else this.#queue.push(new RunPart(run, isSilent));
  }

  /** So many more, to be replied as the last one is, which was added just now. */
  extendRemote(count: number): void {
    (this.#queue.peekBack() as RunPart).count += count;
  }

  /** Nothing more is expected of a run whose last reply would have been the last of all. */
  giveUpLast(run: Run): void {
    const last = this.#queue.peekBack();
    if (last instanceof RunPart && last.run === run) this.#queue.pop();
  }

  pushStray(stray: Stray): void {
    this.#queue.push(stray);
  }

  pushGathering(gathering: Gathering): void {
    this.#queue.push(gathering);
  }

  pushNotice(notice: Notice): void {
    this.#queue.push(notice);
    this.memoryBytes += NOTICE_BYTES;
  }

  gathered(gathering: Gathering, reply: Buffer): void {
    gathering.reply = reply;
    this.byteLength += reply.length;
    this.memoryBytes += reply.length;
  }

  /** Whether replies of a run are the next to leave. */
  isNext(run: Run): boolean {
    const next = this.#queue.peekFront();
    return next instanceof RunPart && next.run === run;
  }

  /** Takes out the one part that there is, if it is all of this run and whoever waits for it wants it. */
  takeOnly(run: Run): boolean {
    if (this.#queue.length !== 1) return false;
    const only = this.#queue.peekFront();
    const isWhole = only instanceof RunPart && only.run === run && only.count === run.count && !only.isSilent;
    // Not `clear`, which takes new memory.
    if (isWhole) this.#queue.shift();
    return isWhole;
  }

  /** Replies to `count` commands of a run came before their turn, or in several pieces. */
  came(run: Run, count: number, { bytes, start, end }: { bytes: Buffer; start: number; end: number }): void {
    run.keep(count, bytes, start, end);
    this.byteLength += end - start;
    this.memoryBytes += end - start;
  }

  /** Whether the next reply is the last of all, and it has not come. */
  get isLastAwaited(): boolean {
    const next = this.#queue.peekFront();
    if (next instanceof Gathering) return next.reply === undefined;
    return next instanceof RunPart && next.count === 1 && next.run.keptCount === 0;
  }

  /** Takes out what stands behind the one reply that is awaited: messages, while nothing more is executed. */
  takeMessages(): readonly (HeldTurn | Notice)[] {
    const messages: (HeldTurn | Notice)[] = [];
    for (let held = this.#queue.peekAt(1); held !== undefined; held = this.#queue.peekAt(1)) {
      if (held instanceof HeldTurn) this.#count(held, -1);
      else if (held instanceof Notice) this.memoryBytes -= NOTICE_BYTES;
      else break;
      this.#queue.removeOne(1);
      messages.push(held);
    }
    return messages;
  }

  /** Takes out everything. */
  takeAll(): readonly Held[] {
    const all = this.#queue.toArray();
    this.#queue.clear();
    this.byteLength = 0;
    this.memoryBytes = 0;
    return all;
  }

  /**
   * Takes out, in order and in as few pieces as is cheap, what no longer has to wait. Replies that waited in vain have become errors,
   * and `failed` is told each.
   */
  release(conditions: ReplyConditions, failed: (line: string) => void): readonly Buffer[] {
    const released: Buffer[] = [];
    const bytesBefore = this.byteLength;
    for (let turn = this.#queue.peekFront(); turn !== undefined; turn = this.#queue.peekFront()) {
      if (turn instanceof Stray) break;
      if (turn instanceof Gathering) {
        const { reply, isSilent } = turn;
        if (reply === undefined) break;
        this.#queue.shift();
        this.byteLength -= reply.length;
        this.memoryBytes -= reply.length;
        if (!isSilent) released.push(reply);
        continue;
      }
      if (turn instanceof Notice) {
        this.#queue.shift();
        this.memoryBytes -= NOTICE_BYTES;
        turn.act();
        continue;
      }
      if (turn instanceof RunPart) {
        this.#takeRemote(turn, released);
        if (turn.count > 0) break;
        this.#queue.shift();
        continue;
      }
      const { dependents } = turn;
      if (dependents.every((dependent) => conditions.isMet(dependent))) released.push(...turn.parts);
      else if (isDecided(turn, conditions)) released.push(judge(turn, conditions, failed));
      else break;
      this.#queue.shift();
      this.#count(turn, -1);
    }
    const isWorthJoining = released.length > 1 && bytesBefore - this.byteLength <= JOINED_BYTES_MAX;
    return isWorthJoining ? [Buffer.concat(released)] : released;
  }

  /** When something that the replies in front wait for is overdue next, in monotonic milliseconds; infinity if nothing will be. */
  deadlineMs(nowMs: number): number {
    const turn = this.#queue.peekFront();
    return turn instanceof HeldTurn ? deadlineOf(turn, nowMs) : Number.POSITIVE_INFINITY;
  }

  #takeRemote(part: RunPart, released: Buffer[]): void {
    const bytes = part.take();
    this.byteLength -= bytes.length;
    this.memoryBytes -= bytes.length;
    if (bytes.length > 0 && !part.isSilent) released.push(bytes);
  }

  #count({ byteLength, memoryBytes }: HeldTurn, sign: 1 | -1): void {
    this.byteLength += sign * byteLength;
    this.memoryBytes += sign * memoryBytes;
  }
}

/** When a confirmation that replies of a turn wait for is overdue next; infinity if none will be. */
export function deadlineOf({ dependents }: HeldTurn, nowMs: number): number {
  let earliestMs = Number.POSITIVE_INFINITY;
  for (const { confirmation } of dependents) {
    if (confirmation !== null && confirmation.deadlineMs > nowMs) {
      earliestMs = Math.min(earliestMs, confirmation.deadlineMs);
    }
  }
  return earliestMs;
}

/** Whether of each reply that waits it is known that it may leave, or that it never will. */
function isDecided({ dependents }: HeldTurn, conditions: ReplyConditions): boolean {
  return dependents.every(
    (dependent) => conditions.isMet(dependent) || conditions.failureOf(dependent) !== undefined,
  );
}

function judge(
  { parts, dependents }: HeldTurn,
  conditions: ReplyConditions,
  failed: (line: string) => void,
): Buffer {
  const bytes = Buffer.concat(parts);
  const kept: Buffer[] = [];
  let from = 0;
  for (const dependent of dependents) {
    const failure = conditions.isMet(dependent) ? undefined : conditions.failureOf(dependent);
    if (failure === undefined) continue;
    kept.push(bytes.subarray(from, dependent.start), errorReply(failure));
    from = dependent.end;
    failed(failure);
  }
  kept.push(bytes.subarray(from));
  return Buffer.concat(kept);
}

const NONE: readonly Dependent[] = [];
