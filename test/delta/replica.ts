/**
 * A model of owners of one slot: each executes commands on what it sees, logs deltas, and applies the others' logs in
 * their order, some time. It is the keyspace and the cluster in a hundred lines, for asking what merging makes of what
 * happened on several sides.
 */
import { addInt64, parseInt64 } from "#torus/base/int64.js";
import { applyPatch, applyRecord, type Outcome } from "#torus/delta/apply.js";
import type { Delta } from "#torus/delta/delta.js";
import { HybridClock } from "#torus/delta/hybrid-clock.js";
import { counterValue } from "#torus/delta/packed-counter.js";
import {
  type Body,
  type FieldsKind,
  huskOf,
  isExpired,
  isVisible,
  newestVersion,
  noExpiry,
  type RecordState,
  tombstone,
} from "#torus/delta/record-state.js";
import { collected, type Floors, NO_FLOORS, successor, survivesFlush } from "#torus/delta/remains.js";
import { readScore, scoreBytes } from "#torus/delta/score.js";
import { compareVersions, maxVersion, type Version } from "#torus/delta/version.js";

export const KEYS = ["k", "l"] as const;
export const FIELDS = ["f", "g"] as const;
export type Key = (typeof KEYS)[number];
export type Field = (typeof FIELDS)[number];

export type Command =
  | { readonly name: "SET"; readonly key: Key; readonly value: string; readonly ttlMs: number }
  | { readonly name: "APPEND"; readonly key: Key; readonly value: string }
  | { readonly name: "DEL" | "INCR" | "PERSIST"; readonly key: Key }
  | {
      readonly name: "HSET" | "HDEL" | "SADD" | "SREM" | "ZADD" | "ZREM";
      readonly key: Key;
      readonly field: Field;
    }
  | { readonly name: "EXPIRE"; readonly key: Key; readonly ttlMs: number }
  | { readonly name: "FLUSHDB" };

/** What clients see of a record. */
export interface View {
  readonly text?: string;
  readonly number?: number;
  readonly fields?: ReadonlyMap<string, string>;
  readonly members?: ReadonlySet<string>;
  readonly elements?: readonly string[];
  readonly scores?: ReadonlyMap<string, number>;
  readonly deadlineMs: number;
}

const NO_VALUE = Buffer.alloc(0);
const PLACE = { db: 0, slot: 0 };

export class Replica {
  readonly records = new Map<string, RecordState>();
  /** Every delta made here, in order. */
  readonly log: Delta[] = [];
  readonly clock = new HybridClock();
  floors: Floors = NO_FLOORS;
  /** How far each other replica's log is applied here. */
  readonly #positions = new Map<Replica, number>();
  readonly #owners: readonly Replica[];

  /** `owners` are all of the slot's, this one too. */
  constructor(
    readonly origin: number,
    owners: readonly Replica[],
  ) {
    this.#owners = owners;
  }

  get nowMs(): number {
    return this.clock.nowMs();
  }

  /** Whether the command did anything. */
  execute(command: Command): boolean {
    const version = { clock: this.clock.next(), origin: this.origin };
    const delta = this.#deltaOf(command, version);
    if (delta === undefined) return false;
    this.log.push(delta);
    this.#apply(delta);
    return true;
  }

  /** Applies the next delta of another's log; false if there is none. */
  pull(source: Replica): boolean {
    const position = this.#position(source);
    const delta = source.log[position];
    if (delta === undefined) return false;
    this.#positions.set(source, position + 1);
    this.#apply(delta);
    return true;
  }

