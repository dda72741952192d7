/**
 * What one client of a cluster asks for, drawn at random, and what it knows of the answers. Keys are drawn so that any node may
 * have to execute them, and values tell which write they are of.
 */
import type { Prng } from "#torus/base/prng.js";
import { type Reply, textOf } from "../../support/reply.js";
import { type Argument, encodeCommand } from "../../support/request.js";
import type { Counter } from "./counter.js";
import { Diary } from "./diary.js";
import { type Fate, Register } from "./register.js";
import { Violation } from "./violation.js";

/** One or more commands that are sent together, and who wants to hear of their replies. */
export interface Step {
  readonly text: string;
  readonly request: Buffer;
  /** How many replies there will be. */
  readonly count: number;
  /**
   * The connection ended before the last of the replies if `replies` is undefined. `mayFail`: replies may be errors. Throws a
   * `Violation`.
   */
  readonly settle: (replies: readonly Reply[] | undefined, mayFail: boolean) => void;
}

/** Keys that all clients of a run share. */
export interface SharedKeys {
  readonly registers: Register[];
  readonly diaries: Diary[];
  readonly counters: readonly Counter[];
  /** They are only incremented by who watched them. */
  readonly watched: readonly Counter[];
  /** Keys that nobody changes, all with the same beginning; they hold their own names. */
  readonly stable: readonly string[];
}

export interface ScriptOptions {
  readonly name: string;
  readonly prng: Prng;
  readonly shared: SharedKeys;
  /** All keys are in this one. */
  readonly database: number;
  /** Commands have one key each: they can be on their way side by side. */
  readonly isPlain: boolean;
}

const REGISTERS = 8;
const PAIRS = 3;
const DIARIES = 2;
const LONG_VALUE = 3000;
/** What a command may fail with that was surely not executed. */
const REFUSALS = ["TRYAGAIN", "CLUSTERDOWN", "LOADING", "EXECABORT"];

export class Script {
  readonly #name: string;
  readonly #prng: Prng;
  readonly #shared: SharedKeys;
  readonly #database: number;
  readonly #isPlain: boolean;
  /** Of the step that is being settled: whether replies may be errors. */
  #mayFail = true;
  readonly #own: readonly Register[];
  readonly #pairs: readonly Register[];
  readonly #diaries: readonly Diary[];
  #number = 0;
  /** A transaction that watches is under way, which another one would end. */
  #isWatching = false;
  /** What is to be sent before anything else. */
  #next: Step | undefined;

