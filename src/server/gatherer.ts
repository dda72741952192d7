/**
 * How the reply to a command that concerns several nodes comes about: who executes which part of it, and what is made of their
 * replies. What it plans for the command at hand is done later, when the turn of the client is over.
 */
import { unreachable } from "../base/assert.js";
import type { Forwarder } from "../cluster/forwarder.js";
import { HERE } from "../cluster/slot-routes.js";
import type { Call } from "../commands/call.js";
import type { Transaction } from "../commands/session.js";
import { CROSS_SLOT, executionAborted, ReplyError } from "../protocol/reply-error.js";
import { Acknowledgements } from "./acknowledgements.js";
import type { Client } from "./client.js";
import type { Entry } from "./command-index.js";
import { EXEC_ERRAND, errand, UNWATCH_ERRAND, WATCH_ERRAND } from "./errands.js";
import { type Gather, gatherReply, isError, numberOf, withErrors } from "./gathered-reply.js";
import { type InnerContext, type InnerSessions, OWN_CONTEXT } from "./inner-sessions.js";
import { RollCall } from "./roll-call.js";
import { NO_SLOT, type Router, SEVERAL_SLOTS, sameSlot } from "./router.js";
import { type Scattered, scatter } from "./scatter.js";

/** What a client watches at another node. */
export interface WatchElsewhere {
  readonly slot: number;
  readonly token: string;
}

/** Does what was planned; resolves with the raw reply. */
export type Plan = (deadlineMs: number) => Promise<Buffer>;

/** The key drawn may have expired; so many draws find another one, or there is hardly any. */
const DRAWS_MAX = 10;
const TOKEN_WORDS = 4;
const WORD_DIGITS = 8;
const NULLS: Readonly<Record<2 | 3, Buffer>> = { 2: Buffer.from("$-1\r\n"), 3: Buffer.from("_\r\n") };

export interface GathererOptions {
  readonly call: Call;
  readonly router: Router;
  readonly forwarder: Forwarder;
  readonly inner: InnerSessions;
  readonly delay: (ms: number) => Promise<void>;
}

export class Gatherer {
  readonly #call: Call;
  readonly #router: Router;
  readonly #forwarder: Forwarder;
  readonly #inner: InnerSessions;
  readonly #rollCall: RollCall;
  readonly #acknowledgements: Acknowledgements;

  constructor(options: GathererOptions) {
    const { call, router, forwarder, inner } = options;
    this.#call = call;
    this.#router = router;
    this.#forwarder = forwarder;
    this.#inner = inner;
    this.#rollCall = new RollCall({ inner, forwarder });
    this.#acknowledgements = new Acknowledgements(options);
  }

