/**
 * What one client of a replicated cluster asks for, drawn at random: texts, numbers, hashes, sets, deadlines, deletions and flushes. Each of
 * its connections has a level, and one of the two databases.
 */
import type { Prng } from "#torus/base/prng.js";
import type { RegisterAction, RegisterHistory } from "../../support/register-history.js";
import { type Reply, textOf } from "../../support/reply.js";
import { type Argument, encodeCommand } from "../../support/request.js";
import type { Errands } from "../cluster/client.js";
import type { Fate } from "../cluster/register.js";
import { contentOf, numberOf, type Step, unexpected } from "../cluster/script.js";
import { Violation } from "../cluster/violation.js";
import { type Leaf, type Outcome, shownBy } from "./leaf.js";
import { DATABASE, FLUSHED_DATABASE, type Ledger } from "./ledger.js";
import type { Level } from "./level.js";
import { Session } from "./session.js";
import type { Tally } from "./tally.js";
import { Written } from "./written.js";

export interface WorkloadOptions {
  readonly name: string;
  readonly prng: Prng;
  readonly ledger: Ledger;
  readonly nowMs: () => number;
  /** The levels at which an acknowledged write has to be there in the end. */
  readonly kept: readonly Level[];
  /** The levels at which a connection is always shown again what it wrote or saw. */
  readonly sessions: readonly Level[];
  /** The levels at which a majority has what is acknowledged, and is asked for what is read. */
  readonly confirming: readonly Level[];
  /** How many nodes hold what was written once; undefined where nodes may have lost it, or are not there to be looked at. */
  readonly holdersOf: ((leaf: Leaf) => number) | undefined;
}

/** What a command may fail with that was surely not executed, or that changed nothing. */
const REFUSALS = ["TRYAGAIN", "CLUSTERDOWN", "LOADING", "NOREPLICAS"];
/** Nobody knows whether it was executed, or whether what it did will last. */
const DOUBTS = ["INDOUBT", "NOQUORUM"];

const TTL_MS_MAX = 3000;
const BY_MAX = 5;
const FLUSHING_CHANCE = 0.15;
const FLUSH_CHANCE = 0.04;
const READ_ONLY_CHANCE = 0.3;
const WAIT_CHANCE = 0.05;
const WAIT_MS_MAX = 1000;

