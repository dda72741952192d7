/** All keys of a run, with what clients were told of them, and the judgement of what is there in the end. */
import { RegisterHistory } from "../../support/register-history.js";
import { Violation } from "../cluster/violation.js";
import { FlushedKeys } from "./flushed-keys.js";
import type { KindOfRun } from "./kinds.js";
import { type Clocks, Leaf, type LeafKind } from "./leaf.js";
import { Tally } from "./tally.js";

const REGISTERS = 4;
const COUNTERS = 2;
const TALLIES = 4;
const FIELD_TALLIES = 2;
const GROWING = 2;
/** Hashes in which fields are written once. */
const HASHES = 3;
/** Sets in which members are: one of words, the others of integers. */
const SETS = 3;

/** The database of all keys but those that are flushed. */
export const DATABASE = 0;
export const FLUSHED_DATABASE = 1;

export class Ledger {
  /** Written and read at a quorum only: each of them is linearizable. */
  readonly registers: readonly RegisterHistory[];
  /** The same for numbers that are added to, where nobody is deposed. */
  readonly counters: readonly RegisterHistory[];
  /** Added to at any level. */
  readonly tallies: readonly Tally[];
  /** Fields that are added to at a quorum only. */
  readonly fieldTallies: readonly Tally[];
  readonly leaves: Leaf[] = [];
  /** Hashes that only get fields. */
  readonly growing: readonly string[];
  /** Fields of those. */
  readonly grown: Leaf[] = [];
  readonly flushed: FlushedKeys;
  /** From when on every deadline has passed, in the world's time. */
  deadlinesPassedAtMs = 0;
  readonly #clocks: Clocks;
  #events = 0;

  constructor(private readonly kind: KindOfRun) {
    this.#clocks = { apartMs: kind.clocksApartMs };
    const clock = () => ++this.#events;
    this.registers = named("register", REGISTERS).map((key) => new RegisterHistory(key, clock));
    this.counters = named("counter", COUNTERS).map((key) => new RegisterHistory(key, clock));
    this.tallies = named("tally", TALLIES).map((key) => new Tally(key));
    this.fieldTallies = named("hash", FIELD_TALLIES).map((key) => new Tally(key, "sum"));
    this.growing = named("growing", GROWING);
    this.flushed = new FlushedKeys(clock);
  }

  /** A key, a field of one of the hashes, or a member of one of the sets, that nobody has written. */
  newLeaf(kind: LeafKind): Leaf {
    const leaf = new Leaf({ kind, ...placeOf(kind, this.leaves.length) }, this.#clocks);
    this.leaves.push(leaf);
    return leaf;
  }

  newGrown(key: string): Leaf {
    const leaf = new Leaf({ kind: "field", key, part: `field ${this.grown.length}` }, this.#clocks);
    this.grown.push(leaf);
    return leaf;
  }

  /** What has to be read, in `DATABASE`, for `judge`. */
  get questions(): readonly (readonly string[])[] {
    const keys = [...this.registers, ...this.counters].map(({ key }) => ["GET", key]);
    return [...keys, ...this.#tallied.map(({ read }) => read), ...this.#leaves.map(({ read }) => read)];
  }

  /** `answers` are those to the questions; `flushed` are the keys in the flushed database. Throws a `Violation`. */
  judge(answers: readonly (string | undefined)[], flushed: ReadonlySet<string>, nowMs: number): void {
    const rest = [...answers];
    const next = () => rest.shift();
    for (const history of [...this.registers, ...this.counters]) {
      const read = history.call({ kind: "get", value: undefined });
      history.returned(read, { kind: "get", value: next() });
    }
    for (const tally of this.#tallied) {
      const addsUp = tally.field === undefined || !this.kind.mayBeDeposed;
      tally.judge(Number(next() ?? 0), { addsUp });
    }
    for (const leaf of this.#leaves) leaf.judge(next(), nowMs);
    this.flushed.judge(flushed);
  }

  /** Throws a `Violation` if what was told of a register or counter cannot be. */
  judgeHistories(): void {
    if (!this.kind.isLinearizable) return;
    for (const history of [...this.registers, ...this.counters]) {
      const anomaly = history.anomaly();
      if (anomaly !== undefined) throw new Violation(anomaly, history.key);
    }
  }

  get #tallied(): readonly Tally[] {
    return [...this.tallies, ...this.fieldTallies];
  }

  get #leaves(): readonly Leaf[] {
    return [...this.leaves, ...this.grown];
  }
}

function placeOf(kind: LeafKind, number: number): { key: string; part: string } {
  switch (kind) {
    case "key":
      return { key: `leaf:${number}`, part: "" };
    case "field":
      return { key: `hash:${number % HASHES}`, part: `field ${number}` };
    case "member": {
      const set = number % SETS;
      return { key: `set:${set}`, part: set === 0 ? `member ${number}` : String(number) };
    }
  }
}

function named(what: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `${what}:${i}`);
}
