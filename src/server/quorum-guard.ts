/**
 * What a client at `quorum` asks of the copies before a command of its is executed: that so many owners are alive that a majority can
 * have what it changes, and that a majority has what it reads. Afterwards its reply waits for the slots that are named here
 * (reply-gate.ts).
 *
 * A command that reads waits for that: it is offered again, as one is that waits for room in the log. The question belongs to the
 * command that asked it, whichever others are offered meanwhile, and is asked once.
 */
import { assert } from "../base/assert.js";
import { slotOf } from "../base/key-hash.js";
import type { ReadOutcome } from "../cluster/copies.js";
import { HERE } from "../cluster/slot-routes.js";
import { keyPositions } from "../commands/command-facts.js";
import type { SessionCall, Transaction } from "../commands/session.js";
import { NO_QUORUM_FOR_READ, NO_REPLICAS, ReplyError } from "../protocol/reply-error.js";
import { RequestScanner } from "../protocol/request-scanner.js";
import type { Client } from "./client.js";
import { CHANGES_CONNECTION, type Entry, EXECUTES, USES_KEYS, WRITE } from "./command-index.js";
import type { CommandLookup } from "./command-lookup.js";
import type { ConfirmationScope } from "./confirmation.js";
import type { NodeState } from "./node-state.js";

/** Whether a majority has what a command is to read, and stands by this node for what it is to write. */
export class QuorumQuestion {
  /** Undefined until all owners that matter have answered. */
  outcome: ReadOutcome | undefined;
  /** The error line that it means if it failed. */
  failure = NO_QUORUM_FOR_READ;
}

interface Key {
  readonly slot: number;
  readonly database: number;
  readonly bytes: Buffer;
}

/** What a command concerns. */
interface Scope {
  readonly slots: Set<number>;
  /** The keys that it reads. */
  readonly reads: Key[];
  writes: boolean;
  /** A command of a transaction that changes the connection; empty if there is none. */
  change: string;
}

export interface QuorumGuardOptions {
  readonly call: SessionCall;
  readonly lookup: CommandLookup;
  readonly node: NodeState;
}

export class QuorumGuard {
  readonly #call: SessionCall;
  readonly #lookup: CommandLookup;
  readonly #node: NodeState;
  readonly #queueScanner = new RequestScanner();

  constructor({ call, lookup, node }: QuorumGuardOptions) {
    this.#call = call;
    this.#lookup = lookup;
    this.#node = node;
  }

  /**
   * Judges the command at hand. Answers what a majority must confirm before it is replied to, null if it is to be offered again, or why it
   * may not be executed.
   */
  admit(client: Client, entry: Entry): ConfirmationScope | ReplyError | null {
    const { copies } = this.#node;
    const scope: Scope = { slots: new Set(), reads: [], writes: false, change: "" };
    if ((entry.bits & EXECUTES) === 0) this.#add(scope, entry, client.database);
    else if (client.transaction !== null) this.#addTransaction(scope, client, client.transaction);
    for (const slot of scope.slots) if (!copies.canConfirm(slot)) return new ReplyError(NO_REPLICAS);
    const reads = scope.reads.filter(({ slot }) => copies.ownersOf(slot) > 1);
    const unsure = scope.writes ? [...scope.slots].filter((slot) => !copies.isStoodBy(slot)) : [];
    const { question } = client;
    if (question !== null || reads.length > 0 || unsure.length > 0) {
      // In which database the keys behind a SELECT lie is not known before it is executed.
      if (reads.length > 0 && scope.change !== "")
        return new ReplyError(`${scope.change} stands in a transaction that reads at quorum`);
      if (question === null) this.#ask(client, reads, unsure);
      if (question?.outcome === undefined) return null;
      if (question.outcome === "failed") return new ReplyError(question.failure);
    }
    return { slots: [...scope.slots], writes: scope.writes };
  }

  /** `unsure`: slots for which no majority stands by this node, as far as it knows. */
  #ask(client: Client, keys: readonly Key[], unsure: readonly number[]): void {
    const { copies } = this.#node;
    const { quorumTimeoutMs } = this.#call.config.current;
    const question = new QuorumQuestion();
    client.question = question;
    const answers = keys.map(({ slot, database, bytes }) =>
      copies.confirmRead(slot, database, bytes, quorumTimeoutMs),
    );
    const standing = unsure.length === 0 || copies.whenStoodBy(unsure, quorumTimeoutMs);
    Promise.all([standing, ...answers]).then(
      ([isStoodBy, ...outcomes]) => {
        if (!isStoodBy) question.failure = NO_REPLICAS;
        question.outcome = isStoodBy && !outcomes.includes("failed") ? "confirmed" : "failed";
        client.answered(question);
      },
      (error: unknown) => client.fail(error),
    );
  }

  /** What the command in `call` concerns, executed in a database. */
  #add(scope: Scope, { command, bits, firstKey, across }: Entry, database: number): void {
    const call = this.#call;
    const { slots, reads } = scope;
    if ((bits & WRITE) !== 0) scope.writes = true;
    if (firstKey === 0) {
      // It changes all that there is; what only looks at all is no read at quorum.
      if ((bits & WRITE) !== 0 && across !== null) this.#addOwnSlots(slots);
      return;
    }
    if ((bits & USES_KEYS) === 0) return;
    for (const { at, spec } of keyPositions(command, call)) {
      // A shard channel has no copies.
      if (spec.access.includes("not_key")) continue;
      const slot = slotOf(call.bytes, call.start(at), call.end(at));
      slots.add(slot);
      if ((bits & WRITE) === 0) reads.push({ slot, database, bytes: call.copy(at) });
    }
  }

  #addTransaction(scope: Scope, client: Client, { queue, aborted }: Transaction): void {
    // Nothing of it is executed.
    if (aborted) return;
    const call = this.#call;
    const { bytes, marks, count } = call;
    for (const request of queue) {
      this.#lookup.take(request, this.#queueScanner);
      const entry = this.#lookup.find();
      assert(entry !== undefined, "what was queued can be executed");
      if ((entry.bits & CHANGES_CONNECTION) !== 0) scope.change = entry.name.toUpperCase().replace("|", " ");
      this.#add(scope, entry, client.database);
    }
    call.bytes = bytes;
    call.marks = marks;
    call.count = count;
  }

  #addOwnSlots(slots: Set<number>): void {
    const { routes } = this.#call;
    if (routes === null) return;
    for (const [slot, route] of routes.bySlot.entries()) if (route === HERE) slots.add(slot);
  }
}