  /** For the command at hand, which no one node may execute as it is. Throws a `ReplyError` if it cannot be done. */
  planFor(client: Client, entry: Entry): Plan {
    const { across } = entry;
    if (across === null) throw new ReplyError(CROSS_SLOT);
    const context = contextOf(client);
    if (entry.firstKey !== 0) {
      const scattered = scatter(this.#call, entry, (slot) => this.#router.of(slot));
      return (deadlineMs) => this.#gather(across as Gather, scattered, { ...context, deadlineMs });
    }
    const args = Array.from({ length: this.#call.count }, (_, i) => this.#call.copy(i));
    switch (across) {
      case "acknowledged":
        return this.#acknowledgements.plan(client);
      case "draw":
        return (deadlineMs) => this.#draw(args, { ...context, deadlineMs });
      case "elements":
      case "lists":
      case "ok":
      case "sum":
        return (deadlineMs) => this.#ofAll(across, args, { ...context, deadlineMs });
      case "refused":
      case "walk":
        throw new ReplyError(`ERR ${entry.name.toUpperCase()} cannot be done on a cluster of several nodes`);
      default:
        return unreachable(across);
    }
  }

  /** For WATCH of keys of one slot that another node executes. */
  planWatch(client: Client, slot: number): Plan {
    const call = this.#call;
    const keys = Array.from({ length: call.count - 1 }, (_, i) => call.copy(i + 1));
    const { watchedElsewhere } = client;
    if (watchedElsewhere !== null && watchedElsewhere.slot !== slot) throw new ReplyError(CROSS_SLOT);
    const context = contextOf(client);
    return (deadlineMs) => {
      const before = client.watchedElsewhere;
      const { token } = before ?? { token: this.#newToken() };
      client.watchedElsewhere = { slot, token };
      client.watched(slot);
      const request = errand(WATCH_ERRAND, slot, token, before === null ? 0 : 1, ...keys);
      return this.#inner.call(request, { ...context, deadlineMs });
    };
  }

  /** Ends what a client watches elsewhere. It is told nothing of it. */
  release({ slot, token }: WatchElsewhere): void {
    const deadlineMs = this.#forwarder.newDeadlineMs();
    const request = errand(UNWATCH_ERRAND, slot, token);
    void Promise.resolve().then(() => this.#inner.call(request, { ...OWN_CONTEXT, deadlineMs }));
  }

  /**
   * For EXEC of a client: whether another node executes the transaction. Throws a `ReplyError` if nobody may: then it is over.
   */
  travels(client: Client, transaction: Transaction): boolean {
    const router = this.#router;
    const { watchedElsewhere } = client;
    if (transaction.aborted || client.keysChanged) return false;
    if (watchedElsewhere === null && router.isLone) return false;
    const slot = sameSlot(transaction.slot, client.watchedSlot);
    if (slot === SEVERAL_SLOTS) throw new ReplyError(CROSS_SLOT);
    if (slot === NO_SLOT || (watchedElsewhere === null && router.of(slot) === HERE)) return false;
    if (transaction.bound !== "") {
      throw executionAborted(
        new ReplyError(`${transaction.bound} is for this connection, and another node executes the rest`),
      );
    }
    return true;
  }

  /** For EXEC of a client whose transaction travels, but for the commands at places that are refused: their errors come in their places. */
  planTransaction(client: Client, transaction: Transaction, refusals: ReadonlyMap<number, ReplyError>): Plan {
    const { watchedElsewhere } = client;
    const slot = sameSlot(transaction.slot, client.watchedSlot);
    const permitted = transaction.queue.filter((_, place) => !refusals.has(place));
    const request = errand(EXEC_ERRAND, slot, watchedElsewhere?.token ?? "", ...permitted);
    const context = contextOf(client);
    return async (deadlineMs) => {
      const reply = await this.#inner.call(request, { ...context, deadlineMs });
      if (watchedElsewhere !== null && isError(reply)) this.release(watchedElsewhere);
      return refusals.size === 0 ? reply : withErrors(reply, refusals);
    };
  }

  async #gather(how: Gather, { parts }: Scattered, context: InnerContext): Promise<Buffer> {
    const replies = await Promise.all(parts.map(({ request }) => this.#inner.call(request, context)));
    return gatherReply(how, replies, parts);
  }

  async #ofAll(how: Gather, args: readonly Uint8Array[], context: InnerContext): Promise<Buffer> {
    const answers = await this.#rollCall.all(args, context);
    if (Buffer.isBuffer(answers)) return answers;
    return gatherReply(
      how,
      answers.map(({ reply }) => reply),
    );
  }

  async #draw(args: readonly Uint8Array[], context: InnerContext): Promise<Buffer> {
    for (let draw = 0; draw < DRAWS_MAX; draw++) {
      const answers = await this.#rollCall.all([DBSIZE], context);
      if (Buffer.isBuffer(answers)) return answers;
      const sizes = answers.map(({ reply }) => reply);
      const sum = gatherReply("sum", sizes);
      if (isError(sum)) return sum;
      if (numberOf(sum) === 0) break;
      let rank = this.#call.random() % numberOf(sum);
      const drawn = answers.find(({ reply }) => {
        rank -= numberOf(reply);
        return rank < 0;
      });
      const key = await this.#rollCall.one(drawn!.route, args, context);
      if (!key.equals(NULLS[context.resp])) return key;
    }
    return NULLS[context.resp];
  }

  /** Nobody guesses it, and no two are equal. */
  #newToken(): string {
    const words = Array.from({ length: TOKEN_WORDS }, () => this.#call.random());
    return words.map((word) => word.toString(16).padStart(WORD_DIGITS, "0")).join("");
  }
}

const DBSIZE = Buffer.from("DBSIZE");

function contextOf(client: Client): Omit<InnerContext, "deadlineMs"> {
  const { database, resp, noTouch, consistency, tracker, marks, hops } = client;
  return { database, resp, noTouch, consistency, isTracked: tracker !== null, marks, hops };
}
