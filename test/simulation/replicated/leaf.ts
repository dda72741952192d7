/**
 * A key, a field of a hash, a member of a set or a sorted set, an element of a list, or an entry of a stream, that is written once, with a value of its own, and ended at most once: removed, or given a deadline. So
 * nothing that happens on two sides of a partition can excuse that it is missing or that it came back.
 */
import type { Body, FieldsBody } from "#torus/delta/record-state.js";
import { ENTRY } from "#torus/delta/stream-items.js";
import { type Reply, textOf } from "../../support/reply.js";
import type { Fate } from "../cluster/register.js";
import { contentOf, numberOf } from "../cluster/script.js";
import { Violation } from "../cluster/violation.js";

/** What a read that begins now has to show. */
export type Expectation = "there" | "gone" | "any";

/** The outcome of a write. `isConfirmed`: that a majority has it was promised too. */
export interface Outcome {
  readonly fate: Fate;
  readonly isConfirmed: boolean;
}

export interface Clocks {
  /** How far the clocks of nodes may differ when deadlines are judged. */
  readonly apartMs: number;
}

const UNDER_WAY: Outcome = { fate: "sent", isConfirmed: false };

/** One of the commands that each kind of leaf has for each purpose. */
const COMMANDS = {
  key: { write: "SET", read: "GET", remove: "DEL", written: "OK" },
  field: { write: "HSET", read: "HGET", remove: "HDEL", written: "1" },
  member: { write: "SADD", read: "SISMEMBER", remove: "SREM", written: "1" },
  scored: { write: "ZADD", read: "ZSCORE", remove: "ZREM", written: "1" },
  head: { write: "LPUSH", read: "LPOS", remove: "LREM", written: undefined },
  entry: { write: "XADD", read: "XRANGE", remove: "XDEL", written: undefined },
  tail: { write: "RPUSH", read: "LPOS", remove: "LREM", written: undefined },
} as const;

export type LeafKind = keyof typeof COMMANDS;

export interface LeafPlace {
  readonly kind: LeafKind;
  readonly key: string;
  /** The field, the element, what is in the entry, or the member, which of a sorted set has its score in front; empty if it is a key. */
  readonly part: string;
}

const BODY_KINDS = { field: "hash", member: "set", scored: "zset" } as const;

/** What a member of a set is when it is there, and an element of a list. */
const THERE = "1";
/** All of the elements that LREM finds, and an index where LPOS finds one: nil is for keys and fields. */
const [ALL, ONE] = ["0", ["COUNT", "1"]] as const;

/** What the reply to a leaf's `read` says is there. */
export function shownBy(reply: Reply): string | undefined {
  if (reply.kind === "array") return reply.items.length === 0 ? undefined : THERE;
  if (reply.kind !== "integer") return contentOf(reply);
  return numberOf(reply) === 0 ? undefined : textOf(reply);
}

/** It is a value beside its name. */
function isValue(kind: LeafKind): boolean {
  return kind === "key" || kind === "field";
}

/** It is an element of a list, pushed to its head or its tail. */
export function isElement(kind: LeafKind): kind is "head" | "tail" {
  return kind === "head" || kind === "tail";
}

/** Whether an entry of a stream has this for its only value. */
function hasEntry({ fields }: FieldsBody, part: string): boolean {
  const end = `${String.fromCharCode(part.length)}${part}`;
  return [...fields].some(
    ([name, { value }]) =>
      name.charCodeAt(0) === ENTRY && value !== null && Buffer.from(value).toString("latin1").endsWith(end),
  );
}

export class Leaf {
  readonly value: string;
  #written = UNDER_WAY;
  #ended: Outcome | undefined;
  /** In the world's time, if the end is done. */
  #goneAtMs = Infinity;
  #isSeen = false;
  #id: string | undefined;

  constructor(
    readonly place: LeafPlace,
    private readonly clocks: Clocks,
  ) {
    this.value = this.#valueOf(place);
  }