  constructor({ name, prng, shared, database, isPlain }: ScriptOptions) {
    this.#name = name;
    this.#prng = prng;
    this.#shared = shared;
    this.#database = database;
    this.#isPlain = isPlain;
    this.#own = Array.from({ length: REGISTERS }, (_, i) => new Register(`${name}:${i}`));
    this.#pairs = Array.from({ length: PAIRS }, (_, i) => new Register(`{${name}:pair${i}}`));
    this.#diaries = Array.from({ length: DIARIES }, (_, i) => new Diary(`${name}:diary${i}`));
    shared.registers.push(...this.#own);
    shared.diaries.push(...this.#diaries);
  }

  /** What is in a pair of keys is asked for by whoever judges in the end. */
  get pairs(): readonly Register[] {
    return this.#pairs;
  }

  next(): Step {
    const planned = this.#next;
    this.#next = undefined;
    return planned ?? this.#draw();
  }

  /** The connection is another one: it watches nothing, and knows neither database nor protocol. */
  reconnected(): void {
    this.#isWatching = false;
    this.#next = this.#greet();
  }

  #draw(): Step {
    const { registers, diaries, counters } = this.#shared;
    const prng = this.#prng;
    // Those of one key first: of them many are on their way at once.
    switch (prng.below(this.#isPlain ? 9 : 16)) {
      case 0:
      case 1:
        return this.#set(prng.pick(this.#own));
      case 2:
        return this.#get(prng.pick(this.#own), true);
      case 3:
        return this.#get(prng.pick(registers), false);
      case 4:
      case 5:
        return this.#increment(prng.pick(counters));
      case 6:
      case 7:
        return this.#append(prng.pick(this.#diaries));
      case 8:
        return this.#read(prng.pick(diaries));
      case 9:
        return this.#getMany();
      case 10:
        return this.#setMany();
      case 11:
        return this.#deleteMany();
      case 12:
      case 13:
        return this.#isWatching ? this.#echo() : this.#setPair(prng.pick(this.#pairs));
      case 14:
        return this.#getPair(prng.pick(this.#pairs));
      default:
        return this.#isWatching ? this.#echo() : this.#watch(prng.pick(this.#shared.watched));
    }
  }

  #greet(): Step {
    const hello = this.#prng.chance(0.5) ? [["HELLO", 3]] : [];
    return this.#steps([["SELECT", this.#database], ...hello], (replies) => {
      if (replies !== undefined) expectText(replies[0]!, "OK");
    });
  }

  #set(register: Register): Step {
    const value = this.#newValue(register);
    const write = register.write(value);
    return this.#step(["SET", register.key, value], (reply) => {
      register.settle(write, this.#fateOf(reply, "OK"));
    });
  }

  /** Of its own registers a client sees all that it wrote before, answered or not. */
  #get(register: Register, isOwn: boolean): Step {
    const { floor, last } = register;
    return this.#step(["GET", register.key], (reply) => {
      if (reply === undefined || this.#isRefused(reply)) return;
      register.shown(contentOf(reply), Math.max(floor, isOwn ? register.doneUpTo(last) : 0));
    });
  }

  #getMany(): Step {
    const registers = this.#some(this.#shared.registers);
    const floors = registers.map(({ floor }) => floor);
    return this.#step(["MGET", ...registers.map(({ key }) => key)], (reply) => {
      if (reply === undefined || this.#isRefused(reply)) return;
      const values = itemsOf(reply, registers.length).map(contentOf);
      for (const [i, register] of registers.entries()) register.shown(values[i], floors[i]!);
    });
  }

  #setMany(): Step {
    const writes = this.#some(this.#own).map((register) => {
      const value = this.#newValue(register);
      return { register, value, write: register.write(value) };
    });
    return this.#step(
      ["MSET", ...writes.flatMap(({ register, value }) => [register.key, value])],
      (reply) => {
        const fate = partsOf(this.#fateOf(reply, "OK"));
        for (const { register, write } of writes) register.settle(write, fate);
      },
    );
  }

  #deleteMany(): Step {
    const registers = this.#some(this.#own);
    const writes = registers.map((register) => register.write(undefined));
    const name = this.#prng.pick(["DEL", "UNLINK"]);
    return this.#step([name, ...registers.map(({ key }) => key)], (reply) => {
      const fate = this.#fateOf(reply);
      if (fate === "done" && !(Number(textOf(reply!)) <= registers.length)) throw unexpected(reply!);
      for (const [i, register] of registers.entries()) {
        register.settle(writes[i]!, registers.length > 1 ? partsOf(fate) : fate);
      }
    });
  }

  #increment(counter: Counter): Step {
    const { floor } = counter;
    counter.send();
    return this.#step(["INCR", counter.key], (reply) => this.#incremented(counter, floor, reply));
  }

  #incremented(counter: Counter, floor: number, reply: Reply | undefined): void {
    const fate = this.#fateOf(reply);
    if (fate === "doubtful") counter.doubt();
    if (fate === "done") counter.acknowledge(numberOf(reply!), floor);
  }

  #append(diary: Diary): Step {
    const { entry, text } = diary.next();
    return this.#step(["APPEND", diary.key, text], (reply) => {
      const fate = this.#fateOf(reply);
      diary.settle(entry, fate, fate === "done" ? numberOf(reply!) : undefined);
    });
  }

  #read(diary: Diary): Step {
    const { acknowledged } = diary;
    return this.#step(["GET", diary.key], (reply) => {
      if (reply === undefined || this.#isRefused(reply)) return;
      diary.shown(contentOf(reply) ?? "", acknowledged);
    });
  }

  /** Two keys of one slot, in one transaction. */
  #setPair(pair: Register): Step {
    const value = this.#newValue(pair);
    const write = pair.write(value);
    const commands = [["MULTI"], ...keysOf(pair).map((key) => ["SET", key, value]), ["EXEC"]];
    return this.#steps(commands, (replies) => {
      const last = replies?.at(-1);
      const fate = this.#fateOf(last);
      pair.settle(write, fate);
      if (fate === "done") for (const item of itemsOf(last!, 2)) expectText(item, "OK");
    });
  }

  /** They are never seen apart. Nobody else asks for them. */
  #getPair(pair: Register): Step {
    const { floor, last } = pair;
    return this.#step(["MGET", ...keysOf(pair)], (reply) => {
      if (reply === undefined || this.#isRefused(reply)) return;
      judgePair(pair, reply, Math.max(floor, pair.doneUpTo(last)));
    });
  }

  /** Reads a counter, and writes it back if nobody else has meanwhile. */
  #watch(counter: Counter): Step {
    this.#isWatching = true;
    const commands = [
      ["WATCH", counter.key],
      ["GET", counter.key],
    ];
    return this.#steps(commands, (replies) => {
      if (replies === undefined) return;
      const isRefused = replies.filter((reply) => this.#isRefused(reply)).length > 0;
      this.#next = isRefused
        ? this.#unwatch()
        : this.#writeBack(counter, Number(contentOf(replies[1]!) ?? 0) + 1);
    });
  }

  #unwatch(): Step {
    return this.#step(["UNWATCH"], (reply) => {
      this.#isWatching = false;
      if (reply !== undefined) expectText(reply, "OK");
    });
  }

  #writeBack(counter: Counter, value: number): Step {
    const { floor } = counter;
    counter.send();
    const commands = [["MULTI"], ["SET", counter.key, value], ["EXEC"]];
    return this.#steps(commands, (replies) => {
      this.#isWatching = false;
      const last = replies?.at(-1);
      const fate = this.#fateOf(last);
      if (fate === "doubtful") counter.doubt();
      const isLost = last !== undefined && isNil(last);
      if (fate === "done" && !isLost) {
        expectText(itemsOf(last!, 1)[0]!, "OK");
        counter.acknowledge(value, floor);
      }
    });
  }

  /** A command that the node executes by itself, between others: it must not overtake them. */
  #echo(): Step {
    const text = `${this.#name}-${this.#number++}`;
    return this.#step(["ECHO", text], (reply) => {
      if (reply !== undefined) expectText(reply, text);
    });
  }

  #newValue({ key }: Register): string {
    const value = `${key}=${++this.#number}`;
    return this.#prng.chance(0.05) ? value.padEnd(this.#prng.below(LONG_VALUE), ".") : value;
  }

  #some(registers: readonly Register[]): Register[] {
    const count = 1 + this.#prng.below(6);
    return [...new Set(Array.from({ length: count }, () => this.#prng.pick(registers)))];
  }

  #step(args: readonly Argument[], settle: (reply: Reply | undefined) => void): Step {
    return this.#steps([args], (replies) => settle(replies?.[0]));
  }

  #steps(
    commands: readonly (readonly Argument[])[],
    settle: (replies: readonly Reply[] | undefined) => void,
  ): Step {
    return {
      text: commands.map((args) => args.map((arg) => String(arg).slice(0, 40)).join(" ")).join("; "),
      request: Buffer.concat(commands.map((args) => encodeCommand([...args]))),
      count: commands.length,
      settle: (replies, mayFail) => {
        this.#mayFail = mayFail;
        settle(replies);
      },
    };
  }

  /** What a reply to a write says; it must be `expected` if that is given and it is no error. */
  #fateOf(reply: Reply | undefined, expected?: string): Fate {
    if (reply === undefined) return "doubtful";
    if (reply.kind === "error" && reply.text.startsWith("INDOUBT ") && this.#mayFail) return "doubtful";
    if (this.#isRefused(reply)) return "refused";
    if (expected !== undefined) expectText(reply, expected);
    return "done";
  }

  #isRefused(reply: Reply): boolean {
    if (reply.kind !== "error") return false;
    const code = reply.text.split(" ", 1)[0]!;
    if (!REFUSALS.includes(code) || !this.#mayFail) throw unexpected(reply);
    return true;
  }
}