export class Workload implements Errands {
  readonly #options: WorkloadOptions;
  #level: Level = "one";
  #isFlushing = false;
  #session = new Session();
  /** What this connection wrote and was acknowledged. */
  #written = new Written();
  #greeting: Step | undefined;
  #number = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  next(): Step {
    const greeting = this.#greeting;
    this.#greeting = undefined;
    if (greeting !== undefined) return greeting;
    return this.#isFlushing ? this.#drawFlushed() : this.#draw();
  }

  reconnected(): void {
    const { prng } = this.#options;
    this.#level = prng.pick(["one", "quorum"] as const);
    this.#isFlushing = prng.chance(FLUSHING_CHANCE);
    this.#session = new Session();
    this.#written = new Written();
    this.#greeting = this.#greet();
  }

  /** A majority has what is acknowledged to this connection, and is asked for what it reads. */
  get #isConfirmed(): boolean {
    return this.#options.confirming.includes(this.#level);
  }

  /** What is acknowledged to this connection must not be lost. */
  get #isKept(): boolean {
    return this.#options.kept.includes(this.#level);
  }

  get #hasSession(): boolean {
    return this.#options.sessions.includes(this.#level);
  }

  #greet(): Step {
    const { prng } = this.#options;
    const commands: Argument[][] = [
      ["SELECT", this.#isFlushing ? FLUSHED_DATABASE : DATABASE],
      ["TORUS", "CONSISTENCY", this.#level],
    ];
    if (!this.#isConfirmed && prng.chance(READ_ONLY_CHANCE)) commands.push(["READONLY"]);
    return this.#steps(commands, (replies) => {
      for (const reply of replies ?? []) if (textOf(reply) !== "OK") throw unexpected(reply, "OK");
    });
  }

  #draw(): Step {
    const { prng, ledger } = this.#options;
    if (prng.chance(WAIT_CHANCE)) return this.#wait();
    switch (prng.below(this.#isConfirmed ? 20 : 14)) {
      case 0:
      case 1:
      case 2:
        return this.#write(ledger.newLeaf(prng.pick(["key", "key", "field", "member"] as const)));
      case 3:
        return this.#withLeaf((leaf) => this.#remove(leaf));
      case 4:
        return this.#withLeaf((leaf) => this.#expire(leaf));
      case 5:
        return this.#withLeaf((leaf) => this.#read(leaf));
      case 6:
      case 7:
        return this.#add(prng.pick(ledger.tallies));
      case 8:
      case 9:
        return this.#readSum(prng.pick(ledger.tallies));
      case 10:
      case 11:
        return this.#grow(prng.pick(ledger.growing));
      case 12:
      case 13:
        return this.#readFields(prng.pick(ledger.growing));
      case 14:
        return this.#add(prng.pick(ledger.fieldTallies));
      case 15:
        return this.#count(prng.pick(ledger.counters));
      default:
        return this.#useRegister(prng.pick(ledger.registers));
    }
  }

  // ---- Written once ----

  #write(leaf: Leaf): Step {
    const { prng, nowMs } = this.#options;
    const ttlMs = leaf.place.kind === "key" && prng.chance(0.2) ? 1 + prng.below(TTL_MS_MAX) : undefined;
    if (ttlMs !== undefined) leaf.ending();
    const options = ttlMs === undefined ? [] : ["PX", ttlMs];
    return this.#step([...leaf.write, ...options], (reply) => {
      const outcome = this.#outcomeOf(reply, leaf.writtenReply);
      const endsMs = nowMs() + (ttlMs ?? 0);
      const settle = (settled: Outcome) => {
        leaf.written(settled);
        if (ttlMs !== undefined) leaf.ended(settled, this.#passesAt(endsMs));
      };
      settle(outcome);
      this.#note(reply, leaf, () => settle(KEPT));
    });
  }

  #remove(leaf: Leaf): Step {
    leaf.ending();
    return this.#step(leaf.remove, (reply) => this.#endedBy(leaf, reply, this.#options.nowMs()));
  }

  #expire(leaf: Leaf): Step {
    if (leaf.place.kind !== "key") return this.#remove(leaf);
    const ttlMs = 1 + this.#options.prng.below(TTL_MS_MAX);
    leaf.ending();
    return this.#step(["PEXPIRE", leaf.place.key, ttlMs], (reply) => {
      this.#endedBy(leaf, reply, this.#passesAt(this.#options.nowMs() + ttlMs));
    });
  }

  #endedBy(leaf: Leaf, reply: Reply | undefined, goneAtMs: number): void {
    const outcome = this.#outcomeOf(reply);
    if (textOf(reply ?? NOTHING) === "0") leaf.missed({ isConfirmed: this.#isConfirmed });
    else {
      leaf.ended(outcome, goneAtMs);
      this.#note(reply, undefined, () => leaf.ended(KEPT, goneAtMs));
    }
  }

  #read(leaf: Leaf): Step {
    const expectation = this.#isConfirmed ? leaf.expectation(this.#options.nowMs()) : "any";
    return this.#step(leaf.read, (reply) => {
      if (this.#isAnswer(reply)) leaf.shown(shownBy(reply), expectation);
    });
  }

  /** What is done with one of those that are there; if there are none, another one is written. */
  #withLeaf(act: (leaf: Leaf) => Step): Step {
    const { prng, ledger } = this.#options;
    const endable = ledger.leaves.filter(({ isEndable }) => isEndable);
    return endable.length === 0
      ? this.#write(ledger.newLeaf(prng.pick(["field", "member"] as const)))
      : act(prng.pick(endable));
  }

  #passesAt(atMs: number): number {
    const { ledger } = this.#options;
    ledger.deadlinesPassedAtMs = Math.max(ledger.deadlinesPassedAtMs, atMs);
    return atMs;
  }

  // ---- Only growing ----

  #add(tally: Tally): Step {
    const by = 1 + this.#options.prng.below(BY_MAX);
    return this.#step(tally.add(by), (reply) => {
      const { fate } = this.#outcomeOf(reply);
      tally.settle(by, fate);
      this.#note(reply, undefined, () => tally.promised(by));
      if (fate === "done" && tally.field === undefined) this.#session.wroteSum(tally.key, numberOf(reply!));
    });
  }

  #readSum(tally: Tally): Step {
    return this.#step(tally.read, (reply) => {
      if (this.#isAnswer(reply) && this.#hasSession)
        this.#session.sawSum(tally.key, Number(contentOf(reply) ?? 0));
    });
  }

  #grow(key: string): Step {
    const leaf = this.#options.ledger.newGrown(key);
    return this.#step(leaf.write, (reply) => {
      const outcome = this.#outcomeOf(reply, "1");
      leaf.written(outcome);
      this.#note(reply, leaf, () => leaf.written(KEPT));
      if (outcome.fate === "done") this.#session.wroteField(key, leaf.place.part);
    });
  }

  #readFields(key: string): Step {
    return this.#step(["HKEYS", key], (reply) => {
      if (this.#isAnswer(reply) && this.#hasSession) this.#session.sawFields(key, new Set(textsOf(reply)));
    });
  }

  // ---- Linearizable ----

  #useRegister(register: RegisterHistory): Step {
    const { prng, name } = this.#options;
    switch (prng.below(8)) {
      case 0:
        return this.#deleteRegister(register);
      case 1:
      case 2:
      case 3: {
        const value = `${name}.${++this.#number}`;
        const action: RegisterAction = { kind: "set", value };
        return this.#operate(register, ["SET", register.key, value], action, (reply) => {
          if (textOf(reply) !== "OK") throw unexpected(reply, "OK");
          return action;
        });
      }
      default:
        return this.#getRegister(register);
    }
  }

  #deleteRegister(register: RegisterHistory): Step {
    const unknown: RegisterAction = { kind: "delete", wasThere: undefined };
    return this.#operate(register, ["DEL", register.key], unknown, (reply) => ({
      kind: "delete",
      wasThere: numberOf(reply) === 1,
    }));
  }

  #getRegister(register: RegisterHistory): Step {
    const unknown: RegisterAction = { kind: "get", value: undefined };
    return this.#operate(register, ["GET", register.key], unknown, (reply) => ({
      kind: "get",
      value: contentOf(reply),
    }));
  }

  #count(counter: RegisterHistory): Step {
    const by = 1 + this.#options.prng.below(BY_MAX);
    if (this.#options.prng.chance(0.3)) return this.#getRegister(counter);
    const unknown: RegisterAction = { kind: "increment", by, reply: undefined };
    return this.#operate(counter, ["INCRBY", counter.key, by], unknown, (reply) => ({
      kind: "increment",
      by,
      reply: numberOf(reply),
    }));
  }

  #operate(
    history: RegisterHistory,
    args: readonly Argument[],
    unknown: RegisterAction,
    answered: (reply: Reply) => RegisterAction,
  ): Step {
    const call = history.call(unknown);
    return this.#step(args, (reply) => {
      const fate = fateOf(reply);
      if (fate === "refused") history.withdraw(call);
      if (fate === "done") history.returned(call, answered(reply!));
    });
  }

  // ---- Waited for ----

  /** `leaf` was written, if it is one; `kept` is to be called if a replica has the write: then no disk that is lost takes it away. */
  #note(reply: Reply | undefined, leaf: Leaf | undefined, kept: () => void): void {
    if (this.#isAnswer(reply)) this.#written.add(leaf, this.#isKept ? undefined : kept);
  }

  /** Asks how many replicas have all that this connection wrote. */
  #wait(): Step {
    const { prng, holdersOf } = this.#options;
    const [wanted, timeoutMs] = [1 + prng.below(3), 1 + prng.below(WAIT_MS_MAX)];
    return this.#step(["WAIT", wanted, timeoutMs], (reply) => {
      if (this.#isAnswer(reply)) this.#written.waited(numberOf(reply), holdersOf);
    });
  }

  // ---- Flushed now and then ----

  #drawFlushed(): Step {
    const { prng, ledger, name } = this.#options;
    const { flushed } = ledger;
    if (prng.chance(FLUSH_CHANCE)) {
      const flush = flushed.flush();
      return this.#step(["FLUSHDB"], (reply) => {
        const outcome = this.#outcomeOf(reply, "OK");
        // Some nodes may have done their part before another refused.
        flushed.settle(flush, outcome.fate === "refused" ? IN_DOUBT : outcome);
      });
    }
    const key = `flushed:${name}:${++this.#number}`;
    const write = flushed.write(key);
    return this.#step(["SET", key, key], (reply) => flushed.settle(write, this.#outcomeOf(reply, "OK")));
  }

  // ---- Steps and replies ----

  #step(args: readonly Argument[], settle: (reply: Reply | undefined) => void): Step {
    return this.#steps([args], (replies) => settle(replies?.[0]));
  }

  #steps(
    commands: readonly (readonly Argument[])[],
    settle: (replies: readonly Reply[] | undefined) => void,
  ): Step {
    return {
      text: `${commands.map((args) => args.join(" ")).join("; ")} (${this.#level})`,
      request: Buffer.concat(commands.map((args) => encodeCommand([...args]))),
      count: commands.length,
      settle: (replies, mayFail) => {
        if (!mayFail) expectNoError(replies);
        settle(replies);
      },
    };
  }

  /** What a reply to a write promises. */
  #outcomeOf(reply: Reply | undefined, expected?: string): Outcome {
    const fate = fateOf(reply);
    if (fate !== "done") return { fate, isConfirmed: false };
    if (expected !== undefined && textOf(reply!) !== expected) throw unexpected(reply!, expected);
    return { fate: this.#isKept ? "done" : "doubtful", isConfirmed: this.#isConfirmed };
  }

  #isAnswer(reply: Reply | undefined): reply is Reply {
    return reply !== undefined && fateOf(reply) === "done";
  }
}

/** In the end it has to be there, or to have happened. */
const KEPT: Outcome = { fate: "done", isConfirmed: false };
const NOTHING: Reply = { kind: "nil" };
const IN_DOUBT: Outcome = { fate: "doubtful", isConfirmed: false };

function fateOf(reply: Reply | undefined): Fate {
  if (reply === undefined) return "doubtful";
  if (reply.kind !== "error") return "done";
  const code = reply.text.split(" ", 1)[0]!;
  if (DOUBTS.includes(code)) return "doubtful";
  if (REFUSALS.includes(code)) return "refused";
  throw unexpected(reply);
}

function textsOf(reply: Reply): readonly string[] {
  if (reply.kind !== "array") throw unexpected(reply);
  return reply.items.map((item) => contentOf(item)!);
}

function expectNoError(replies: readonly Reply[] | undefined): void {
  if (replies === undefined) throw new Violation("a connection ended, though nothing fails");
  for (const reply of replies) if (reply.kind === "error") throw unexpected(reply);
}
