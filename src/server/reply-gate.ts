/**
 * When a reply may leave.
 *
 * With `appendfsync always` it waits until the log lasts up to all that it tells of: what its command changed, and what others had
 * changed before in the slots that it looked at. So nobody is ever shown what a loss of power could take back.
 *
 * For a client at `quorum` it waits until a majority of the owners has just as much of the slots of its keys (confirmation.ts). So
 * nobody is ever shown what the loss of a minority of them could take back.
 *
 * The gate notes for each command what its reply depends on, and knows which clients have replies that wait. Where replies wait for
 * nothing it does nothing.
 */

import type { Copies } from "../cluster/copies.js";
import type { PersistenceView } from "../durability/persistence-view.js";
import type { Clock } from "../host/clock.js";
import type { Cancel, Timers } from "../host/timers.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { Sightings } from "../keyspace/sightings.js";
import { IN_DOUBT, NO_QUORUM, NO_QUORUM_FOR_READ } from "../protocol/reply-error.js";
import type { ByteSink, ReplyWriter } from "../protocol/reply-writer.js";
import { Confirmation, type ConfirmationScope } from "./confirmation.js";
import { type Dependent, deadlineOf, HeldTurn, type ReplyConditions } from "./held-replies.js";

/** The gate does not watch the command at hand. */
const NOT_WATCHING = -1;

export interface ReplyGateOptions {
  readonly keyspace: Keyspace;
  readonly persistence: PersistenceView;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly copies: () => Copies;
  /** How long a reply waits for copies. */
  readonly quorumTimeoutMs: () => number;
  /** Where commands write their replies. */
  readonly reply: ReplyWriter;
  readonly countError: (line: string) => void;
  /** Runs what no client asked for: what it throws stops the node. */
  readonly guard: (work: () => void) => void;
}

/** What holds replies that wait. */
export interface Holder {
  /** Lets go those that no longer have to wait. */
  release(): void;
}

export class ReplyGate implements Sightings, ReplyConditions {
  /** Whether a reply in the writer depends on what is not certain yet. */
  isHolding = false;
  readonly #options: ReplyGateOptions;
  readonly #keyspace: Keyspace;
  readonly #persistence: PersistenceView;
  readonly #reply: ReplyWriter;
  readonly #waiting = new Set<Holder>();
  // Of the command at hand: where its reply begins among all bytes and in the buffer, the position before it, what it saw.
  #start = NOT_WATCHING;
  #mark = 0;
  #positionBefore = 0;
  /** The same of what this node executed itself, for a client at quorum. */
  #executedBefore = 0;
  #seen = 0;
  /** Of the replies in the writer. */
  #dependents: Dependent[] = [];
  /** When the next reply is overdue, and is looked at; never if it is infinity. */
  #overdueMs = Number.POSITIVE_INFINITY;
  #cancelOverdue: Cancel = () => {};

  constructor(options: ReplyGateOptions) {
    this.#options = options;
    this.#keyspace = options.keyspace;
    this.#persistence = options.persistence;
    this.#reply = options.reply;
    this.configure();
  }

  /** Begins, or ends, to watch. */
  configure(): void {
    this.#keyspace.sightings = this.#persistence.gates ? this : null;
  }

