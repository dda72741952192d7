/** What other nodes did, merged from their batches: in whatever order their streams come, all come to the same. */
import { expect } from "chai";
import fc from "fast-check";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { crc32 } from "#torus/base/crc32.js";
import { beginBatch, endBatch } from "#torus/delta/batch.js";
import type { Delta, KeyPlace } from "#torus/delta/delta.js";
import { writeDelta } from "#torus/delta/delta-codec.js";
import { noExpiry } from "#torus/delta/record-state.js";
import { BatchApplication } from "#torus/keyspace/batch-application.js";
import { applyDelta } from "#torus/keyspace/delta-application.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { contentsOf, expectSoundCounts, stateOf } from "../support/keyspace-contents.js";
import { canRepeat, history, RecordedKeyspace, type Step } from "../support/recorded-keyspace.js";
import { openKey, START_MS, smallKeyspace } from "../support/small-keyspace.js";
import { KEYS } from "../support/writing-commands.js";

const LIFE = { clock: START_MS * 2048, origin: 3 };
const SLOT_OF_K = 7629;

function batchOf(...deltas: Delta[]): Buffer {
  const writer = new ByteWriter({ bytesMax: 1e6 });
  const start = beginBatch(writer);
  for (const delta of deltas) writeDelta(writer, delta);
  endBatch(writer, start, crc32);
  return Buffer.from(writer.written());
}

function textDelta(key: string, slot: number, text: string, clock = LIFE.clock): Delta {
  const life = { ...LIFE, clock };
  const body = { kind: "text", bytes: Buffer.from(text) } as const;
  return {
    kind: "record",
    db: 0,
    slot,
    key: Buffer.from(key),
    state: { life, expiry: noExpiry(life), body },
  };
}

/** A node that executes commands of its own and merges what others did. */
class Owner {
  readonly recorded: RecordedKeyspace;
  readonly application: BatchApplication;
  /** Keys whose record is to be fetched. */
  missing: KeyPlace[] = [];
  /** Where the streams of others were read up to, by owner. */
  readonly read = new Map<Owner, number>();

  constructor(origin: number) {
    this.recorded = new RecordedKeyspace(smallKeyspace({ origin, keepTombstones: true }));
    this.application = new BatchApplication({
      keyspace: this.keyspace,
      limits: () => SMALL_LIMITS,
      checksum: crc32,
      incomplete: (place) => this.missing.push(place),
    });
  }

  get keyspace(): Keyspace {
    return this.recorded.keyspace;
  }

  pass(ms: number): void {
    this.recorded.nowMs += ms;
    this.keyspace.tick(this.recorded.nowMs);
  }

  /** Merges so many batches of another, from some before those that it knows; all if there is no number. */
  pull(other: Owner, { again = 0, count = Number.POSITIVE_INFINITY } = {}): void {
    const bytes = other.recorded.recorded();
    const ends = batchEndsOf(bytes);
    const known = ends.indexOf(this.read.get(other) ?? 0);
    const first = Math.max(0, known - again);
    const last = Math.min(ends.length - 1, known + count);
    const problem = this.application.apply(Buffer.from(bytes.subarray(ends[first]!, ends[last]!)));
    expect(problem).to.equal(undefined);
    this.read.set(other, ends[last]!);
  }

  /** Asks others for the records that it lacks, as a node does. */
  fetchMissing(others: readonly Owner[]): void {
    const { missing } = this;
    this.missing = [];
    for (const place of missing) {
      for (const { keyspace } of others) {
        const state = stateOf(
          keyspace,
          keyspace.databases[place.db]!,
          Buffer.from(place.key).toString("latin1"),
        );
        if (state !== undefined) applyDelta(this.keyspace, SMALL_LIMITS, { kind: "record", ...place, state });
      }
    }
  }
}

/** Where batches end, 0 first. */
function batchEndsOf(bytes: Buffer): number[] {
  const ends = [0];
  for (let at = 0; at < bytes.length; ) ends.push((at += 8 + bytes.readUInt32LE(at + 4)));
  return ends;
}

/** All at one time, and everybody has heard of everything. */
function settle(owners: readonly Owner[]): void {
  const nowMs = Math.max(...owners.map(({ recorded }) => recorded.nowMs));
  for (const owner of owners) owner.pass(nowMs - owner.recorded.nowMs);
  const clock = Math.max(...owners.map(({ keyspace }) => keyspace.clock.latest));
  for (const { keyspace } of owners) keyspace.clock.observe(clock);
  for (const owner of owners) {
    for (const other of owners) if (other !== owner) owner.pull(other);
    owner.pass(0);
  }
  for (let round = 0; round < owners.length; round++) {
    for (const owner of owners) owner.fetchMissing(owners);
  }
}

