/**
 * What one client of a replicated cluster asks for, drawn at random: texts, numbers, hashes, sets, sorted sets, lists, deadlines, deletions and flushes. Each of
 * its connections has a level, and one of the two databases.
 *
 * Long because everything that is asked for shares what the connection was promised.
 */
import type { Prng } from "#torus/base/prng.js";
import type { RegisterAction, RegisterHistory } from "../../support/register-history.js";
import { type Reply, textOf } from "../../support/reply.js";
import type { Argument } from "../../support/request.js";
import type { Errands } from "../cluster/client.js";
import { contentOf, numberOf, type Step, textsOf, unexpected } from "../cluster/script.js";
import { Connection, fateOf, IN_DOUBT, KEPT, type Levels } from "./connection.js";
import { type Leaf, type Outcome, shownBy } from "./leaf.js";
import { DATABASE, FLUSHED_DATABASE, type Ledger } from "./ledger.js";
import { ListErrands } from "./list-errands.js";
import type { ScoredQueue } from "./scored-queue.js";
import { SetErrands } from "./set-errands.js";
import { StreamErrands } from "./stream-errands.js";
import type { Tally } from "./tally.js";

export interface WorkloadOptions extends Levels {
  readonly name: string;
  readonly prng: Prng;
  readonly ledger: Ledger;
  readonly nowMs: () => number;
  /** How many nodes hold what was written once; undefined where nodes may have lost it, or are not there to be looked at. */
  readonly holdersOf: ((leaf: Leaf) => number) | undefined;
}

const PARTS = ["field", "member", "scored", "head", "tail", "entry"] as const;
const LEAVES = ["key", "key", "key", ...PARTS] as const;
const TTL_MS_MAX = 3000;
const BY_MAX = 5;
const FLUSHING_CHANCE = 0.15;
const FLUSH_CHANCE = 0.04;
const READ_ONLY_CHANCE = 0.3;
const WAIT_CHANCE = 0.05;
/** Of what is done to lists in which elements are not written once. */
const LIST_CHANCE = 0.15;
/** Of what is done to sorted sets from which members are popped. */
const SCORED_QUEUE_CHANCE = 0.08;
/** Of what is done to sets and sorted sets in which members are not written once, or move. */
const SET_CHANCE = 0.15;
/** The same of streams, and of groups of any stream. */
const STREAM_CHANCE = 0.12;
const WAIT_MS_MAX = 1000;