/** Both keys hold the same, and it is what may be there. */
export function judgePair(pair: Register, reply: Reply, floor: number): void {
  const [one, other] = itemsOf(reply, 2).map(contentOf);
  if (one !== other) throw new Violation(`a transaction was torn: ${one} and ${other}`, pair.key);
  pair.shown(one, floor);
}

/** The keys of a pair, of one slot. */
export function keysOf({ key }: Register): readonly [string, string] {
  return [`${key}a`, `${key}b`];
}

/** The text of a reply, or undefined for no value. */
export function contentOf(reply: Reply): string | undefined {
  if (isNil(reply)) return undefined;
  if (reply.kind !== "bulk") throw unexpected(reply);
  return textOf(reply);
}

/** The texts of an array of them. */
export function textsOf(reply: Reply): readonly string[] {
  if (reply.kind !== "array") throw unexpected(reply);
  return reply.items.map((item) => contentOf(item)!);
}

export function itemsOf(reply: Reply, count: number): readonly Reply[] {
  if (reply.kind !== "array" || reply.items.length !== count) throw unexpected(reply);
  return reply.items;
}

export function numberOf(reply: Reply): number {
  if (reply.kind !== "integer") throw unexpected(reply);
  return Number(reply.value);
}

/** Of a command on several keys some parts may be executed if one is refused. */
function partsOf(fate: Fate): Fate {
  return fate === "refused" ? "doubtful" : fate;
}

function isNil({ kind }: Reply): boolean {
  return kind === "nil" || kind === "null" || kind === "nil-array";
}

function expectText(reply: Reply, text: string): void {
  if (textOf(reply) !== text) throw unexpected(reply, text);
}

export function unexpected(reply: Reply, expected?: string): Violation {
  const said = textOf(reply) ?? reply.kind;
  return new Violation(`a reply that cannot be: ${said}${expected === undefined ? "" : `, not ${expected}`}`);
}