const mergeable = (maxLength: number) => history(maxLength).filter(canRepeat);

/** Looks at all keys, which lets them expire. */
function look(keyspace: Keyspace): void {
  for (const { number } of keyspace.databases) {
    keyspace.select(number);
    for (const key of KEYS) openKey(keyspace, key);
  }
}

type Event =
  | { readonly kind: "step"; readonly at: number; readonly step: Step }
  | {
      readonly kind: "pull";
      readonly at: number;
      readonly from: number;
      readonly again: number;
      readonly count: number;
    }
  | { readonly kind: "look"; readonly at: number }
  | { readonly kind: "pass"; readonly at: number; readonly ms: number };

const OWNERS = 3;
const at = fc.nat(OWNERS - 1);
const oneStep = mergeable(1)
  .filter((steps) => steps.length === 1)
  .map((steps) => steps[0]!);
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("step" as const), at, step: oneStep }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("pull" as const),
      at,
      from: at,
      again: fc.constantFrom(0, 0, 0, 1, 5),
      count: fc.integer({ min: 0, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("look" as const), at }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), at, ms: fc.constantFrom(1, 10, 100, 5000) }),
  },
);

/** A text becomes a counter, and its deadline is taken off: all of that in one batch, merged when the deadline has passed. */
const ENDED_WITHIN_A_BATCH: Step = {
  pauseMs: 0,
  database: 0,
  commands: [
    ["psetex", "k", "1", "0"],
    ["incrby", "k", "0"],
    ["persist", "k"],
  ],
};

