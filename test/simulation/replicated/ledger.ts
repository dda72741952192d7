/** All keys of a run, with what clients were told of them, and the judgement of what is there in the end. */
import { RegisterHistory } from "../../support/register-history.js";
import { Violation } from "../cluster/violation.js";
import { FlushedKeys } from "./flushed-keys.js";
import type { KindOfRun } from "./kinds.js";
import { type Clocks, isElement, Leaf, type LeafKind } from "./leaf.js";
import { MovedMembers } from "./moved-members.js";
import { type Push, PushedList } from "./pushed-list.js";
import { Queue } from "./queue.js";
import { ScoredQueue } from "./scored-queue.js";
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
/** Sorted sets in which members are. */
const SORTED_SETS = 2;
/** Lists in which elements are. */
const LISTS = 2;
/** Lists to which elements are pushed, and sets and sorted sets to which members are added, and from which they are popped; pairs of sets between which they move. */
const QUEUES = 2;
/** Streams in which entries are, and those to which anything is done. */
const STREAMS = 2;
/** Lists, sets and sorted sets to which anything is done. */
const SCRATCH = 3;

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
  /** Fields and scores that are added to at a quorum only. */
  readonly fieldTallies: readonly Tally[];
  readonly leaves: Leaf[] = [];
  /** Sorted sets whose members are popped. */
  readonly scoredQueues: readonly ScoredQueue[];
  /** Hashes that only get fields. */
  readonly growing: readonly string[];
  /** Fields of those. */
  readonly grown: Leaf[] = [];
  /** Lists of leaves. */
  readonly lists: readonly PushedList[];
  readonly queues: readonly Queue[];
  /** Lists of one slot of which is only wanted that all nodes have the same. */
  readonly scratch: readonly string[];
  /** Sets whose members are popped, and those whose members move. */
  readonly poppedSets: readonly Queue[];
  readonly movedMembers: readonly MovedMembers[];
  /** Sets and sorted sets, each of one slot, of which is only wanted that all nodes have the same. */
  readonly scratchSets: readonly string[];
  readonly scratchSortedSets: readonly string[];
  /** Streams of leaves, and others. */
  readonly streams: readonly string[];
  readonly scratchStreams: readonly string[];
  readonly flushed: FlushedKeys;
  #deadlinesPassedAtMs = 0;
  readonly #clocks: Clocks;
  #events = 0;
  /** The lists as the first node that was asked had them in the end. */
  #listed: readonly (readonly string[])[] | undefined;

  constructor(private readonly kind: KindOfRun) {
    this.#clocks = { apartMs: kind.clocksApartMs };
    const clock = () => ++this.#events;
    this.registers = named("register", REGISTERS).map((key) => new RegisterHistory(key, clock));
    this.counters = named("counter", COUNTERS).map((key) => new RegisterHistory(key, clock));
    this.tallies = named("tally", TALLIES).map((key) => new Tally(key));
    this.fieldTallies = [
      ...named("hash", FIELD_TALLIES).map((key) => new Tally(key, "sum")),
      ...named("zset", FIELD_TALLIES).map((key) => new Tally(key, "sum", true)),
    ];
    this.scoredQueues = named("scored queue", QUEUES).map((key) => new ScoredQueue(key, this.#clocks));
    this.growing = named("growing", GROWING);
    this.lists = named("list", LISTS).map((key) => new PushedList(key, clock, kind.isLinearizable));
    this.queues = named("queue", QUEUES).map((key) => new Queue(key, kind.isLinearizable));
    this.scratch = named("{scratch}", SCRATCH);
    this.poppedSets = named("popped set", QUEUES).map((key) => new Queue(key, kind.isLinearizable));
    this.movedMembers = named("moved", QUEUES).map((key) => new MovedMembers(key));
    this.scratchSets = named("{scratch set}", SCRATCH);
    this.scratchSortedSets = named("{scratch zset}", SCRATCH);
    this.streams = named("stream", STREAMS);
    this.scratchStreams = named("scratch stream", STREAMS);
    this.flushed = new FlushedKeys(clock);
  }

  /** A key, a field of one of the hashes, a member of one of the sets, or an element of one of the lists, that nobody has written. */
  newLeaf(kind: LeafKind): Leaf {
    const leaf = new Leaf({ kind, ...placeOf(kind, this.leaves.length) }, this.#clocks);
    this.leaves.push(leaf);
    return leaf;
  }

  /** Notes that a leaf is about to be pushed, if it is an element of a list. */
  pushOf({ place: { kind, key, part } }: Leaf): Push | undefined {
    if (!isElement(kind)) return undefined;
    return this.lists.find((list) => list.key === key)!.push(kind, part);
  }

  newGrown(key: string): Leaf {
    const leaf = new Leaf({ kind: "field", key, part: `field ${this.grown.length}` }, this.#clocks);
    this.grown.push(leaf);
    return leaf;
  }

  /** What has to be read, in `DATABASE`, for `judge`. */
  get questions(): readonly (readonly string[])[] {
    const keys = [...this.registers, ...this.counters].map(({ key }) => ["GET", key]);
    const leaves = [...this.#leaves, ...this.scoredQueues.flatMap(({ leaves }) => leaves)];
    return [...keys, ...this.#tallied.map(({ read }) => read), ...leaves.map(({ read }) => read)];
  }

  /** From when on every deadline has passed, in the world's time. */
  get deadlinesPassedAtMs(): number {
    return this.#deadlinesPassedAtMs;
  }

  /** A deadline passes then at the latest, in the world's time. */
  deadlineAt(atMs: number): void {
    this.#deadlinesPassedAtMs = Math.max(this.#deadlinesPassedAtMs, atMs);
  }

  /** Lists that are to be read, in `DATABASE`, for `judgeLists`. */
  get listKeys(): readonly string[] {
    return [...this.lists, ...this.queues].map(({ key }) => key).concat(this.scratch);
  }

  /** What is in the lists, as some node has it. Throws a `Violation`. */
  judgeLists(contents: readonly (readonly string[])[]): void {
    for (const [i, list] of [...this.lists, ...this.queues].entries()) list.judge(contents[i]!);
    this.#listed ??= contents;
    this.listKeys.forEach((key, i) => {
      const [one, other] = [this.#listed![i]!, contents[i]!].map((elements) => elements.join(" "));
      if (one !== other) throw new Violation(`nodes have it as ${one}, and as ${other}`, key);
    });
  }

  /** Sets that are to be read, in `DATABASE`, for `judgeSets`. */
  get setKeys(): readonly string[] {
    return [
      ...this.poppedSets.map(({ key }) => key),
      ...this.movedMembers.flatMap(({ from, to }) => [from, to]),
    ];
  }

  /** What is in the sets, as some node has it. Throws a `Violation`. */
  judgeSets(contents: readonly (readonly string[])[]): void {
    const rest = [...contents];
    for (const set of this.poppedSets) set.judge(rest.shift()!);
    for (const sets of this.movedMembers) sets.judge(rest.shift()!, rest.shift()!);
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
    for (const queue of this.scoredQueues) queue.judge(queue.leaves.map(next), nowMs);
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
    case "scored":
      return { key: `zset:${number % SORTED_SETS}`, part: `${number % 7} of member ${number}` };
    case "head":
    case "tail":
      return { key: `list:${number % LISTS}`, part: String(number) };
    case "entry":
      return { key: `stream:${number % STREAMS}`, part: String(number) };
  }
}

function named(what: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `${what}:${i}`);
}