export class Workload implements Errands {
  readonly #options: WorkloadOptions;
  #isFlushing = false;
  #connection: Connection;
  readonly #lists: ListErrands;
  readonly #sets: SetErrands;
  readonly #streams: StreamErrands;
  #greeting: Step | undefined;
  #number = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#connection = new Connection("one", options);
    this.#lists = new ListErrands(options);
    this.#sets = new SetErrands(options);
    this.#streams = new StreamErrands(options);
  }

  next(): Step {
    const greeting = this.#greeting;
    this.#greeting = undefined;
    if (greeting !== undefined) return greeting;
    return this.#isFlushing ? this.#drawFlushed() : this.#draw();
  }

  reconnected(): void {
    const { prng } = this.#options;
    this.#connection = new Connection(prng.pick(["one", "quorum"] as const), this.#options);
    this.#isFlushing = prng.chance(FLUSHING_CHANCE);
    this.#greeting = this.#greet();
  }

  #greet(): Step {
    const { prng } = this.#options;
    const commands: Argument[][] = [
      ["SELECT", this.#isFlushing ? FLUSHED_DATABASE : DATABASE],
      ["TORUS", "CONSISTENCY", this.#connection.level],
    ];
    if (!this.#connection.isConfirmed && prng.chance(READ_ONLY_CHANCE)) commands.push(["READONLY"]);
    return this.#connection.steps(commands, (replies) => {
      for (const reply of replies ?? []) if (textOf(reply) !== "OK") throw unexpected(reply, "OK");
    });
  }

  #draw(): Step {
    const { prng, ledger } = this.#options;
    if (prng.chance(WAIT_CHANCE)) return this.#wait();
    if (prng.chance(LIST_CHANCE)) return this.#lists.draw(this.#connection);
    if (prng.chance(SCORED_QUEUE_CHANCE)) return this.#useQueue(prng.pick(ledger.scoredQueues));
    if (prng.chance(SET_CHANCE)) return this.#sets.draw(this.#connection);
    if (prng.chance(STREAM_CHANCE)) return this.#streams.draw(this.#connection);
    switch (prng.below(this.#connection.isConfirmed ? 20 : 14)) {
      case 0:
      case 1:
      case 2:
        return this.#write(ledger.newLeaf(prng.pick(LEAVES)));
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

  /** `isWatched`: nobody takes it away unless its end was asked for. */
  #write(leaf: Leaf, isWatched = true): Step {
    const { prng, ledger, nowMs } = this.#options;
    const ttlMs = leaf.place.kind === "key" && prng.chance(0.2) ? 1 + prng.below(TTL_MS_MAX) : undefined;
    if (ttlMs !== undefined) leaf.ending();
    const push = ledger.pushOf(leaf);
    const options = ttlMs === undefined ? [] : ["PX", ttlMs];
    return this.#connection.step([...leaf.write, ...options], (reply) => {
      const outcome = this.#connection.outcomeOf(reply, leaf.writtenReply);
      leaf.replied(reply);
      const endsMs = nowMs() + (ttlMs ?? 0);
      const settle = (settled: Outcome) => {
        leaf.written(settled);
        push?.settled(settled);
        if (ttlMs !== undefined) leaf.ended(settled, this.#passesAt(endsMs));
      };
      settle(outcome);
      this.#connection.note(reply, isWatched ? leaf : undefined, () => settle(KEPT));
    });
  }

  #remove(leaf: Leaf): Step {
    leaf.ending();
    return this.#connection.step(leaf.remove, (reply) => this.#endedBy(leaf, reply, this.#options.nowMs()));
  }

  #expire(leaf: Leaf): Step {
    if (leaf.place.kind !== "key") return this.#remove(leaf);
    const ttlMs = 1 + this.#options.prng.below(TTL_MS_MAX);
    leaf.ending();
    return this.#connection.step(["PEXPIRE", leaf.place.key, ttlMs], (reply) => {
      this.#endedBy(leaf, reply, this.#passesAt(this.#options.nowMs() + ttlMs));
    });
  }

  #endedBy(leaf: Leaf, reply: Reply | undefined, goneAtMs: number): void {
    const outcome = this.#connection.outcomeOf(reply);
    if (textOf(reply ?? NOTHING) === "0") leaf.missed({ isConfirmed: this.#connection.isConfirmed });
    else {
      leaf.ended(outcome, goneAtMs);
      this.#connection.note(reply, undefined, () => leaf.ended(KEPT, goneAtMs));
    }
  }

  #read(leaf: Leaf): Step {
    const expectation = this.#connection.isConfirmed ? leaf.expectation(this.#options.nowMs()) : "any";
    return this.#connection.step(leaf.read, (reply) => {
      if (this.#connection.isAnswer(reply)) leaf.shown(shownBy(reply), expectation);
    });
  }

  /** What is done with one of those that are there; if there are none, another one is written. */
  #withLeaf(act: (leaf: Leaf) => Step): Step {
    const { prng, ledger } = this.#options;
    const endable = ledger.leaves.filter(({ isEndable }) => isEndable);
    return endable.length === 0 ? this.#write(ledger.newLeaf(prng.pick(PARTS))) : act(prng.pick(endable));
  }

  // ---- Popped ----

  /** Adds a member to a sorted set, or takes the one with the lowest score. */
  #useQueue(queue: ScoredQueue): Step {
    return this.#options.prng.chance(0.6) ? this.#write(queue.newLeaf(), false) : this.#pop(queue);
  }

  #pop(queue: ScoredQueue): Step {
    const connection = this.#connection;
    return connection.step(["ZPOPMIN", queue.key], (reply) => {
      const outcome = connection.outcomeOf(reply);
      if (!connection.isAnswer(reply)) {
        if (outcome.fate === "doubtful") queue.popsInDoubt++;
        return;
      }
      const [member] = textsOf(reply);
      if (member === undefined) return;
      const goneAtMs = this.#options.nowMs();
      const leaf = queue.leafOf(member);
      leaf.shown(leaf.value, "any");
      leaf.ended(outcome, goneAtMs);
      connection.note(reply, undefined, () => leaf.ended(KEPT, goneAtMs));
    });
  }

  #passesAt(atMs: number): number {
    this.#options.ledger.deadlineAt(atMs);
    return atMs;
  }

  // ---- Only growing ----

  #add(tally: Tally): Step {
    const by = 1 + this.#options.prng.below(BY_MAX);
    return this.#connection.step(tally.add(by), (reply) => {
      const { fate } = this.#connection.outcomeOf(reply);
      tally.settle(by, fate);
      this.#connection.note(reply, undefined, () => tally.promised(by));
      if (fate === "done" && tally.field === undefined)
        this.#connection.session.wroteSum(tally.key, numberOf(reply!));
    });
  }

  #readSum(tally: Tally): Step {
    return this.#connection.step(tally.read, (reply) => {
      if (this.#connection.isAnswer(reply) && this.#connection.hasSession)
        this.#connection.session.sawSum(tally.key, Number(contentOf(reply) ?? 0));
    });
  }

  #grow(key: string): Step {
    const leaf = this.#options.ledger.newGrown(key);
    return this.#connection.step(leaf.write, (reply) => {
      const outcome = this.#connection.outcomeOf(reply, "1");
      leaf.written(outcome);
      this.#connection.note(reply, leaf, () => leaf.written(KEPT));
      if (outcome.fate === "done") this.#connection.session.wroteField(key, leaf.place.part);
    });
  }

  #readFields(key: string): Step {
    return this.#connection.step(["HKEYS", key], (reply) => {
      if (this.#connection.isAnswer(reply) && this.#connection.hasSession)
        this.#connection.session.sawFields(key, new Set(textsOf(reply)));
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
    return this.#connection.step(args, (reply) => {
      const fate = fateOf(reply);
      if (fate === "refused") history.withdraw(call);
      if (fate === "done") history.returned(call, answered(reply!));
    });
  }

  // ---- Waited for ----

  /** Asks how many replicas have all that this connection wrote. */
  #wait(): Step {
    const { prng, holdersOf } = this.#options;
    const [wanted, timeoutMs] = [1 + prng.below(3), 1 + prng.below(WAIT_MS_MAX)];
    return this.#connection.step(["WAIT", wanted, timeoutMs], (reply) => {
      this.#connection.waited(reply, holdersOf);
    });
  }

  // ---- Flushed now and then ----

  #drawFlushed(): Step {
    const { prng, ledger, name } = this.#options;
    const { flushed } = ledger;
    if (prng.chance(FLUSH_CHANCE)) {
      const flush = flushed.flush();
      return this.#connection.step(["FLUSHDB"], (reply) => {
        const outcome = this.#connection.outcomeOf(reply, "OK");
        // Some nodes may have done their part before another refused.
        flushed.settle(flush, outcome.fate === "refused" ? IN_DOUBT : outcome);
      });
    }
    const key = `flushed:${name}:${++this.#number}`;
    const write = flushed.write(key);
    return this.#connection.step(["SET", key, key], (reply) =>
      flushed.settle(write, this.#connection.outcomeOf(reply, "OK")),
    );
  }
}

const NOTHING: Reply = { kind: "nil" };