  /** Applies deltas of a log again that were applied before. */
  replay(source: Replica, from: number, count: number): void {
    for (const delta of source.log.slice(0, this.#position(source)).slice(from, from + count))
      this.#apply(delta);
  }

  /** Drops the bodies of expired records, where that is safe: see docs/formats/delta.md. */
  reclaim(): void {
    const isShared = this.#owners.every((owner) => owner.#hasAllOf(this));
    for (const [key, state] of this.records) {
      if (isExpired(state, this.nowMs) && (isShared || state.body.kind === "text"))
        this.records.set(key, huskOf(state));
    }
  }

  #hasAllOf(other: Replica): boolean {
    return this.#owners.every((source) => this.#position(source) >= other.#position(source));
  }

  /** Takes a birth floor that the owners may take: see `CollectDelta`. */
  collect(floor: Version): void {
    if (compareVersions(floor, this.floors.birth) <= 0) return;
    // Also when it came from another: a log must name a floor before what was made under it.
    this.log.push({ kind: "collect", db: null, slot: 0, floor });
    this.#takeFloors({ ...this.floors, birth: floor });
  }

  /** What clients see of a key. */
  view(key: string): View | undefined {
    const state = this.records.get(key);
    if (state === undefined || !isVisible(state, this.nowMs)) return undefined;
    return { ...viewOf(state.body), deadlineMs: state.expiry.deadlineMs };
  }

  #position(source: Replica): number {
    return source === this ? this.log.length : (this.#positions.get(source) ?? 0);
  }

  #deltaOf(command: Command, version: Version): Delta | undefined {
    if (command.name === "FLUSHDB") return { kind: "flush", db: 0, slot: 0, floor: version };
    const key = Buffer.from(command.key);
    const found = this.records.get(command.key);
    const visible = found !== undefined && isVisible(found, this.nowMs) ? found : undefined;
    const record = (state: RecordState): Delta => ({ kind: "record", ...PLACE, key, state });
    const text = (bytes: Uint8Array, ttlMs: number) => {
      const deadlineMs = ttlMs === 0 ? 0 : this.nowMs + ttlMs;
      return record({ life: version, expiry: { deadlineMs, version }, body: { kind: "text", bytes } });
    };
    switch (command.name) {
      case "SET":
        return text(Buffer.from(command.value), command.ttlMs);
      case "APPEND": {
        const bytes = Buffer.from(command.value);
        if (visible === undefined) return text(bytes, 0);
        const { life, expiry, body } = visible;
        if (body.kind !== "text") return undefined;
        const patch = {
          predecessor: life,
          life: version,
          deadlineMs: expiry.deadlineMs,
          offset: body.bytes.length,
        };
        return { kind: "patch", ...PLACE, key, ...patch, bytes };
      }
      case "DEL":
        return visible && record(tombstone(version));
      case "INCR":
        return this.#adding(found, version, "counter", (body) => this.#incremented(body, version), record);
      case "HSET": {
        const value = Buffer.from(`${version.clock}`);
        const fields = new Map([[command.field, { value, version }]]);
        return this.#adding(found, version, "hash", () => ({ kind: "hash", fields }), record);
      }
      case "HDEL":
        return this.#removing(visible, command.field, version, "hash", record);
      case "SADD": {
        // To add what is there is to do nothing.
        if (visible?.body.kind === "set" && visible.body.fields.get(command.field)?.value) return undefined;
        const fields = new Map([[command.field, { value: NO_VALUE, version }]]);
        return this.#adding(found, version, "set", () => ({ kind: "set", fields }), record);
      }
      case "SREM":
        return this.#removing(visible, command.field, version, "set", record);
      case "ZADD": {
        const value = scoreBytes(version.clock);
        const fields = new Map([[command.field, { value, version }]]);
        return this.#adding(found, version, "zset", () => ({ kind: "zset", fields }), record);
      }
      case "ZREM":
        return this.#removing(visible, command.field, version, "zset", record);
      case "EXPIRE":
        return visible && record(this.#registering(visible.life, this.nowMs + command.ttlMs, version));
      case "PERSIST":
        if (visible === undefined || visible.expiry.deadlineMs === 0) return undefined;
        return record(this.#registering(visible.life, 0, version));
    }
  }

  #registering(life: Version, deadlineMs: number, version: Version): RecordState {
    return { life, expiry: { deadlineMs, version }, body: { kind: "none" } };
  }

  #removing(
    visible: RecordState | undefined,
    field: Field,
    version: Version,
    kind: FieldsKind,
    record: (state: RecordState) => Delta,
  ): Delta | undefined {
    if (visible?.body.kind !== kind || !visible.body.fields.get(field)?.value) return undefined;
    const fields = new Map([[field, { value: null, version }]]);
    return record({ life: visible.life, expiry: noExpiry(visible.life), body: { kind, fields } });
  }