  #valueOf({ kind, part }: LeafPlace): string {
    if (kind === "scored") return part.split(" ", 1)[0]!;
    return isValue(kind) ? `value of ${this.name}` : THERE;
  }

  /** Of an entry, as its writer was told. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Its write was replied. */
  replied(reply: Reply | undefined): void {
    if (this.place.kind === "entry" && reply?.kind === "bulk") this.#id = textOf(reply);
  }

  get name(): string {
    return this.#words.join(" ");
  }

  /** Whether somebody may end it now: it is there, as far as its writer was told. */
  get isEndable(): boolean {
    return this.#written.fate === "done" && this.#ended === undefined;
  }

  get write(): readonly string[] {
    const { kind } = this.place;
    const { key, part } = this.place;
    if (kind === "scored") return [COMMANDS[kind].write, key, this.value, part];
    if (kind === "entry") return [COMMANDS[kind].write, key, "*", "part", part];
    const value = isValue(kind) ? [this.value] : [];
    return [COMMANDS[kind].write, ...this.#words, ...value];
  }

  /** What `write` is answered; undefined where that depends on others. */
  get writtenReply(): string | undefined {
    return COMMANDS[this.place.kind].written;
  }

  get read(): readonly string[] {
    const id = this.#id ?? "0-0";
    if (this.place.kind === "entry") return [COMMANDS.entry.read, this.place.key, id, id];
    return [COMMANDS[this.place.kind].read, ...this.#words, ...(isElement(this.place.kind) ? ONE : [])];
  }

  get remove(): readonly string[] {
    const { kind, key, part } = this.place;
    if (kind === "entry") return [COMMANDS[kind].remove, key, this.#id ?? "0-0"];
    return isElement(kind)
      ? [COMMANDS[kind].remove, key, ALL, part]
      : [COMMANDS[kind].remove, ...this.#words];
  }

  /** Whether it is in what its key has. */
  isIn(body: Body | undefined): boolean {
    const { kind, part } = this.place;
    if (kind === "key") return body?.kind === "text" && Buffer.from(body.bytes).toString() === this.value;
    if (isElement(kind)) {
      if (body?.kind !== "list") return false;
      return [...body.fields.values()].some(
        ({ value }) => value !== null && Buffer.from(value).toString() === part,
      );
    }
    if (kind === "entry") return body?.kind === "stream" && hasEntry(body, part);
    if (body?.kind !== BODY_KINDS[kind]) return false;
    return (body.fields.get(part)?.value ?? null) !== null;
  }

  get #words(): readonly string[] {
    const { kind, key, part } = this.place;
    return kind === "key" ? [key] : [key, part];
  }

  written(outcome: Outcome): void {
    this.#written = outcome;
    if (outcome.fate === "refused" && this.#isSeen) throw this.#violation("is refused, but it was seen");
  }

  /** Its removal, or the setting of its deadline, was sent. */
  ending(): void {
    this.#ended = UNDER_WAY;
  }

  /** `goneAtMs` is when it has to be gone at the latest. */
  ended(outcome: Outcome, goneAtMs: number): void {
    this.#ended = outcome;
    if (outcome.fate === "done") this.#goneAtMs = goneAtMs;
  }

  /** What was to be ended was not there. */
  missed({ isConfirmed }: { readonly isConfirmed: boolean }): void {
    this.#ended = { fate: "doubtful", isConfirmed: false };
    if (isConfirmed && this.#written.fate === "done" && this.#written.isConfirmed)
      throw this.#violation("was confirmed, and then a majority did not have it");
  }

  /** What a read at a quorum has to show that begins now. */
  expectation(nowMs: number): Expectation {
    if (this.#ended !== undefined) return this.#ended.isConfirmed && this.#isGone(nowMs) ? "gone" : "any";
    return this.#written.fate === "done" && this.#written.isConfirmed ? "there" : "any";
  }

  /** A read that began with that expectation was answered. */
  shown(value: string | undefined, expectation: Expectation): void {
    if (value === undefined) {
      if (expectation === "there" && this.#ended === undefined)
        throw this.#violation("was confirmed, and is not there");
      return;
    }
    if (value !== this.value) throw this.#violation(`is ${value}`);
    if (this.#written.fate === "refused") throw this.#violation("was refused, and is there");
    if (expectation === "gone") throw this.#violation("is there again");
    this.#isSeen = true;
  }

  /** All is mended and still: this is what is there. */
  judge(value: string | undefined, nowMs: number): void {
    const isKept = this.#written.fate === "done" && (this.#ended?.fate ?? "refused") === "refused";
    if (isKept && value === undefined) throw this.#violation("was acknowledged, and is gone");
    this.shown(value, this.#isGone(nowMs) ? "gone" : "any");
  }

  #isGone(nowMs: number): boolean {
    return this.#ended?.fate === "done" && nowMs >= this.#goneAtMs + this.clocks.apartMs;
  }

  #violation(what: string): Violation {
    const end = this.#ended === undefined ? "nothing ended it" : `its end is ${this.#ended.fate}`;
    return new Violation(
      `what was written once ${what} (its write is ${this.#written.fate}, ${end})`,
      this.name,
    );
  }
}
