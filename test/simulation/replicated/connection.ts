/** One connection of a client: at which level it writes and reads, what the replies to it promise, and what it wrote and saw. */
import { type Reply, textOf } from "../../support/reply.js";
import { type Argument, encodeCommand } from "../../support/request.js";
import type { Fate } from "../cluster/register.js";
import { numberOf, type Step, unexpected } from "../cluster/script.js";
import { Violation } from "../cluster/violation.js";
import type { Leaf, Outcome } from "./leaf.js";
import type { Level } from "./level.js";
import { Session } from "./session.js";
import { Written } from "./written.js";

export interface Levels {
  /** The levels at which an acknowledged write has to be there in the end. */
  readonly kept: readonly Level[];
  /** The levels at which a connection is always shown again what it wrote or saw. */
  readonly sessions: readonly Level[];
  /** The levels at which a majority has what is acknowledged, and is asked for what is read. */
  readonly confirming: readonly Level[];
}

/** What a command may fail with that was surely not executed, or that changed nothing. */
const REFUSALS = ["TRYAGAIN", "CLUSTERDOWN", "LOADING", "NOREPLICAS"];
/** Nobody knows whether it was executed, or whether what it did will last. */
const DOUBTS = ["INDOUBT", "NOQUORUM"];

/** In the end it has to be there, or to have happened. */
export const KEPT: Outcome = { fate: "done", isConfirmed: false };
export const IN_DOUBT: Outcome = { fate: "doubtful", isConfirmed: false };

export class Connection {
  readonly session = new Session();
  /** A majority has what is acknowledged to this connection, and is asked for what it reads. */
  readonly isConfirmed: boolean;
  readonly hasSession: boolean;
  /** What is acknowledged to this connection must not be lost. */
  readonly #isKept: boolean;
  /** What this connection wrote and was acknowledged. */
  readonly #written = new Written();

  constructor(
    readonly level: Level,
    { kept, sessions, confirming }: Levels,
  ) {
    this.isConfirmed = confirming.includes(level);
    this.hasSession = sessions.includes(level);
    this.#isKept = kept.includes(level);
  }

  step(args: readonly Argument[], settle: (reply: Reply | undefined) => void): Step {
    return this.steps([args], (replies) => settle(replies?.[0]));
  }

  /** `failures` are the error lines that the commands may be answered though nothing fails. */
  steps(
    commands: readonly (readonly Argument[])[],
    settle: (replies: readonly Reply[] | undefined) => void,
    failures: readonly string[] = [],
  ): Step {
    return {
      text: `${commands.map((args) => args.join(" ")).join("; ")} (${this.level})`,
      request: Buffer.concat(commands.map((args) => encodeCommand([...args]))),
      count: commands.length,
      settle: (replies, mayFail) => {
        if (!mayFail) expectNoError(replies, failures);
        settle(replies);
      },
    };
  }

  /** What a reply to a write promises. */
  outcomeOf(reply: Reply | undefined, expected?: string): Outcome {
    const fate = fateOf(reply);
    if (fate !== "done") return { fate, isConfirmed: false };
    if (expected !== undefined && textOf(reply!) !== expected) throw unexpected(reply!, expected);
    return { fate: this.#isKept ? "done" : "doubtful", isConfirmed: this.isConfirmed };
  }

  isAnswer(reply: Reply | undefined): reply is Reply {
    return reply !== undefined && fateOf(reply) === "done";
  }

  /** `leaf` was written, if it is one; `kept` is to be called if a replica has the write: then no disk that is lost takes it away. */
  note(reply: Reply | undefined, leaf: Leaf | undefined, kept: () => void): void {
    if (this.isAnswer(reply)) this.#written.add(leaf, this.#isKept ? undefined : kept);
  }

  /** WAIT was answered. */
  waited(reply: Reply | undefined, holdersOf: ((leaf: Leaf) => number) | undefined): void {
    if (this.isAnswer(reply)) this.#written.waited(numberOf(reply), holdersOf);
  }
}

export function fateOf(reply: Reply | undefined): Fate {
  if (reply === undefined) return "doubtful";
  if (reply.kind !== "error") return "done";
  const code = reply.text.split(" ", 1)[0]!;
  if (DOUBTS.includes(code)) return "doubtful";
  if (REFUSALS.includes(code)) return "refused";
  throw unexpected(reply);
}

function expectNoError(replies: readonly Reply[] | undefined, but: readonly string[]): void {
  if (replies === undefined) throw new Violation("a connection ended, though nothing fails");
  for (const reply of replies) {
    if (reply.kind === "error" && !but.includes(reply.text)) throw unexpected(reply);
  }
}
