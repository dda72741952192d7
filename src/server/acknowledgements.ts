/**
 * WAIT on a cluster: asks each node that executed writes of the client how many other owners have them, until there are enough. Nodes are
 * asked to wait for a little while only, again and again: nobody waits for long for a client that is gone.
 */
import type { Forwarder } from "../cluster/forwarder.js";
import { HELD, HERE, type Route } from "../cluster/slot-routes.js";
import type { WaitEnd } from "../commands/blocking.js";
import type { Call } from "../commands/call.js";
import { type WaitArguments, waitArguments } from "../commands/wait.js";
import { UNBLOCKED } from "../protocol/reply-error.js";
import type { Client } from "./client.js";
import { ANY_SLOT, errand, NO_WRITES, WAIT_ERRAND } from "./errands.js";
import { errorReply, isError, numberOf } from "./gathered-reply.js";
import { type InnerSessions, OWN_CONTEXT } from "./inner-sessions.js";
import type { WrittenPlace } from "./written-slots.js";

const SLICE_MS = 1000;
/** A node that cannot be reached is asked again after so long. */
const RETRY_MS = 100;

export interface AcknowledgementsOptions {
  readonly call: Call;
  readonly forwarder: Forwarder;
  readonly inner: InnerSessions;
  readonly delay: (ms: number) => Promise<void>;
}

/** What a node is asked about. */
interface Question {
  readonly route: Route;
  readonly subject: readonly (string | number)[];
  readonly place: WrittenPlace | undefined;
}

/** What it is told: how many have it, `lost` if nobody can tell any more, `silent` if it could not be asked. */
type Answer = { readonly count: number; readonly isAll: boolean } | "lost" | "silent";

/** A client that waits for acknowledgements, until somebody ends that. */
export class AcknowledgementWait {
  /** Why, once it is so. */
  end: WaitEnd | null = null;
  #ended: () => void = () => {};

  call(end: WaitEnd): void {
    this.end ??= end;
    this.#ended();
  }

  /** Resolves with what `asked` does, or with undefined as soon as the wait is ended. */
  unlessEnded<Answers>(asked: Promise<Answers>): Promise<Answers | undefined> {
    return new Promise((resolve, reject) => {
      this.#ended = () => resolve(undefined);
      asked.then(resolve, reject);
    });
  }
}

export class Acknowledgements {
  readonly #options: AcknowledgementsOptions;

  constructor(options: AcknowledgementsOptions) {
    this.#options = options;
  }

  /** For the command at hand. Throws a `ReplyError` if its arguments are none. What is planned resolves with the raw reply. */
  plan(client: Client): () => Promise<Buffer> {
    const wanted = waitArguments(this.#options.call);
    return async () => {
      const wait = new AcknowledgementWait();
      client.acknowledgements = wait;
      const count = await this.#count(client, wait, wanted);
      client.acknowledgements = null;
      return wait.end === "error" ? errorReply(UNBLOCKED) : Buffer.from(`:${count}\r\n`);
    };
  }

  async #count(
    client: Client,
    wait: AcknowledgementWait,
    { needed, timeoutMs }: WaitArguments,
  ): Promise<number> {
    const { forwarder, delay } = this.#options;
    const untilMs = forwarder.nowMs + timeoutMs;
    const questions = this.#questionsFor(client);
    for (;;) {
      const isEnded = wait.end !== null;
      const leftMs = isEnded ? 0 : untilMs - forwarder.nowMs;
      const sliceMs = Math.max(0, Math.min(SLICE_MS, leftMs));
      const asked = Promise.all(questions.map((question) => this.#ask(question, needed, sliceMs)));
      const answers = await (isEnded ? asked : wait.unlessEnded(asked));
      // Those who were asked to wait answer later, to nobody: they are asked once more how far they are.
      if (answers === undefined) continue;
      const count = settle(questions, answers);
      const isOver = isEnded || forwarder.nowMs >= untilMs || client.isOver;
      if (count >= needed || isOver || answers.includes("lost")) return count;
      if (answers.includes("silent")) await delay(Math.min(RETRY_MS, untilMs - forwarder.nowMs));
    }
  }

  #questionsFor({ written }: Client): readonly Question[] {
    if (written === null) {
      // It came before this node knew others: it may have written anything anywhere.
      const routes = new Set(this.#options.forwarder.routes.bySlot);
      routes.delete(HELD);
      return [...routes].map((route) => ({ route, subject: [ANY_SLOT], place: undefined }));
    }
    const { places } = written;
    if (places.length === 0) return [{ route: HERE, subject: [NO_WRITES], place: undefined }];
    return places.map((place) => {
      const subject = place.isAny ? [ANY_SLOT] : place.slots;
      return { route: place.route, subject, place };
    });
  }

  async #ask({ route, subject, place }: Question, needed: number, sliceMs: number): Promise<Answer> {
    if (place?.isSame === false) return "lost";
    const { inner, forwarder } = this.#options;
    const request = errand(WAIT_ERRAND, route, needed, Math.ceil(sliceMs), ...subject);
    const reply = await inner.call(request, { ...OWN_CONTEXT, deadlineMs: forwarder.newDeadlineMs() });
    if (isError(reply)) return "silent";
    const [count, isAll] = [numberOf(reply.subarray(COUNTS_AT)), reply.at(-3) === ONE];
    return count < 0 ? "lost" : { count, isAll };
  }
}

/** The reply is an array of two integers. */
const COUNTS_AT = "*2\r\n".length;
const ONE = "1".charCodeAt(0);

/** How many have all that was asked about. What all owners have, and what nobody can tell of any more, is not asked about again. */
function settle(questions: readonly Question[], answers: readonly Answer[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const [i, answer] of answers.entries()) {
    const { count, isAll } = typeof answer === "string" ? { count: 0, isAll: answer === "lost" } : answer;
    least = Math.min(least, count);
    if (isAll) questions[i]!.place?.clear();
  }
  return answers.length === 0 ? 0 : least;
}