describe("batches of other nodes", () => {
  it("make of a keyspace what they were made of, whatever its clock says and whoever looks meanwhile", () => {
    fc.assert(
      fc.property(
        mergeable(40),
        fc.boolean().chain((mayLook) => {
          const looks = mayLook ? fc.boolean() : fc.constant(false);
          return fc.array(fc.tuple(fc.nat(3), looks, fc.constantFrom(0, 1, 50, 3000)));
        }),
        (steps, pulls) => {
          const origin = new Owner(1);
          const replica = new Owner(2);
          for (const step of steps) origin.recorded.perform(step);
          for (const [count, looks, ms] of pulls) {
            replica.pass(ms);
            replica.pull(origin, { count });
            if (looks) look(replica.keyspace);
          }
          const hasLooked = pulls.some(([, looks]) => looks);
          if (!hasLooked) {
            replica.pull(origin);
            expect(replica.missing, "only who has looked may have lost a body").to.deep.equal([]);
          }
          settle([origin, replica]);
          const expected = contentsOf(origin.keyspace, KEYS);
          expect(contentsOf(replica.keyspace, KEYS)).to.deep.equal(expected);
          expectSoundCounts(replica.keyspace, KEYS);
        },
      ),
      { numRuns: 500, examples: [[[ENDED_WITHIN_A_BATCH], [[0, false, 3000]]]] },
    );
  });

  it("converge when several execute for one key, in any order and however often they come", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60, size: "max" }), (events) => {
        const owners = Array.from({ length: OWNERS }, (_, i) => new Owner(i + 1));
        for (const each of events) {
          const owner = owners[each.at]!;
          if (each.kind === "step") owner.recorded.perform(each.step);
          else if (each.kind === "look") look(owner.keyspace);
          else if (each.kind === "pass") owner.pass(each.ms);
          else if (each.from !== each.at) owner.pull(owners[each.from]!, each);
        }
        settle(owners);
        const [first, ...others] = owners.map(({ keyspace }) => contentsOf(keyspace, KEYS));
        for (const other of others) expect(other).to.deep.equal(first);
        for (const { keyspace } of owners) expectSoundCounts(keyspace, KEYS);
      }),
      { numRuns: 500 },
    );
  });

  it("change nothing, and count nothing as changed, when they come again", () => {
    fc.assert(
      fc.property(mergeable(40), (steps) => {
        const origin = new Owner(1);
        const replica = new Owner(2);
        for (const step of steps) origin.recorded.perform(step);
        replica.pull(origin);
        replica.pass(origin.recorded.nowMs - START_MS);
        const contents = contentsOf(replica.keyspace, KEYS);
        const { dirty } = replica.keyspace;
        replica.pull(origin, { again: 40 });
        expect(contentsOf(replica.keyspace, KEYS)).to.deep.equal(contents);
        expect(replica.keyspace.dirty).to.equal(dirty);
      }),
      { numRuns: 300 },
    );
  });

  it("change nothing if any byte of them is damaged", () => {
    const origin = new Owner(1);
    const commands = [
      ["set", "k", "text"],
      ["hset", "h", "f", "v", "g", "w"],
    ];
    origin.recorded.perform({ pauseMs: 0, database: 0, commands: commands.slice(0, 1) });
    origin.recorded.perform({ pauseMs: 0, database: 1, commands });
    const bytes = origin.recorded.recorded();
    const ends = batchEndsOf(bytes);
    const replica = new Owner(2);
    const before = contentsOf(replica.keyspace, KEYS);
    for (let i = 0; i < bytes.length; i++) {
      const damaged = Buffer.from(bytes);
      damaged[i]! ^= 0x20;
      expect(replica.application.apply(damaged), `byte ${i}`).to.be.a("string");
      if (!ends.includes(i)) {
        const cut = Buffer.from(bytes.subarray(0, i));
        expect(replica.application.apply(cut), `cut at ${i}`).to.be.a("string");
      }
      expect(contentsOf(replica.keyspace, KEYS)).to.deep.equal(before);
      expect(replica.keyspace.dirty).to.equal(0);
    }
  });

  it("change nothing if the last of them says what none may say", () => {
    const floor = LIFE;
    const place = { db: 0, slot: SLOT_OF_K, key: Buffer.from("k") };
    const piece = { life: LIFE, expiry: noExpiry(LIFE), totalBytes: 2, offset: 0, bytes: Buffer.from("ab") };
    const patch = { predecessor: LIFE, life: { ...LIFE, clock: LIFE.clock + 1 }, deadlineMs: 0, offset: 0 };
    const wrong: Delta[] = [
      { ...textDelta("k", SLOT_OF_K, "v"), db: 2 } as Delta,
      textDelta("k", SLOT_OF_K + 1, "v"),
      { kind: "patch", ...place, db: 2, ...patch, bytes: Buffer.from("x") },
      { kind: "patch", ...place, slot: 3, ...patch, bytes: Buffer.from("x") },
      { kind: "flush", db: 9, slot: null, floor },
      { kind: "collect", db: 8, slot: 3, floor },
      { kind: "swap", one: 0, other: 1, version: LIFE },
      { kind: "piece", ...place, ...piece },
      { kind: "forget", slot: 3 },
      { kind: "drop", ...place },
      { kind: "local", boot: 1, position: 1 },
    ];
    for (const delta of wrong) {
      const { application, keyspace } = new Owner(2);
      const good = batchOf(textDelta("k", SLOT_OF_K, "good"));
      expect(application.apply(Buffer.concat([good, batchOf(delta)])), delta.kind).to.match(/malformed/);
      expect(keyspace.size).to.equal(0);
      expect(application.apply(good)).to.equal(undefined);
      expect(keyspace.size).to.equal(1);
    }
  });

  it("tell the journal their bytes and slots, and whoever watches a key that it changed", () => {
    const { application, keyspace } = new Owner(2);
    const told: unknown[] = [];
    const { journal } = keyspace;
    journal!.received = (batches, slots, count) => told.push([batches, [...slots.subarray(0, count)]]);
    const watcher = { keysChanged: false };
    keyspace.watchers.watch(watcher, 0, Buffer.from("k"));
    const h = batchOf(textDelta("h", 11694, "1"), textDelta("h", 11694, "2", LIFE.clock + 1));
    application.apply(h);
    expect(watcher.keysChanged).to.equal(false);
    const both = Buffer.concat([h, batchOf(textDelta("k", SLOT_OF_K, "3"))]);
    application.apply(both);
    expect(watcher.keysChanged).to.equal(true);
    expect(told).to.deep.equal([
      [h, [11694]],
      [both, [11694, SLOT_OF_K]],
    ]);
    expect(application).to.include({ batches: 3, deltas: 5 });
  });

  it("lift the clock above all that they say", () => {
    const { application, keyspace } = new Owner(2);
    const later = keyspace.clock.latest + 1e6;
    application.apply(batchOf(textDelta("k", SLOT_OF_K, "v", later)));
    expect(keyspace.clock.next()).to.equal(later + 1);
  });

  it("may be more than fit into any usual message", () => {
    const { application, keyspace } = new Owner(2);
    const origin = smallKeyspace({ keepTombstones: true });
    const deltas = Array.from({ length: 10_000 }, (_, i) => {
      openKey(origin, `key:${i}`);
      return textDelta(`key:${i}`, origin.slot, `${i}`);
    });
    expect(application.apply(batchOf(...deltas))).to.equal(undefined);
    expect(keyspace.size).to.equal(10_000);
    for (const i of [0, 4095, 4096, 9999]) {
      openKey(keyspace, `key:${i}`);
      const { bytes, start, end } = keyspace.records.body(keyspace.at);
      expect(bytes.toString("latin1", start, end)).to.equal(`${i}`);
    }
  });
});