  /** A write that joins the life that is there, or the one that follows from the remains. */
  #adding(
    found: RecordState | undefined,
    version: Version,
    joining: "counter" | FieldsKind,
    addition: (body: Body) => Body | undefined,
    record: (state: RecordState) => Delta,
  ): Delta | undefined {
    if (found !== undefined && isVisible(found, this.nowMs)) {
      const isText = joining === "counter" && found.body.kind === "text";
      if (found.body.kind !== joining && !isText) return undefined;
      const body = addition(found.body);
      return body && record({ life: found.life, expiry: noExpiry(found.life), body });
    }
    const { life, clearsExpiry } = successor(found, {
      joining,
      version,
      floors: this.floors,
      nowMs: this.nowMs,
    });
    const expiry = clearsExpiry ? { deadlineMs: 0, version } : noExpiry(life);
    const body = addition({ kind: "none" });
    return body && record({ life, expiry, body });
  }

  #incremented(body: Body, version: Version): Body | undefined {
    const own = { origin: this.origin, boot: 1, clock: version.clock };
    if (body.kind === "counter") {
      const before = body.contributions.find(({ origin }) => origin === this.origin)?.sum ?? 0;
      return { kind: "counter", base: body.base, contributions: [{ ...own, sum: addInt64(before, 1)! }] };
    }
    const base = body.kind === "text" ? parseInt64(body.bytes, 0, body.bytes.length) : 0;
    return base === undefined ? undefined : { kind: "counter", base, contributions: [{ ...own, sum: 1 }] };
  }

  #apply(delta: Delta): void {
    switch (delta.kind) {
      case "record":
        this.clock.observe(newestVersion(delta.state).clock);
        this.#settle(delta.key, (record, circumstances) => applyRecord(record, delta.state, circumstances));
        break;
      case "patch":
        this.clock.observe(delta.life.clock);
        this.#settle(delta.key, (record, circumstances) => applyPatch(record, delta, circumstances));
        break;
      case "flush":
        this.clock.observe(delta.floor.clock);
        this.#takeFloors({ ...this.floors, flush: maxVersion(this.floors.flush, delta.floor) });
        break;
      case "collect":
        this.clock.observe(delta.floor.clock);
        this.collect(delta.floor);
    }
  }

  #settle(
    keyBytes: Uint8Array,
    apply: (record: RecordState | undefined, circumstances: { floors: Floors; nowMs: number }) => Outcome,
  ): void {
    const key = Buffer.from(keyBytes).toString();
    const outcome = apply(this.records.get(key), { floors: this.floors, nowMs: this.nowMs });
    if (outcome.kind === "ignored") return;
    if (outcome.state !== undefined) this.records.set(key, outcome.state);
    if (outcome.kind === "needs-record") for (const owner of this.#owners) this.#fetch(key, owner);
  }

  /**
   * Takes over another's record, and the floors under which it stands. One owner's is not enough: a husk may have lost
   * what came from several.
   */
  #fetch(key: string, source: Replica): void {
    this.collect(source.floors.birth);
    this.#takeFloors({ ...this.floors, flush: maxVersion(this.floors.flush, source.floors.flush) });
    const state = source.records.get(key);
    if (state === undefined) return;
    this.clock.observe(newestVersion(state).clock);
    const outcome = applyRecord(this.records.get(key), state, { floors: this.floors, nowMs: this.nowMs });
    if (outcome.kind !== "ignored" && outcome.state !== undefined) this.records.set(key, outcome.state);
  }

  #takeFloors(floors: Floors): void {
    this.floors = floors;
    for (const [key, state] of this.records) {
      const left = survivesFlush(state.life, floors.flush) ? collected(state, floors.birth) : undefined;
      if (left === undefined) this.records.delete(key);
      else this.records.set(key, left);
    }
  }
}

function viewOf(body: Body): Omit<View, "deadlineMs"> {
  switch (body.kind) {
    case "counter":
      return { number: Number(counterValue(body)) };
    case "hash": {
      const live = [...body.fields].filter(([, { value }]) => value !== null);
      return { fields: new Map(live.map(([name, { value }]) => [name, `${value}`])) };
    }
    case "set": {
      const live = [...body.fields].filter(([, { value }]) => value !== null);
      return { members: new Set(live.map(([name]) => name)) };
    }
    case "list": {
      const live = [...body.fields]
        .filter(([, { value }]) => value !== null)
        .sort(([a], [b]) => (a < b ? -1 : 1));
      return { elements: live.map(([, { value }]) => `${value}`) };
    }
    case "zset": {
      const live = [...body.fields].flatMap(([name, { value }]) =>
        value === null ? [] : [[name, readScore(value, 0, value.length)] as const],
      );
      return { scores: new Map(live) };
    }
    case "stream": {
      const live = [...body.fields].filter(([, { value }]) => value !== null);
      return {
        fields: new Map(live.map(([name, { value }]) => [name, Buffer.from(value!).toString("hex")])),
      };
    }
    case "text":
      return { text: Buffer.from(body.bytes).toString() };
    case "none":
      return {};
  }
}

/** Replicas that pull from one another. */
export class Owners {
  readonly replicas: readonly Replica[];
  /** The highest floor that may be taken: all before it is merged everywhere, and all after it was made knowing that. */
  stable: Version | undefined;

  constructor(count: number) {
    const replicas: Replica[] = [];
    for (let origin = 1; origin <= count; origin++) replicas.push(new Replica(origin, replicas));
    this.replicas = replicas;
  }

  /** Brings all logs to all; what was written so far may then be collected. */
  deliverAll(): void {
    for (const target of this.replicas) {
      for (const source of this.replicas) if (source !== target) while (target.pull(source));
    }
    const clock = Math.max(...this.replicas.map((replica) => replica.clock.next()));
    for (const replica of this.replicas) replica.clock.observe(clock);
    this.stable = { clock, origin: this.replicas.length };
  }

  /** Everyone's hybrid now becomes the latest one. */
  agreeOnNow(): void {
    const nowMs = Math.max(...this.replicas.map((replica) => replica.nowMs));
    for (const replica of this.replicas) replica.clock.tick(nowMs);
  }
}