  saw(slot: number): void {
    const position = this.#persistence.positionOf(slot);
    if (position > this.#seen) this.#seen = position;
  }

  /** A command is about to be executed. */
  begin(isAtQuorum = false): void {
    if (this.#keyspace.sightings === null && !isAtQuorum) {
      this.#start = NOT_WATCHING;
      return;
    }
    this.#start = this.#reply.byteLength;
    this.#mark = this.#reply.mark();
    this.#positionBefore = this.#persistence.position;
    if (isAtQuorum) this.#executedBefore = this.#options.copies().position;
    this.#seen = 0;
  }

  /**
   * The command was executed and its batch ended. `seesAll`: its reply tells of keys that it did not open. `scope`: what a majority must
   * have as it is now; null for a client that is not at quorum.
   */
  end(seesAll: boolean, scope: ConfirmationScope | null = null): void {
    const start = this.#start;
    if (start === NOT_WATCHING) return;
    const { position, durablePosition, inDoubtFrom } = this.#persistence;
    const hasChanged = position !== this.#positionBefore;
    let required = 0;
    if (this.#keyspace.sightings !== null) required = seesAll || hasChanged ? position : this.#seen;
    if (required <= durablePosition) required = 0;
    const confirmation = scope === null ? null : this.#confirmationOf(scope, hasChanged);
    if (required === 0 && confirmation === null) return;
    const reply = this.#reply;
    const end = reply.byteLength;
    if (end === start) return;
    if (required > inDoubtFrom) {
      reply.rollback(this.#mark);
      reply.error(IN_DOUBT);
      this.#options.countError(IN_DOUBT);
      return;
    }
    this.#dependents.push({ start, end, position: required, confirmation });
    this.isHolding = true;
  }

  /** Takes the replies out of the writer, to be held. */
  hold(holder: Holder): HeldTurn {
    this.#waiting.add(holder);
    const parts: Buffer[] = [];
    const { byteLength } = this.#reply;
    this.#reply.sendTo(new Collector(parts));
    const turn = new HeldTurn(parts, byteLength, this.#dependents);
    this.#dependents = [];
    this.isHolding = false;
    this.expect(deadlineOf(turn, Number.NEGATIVE_INFINITY));
    return turn;
  }

  /** The replies in the writer are given up. */
  drop(): void {
    if (this.#dependents.length > 0) this.#dependents = [];
    this.isHolding = false;
  }

  isMet({ position, confirmation }: Dependent): boolean {
    if (position > this.#persistence.durablePosition) return false;
    return confirmation === null || confirmation.isMet(this.#options.copies());
  }

  failureOf({ position, confirmation }: Dependent): string | undefined {
    if (position > this.#persistence.inDoubtFrom) return IN_DOUBT;
    const isOverdue =
      confirmation !== null &&
      confirmation.deadlineMs <= this.nowMs &&
      !confirmation.isMet(this.#options.copies());
    return isOverdue ? confirmation.failure : undefined;
  }

  get nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  /** Some reply that waits is overdue then, if nothing comes of it before: it is looked at. */
  expect(overdueMs: number): void {
    if (overdueMs >= this.#overdueMs) return;
    this.#cancelOverdue();
    this.#overdueMs = overdueMs;
    this.#cancelOverdue = this.#options.timers.after(Math.max(0, overdueMs - this.nowMs), () => {
      this.#overdueMs = Number.POSITIVE_INFINITY;
      this.#options.guard(() => this.release());
    });
  }

  /** It has no replies any more that wait. */
  forget(holder: Holder): void {
    this.#waiting.delete(holder);
  }

  /** The log or the copies have got on, or have failed: what no longer has to wait leaves. */
  release(): void {
    // Who executes more because of it, and has to wait again, is met once more, and waits.
    for (const holder of this.#waiting) holder.release();
  }

  /** Nobody waits any more. */
  close(): void {
    this.#cancelOverdue();
  }

  #confirmationOf(scope: ConfirmationScope, hasChanged: boolean): Confirmation | null {
    const copies = this.#options.copies();
    const confirmation = Confirmation.of(scope, { copies, start: this.#executedBefore }, () => ({
      deadlineMs: this.nowMs + this.#options.quorumTimeoutMs(),
      failure: hasChanged ? NO_QUORUM : NO_QUORUM_FOR_READ,
    }));
    if (confirmation !== null) copies.hasten();
    return confirmation;
  }
}

/** Keeps what it is given. It says that it has something pending, so that it is given no more than the replies' own bytes. */
class Collector implements ByteSink {
  readonly pendingBytes = 1;

  constructor(private readonly parts: Buffer[]) {}

  write(bytes: Uint8Array): boolean {
    this.parts.push(bytes as Buffer);
    return false;
  }
}
