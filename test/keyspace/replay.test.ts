/** What was recorded of a keyspace, replayed, makes the same of another: whatever was done, and when it expired. */
import { expect } from "chai";
import fc from "fast-check";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { crc32 } from "#torus/base/crc32.js";
import { beginBatch, endBatch, readBatch } from "#torus/delta/batch.js";
import type { Delta } from "#torus/delta/delta.js";
import { writeDelta } from "#torus/delta/delta-codec.js";
import { noExpiry, tombstone } from "#torus/delta/record-state.js";
import { applyDelta } from "#torus/keyspace/delta-application.js";
import { Replay, ReplayFailure } from "#torus/keyspace/replay.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { contentsOf, expectSoundCounts } from "../support/keyspace-contents.js";
import {
  canRepeat,
  clockAt,
  history,
  RecordedKeyspace,
  replayInto,
  visibleOf,
} from "../support/recorded-keyspace.js";
import { openKey, START_MS, smallKeyspace } from "../support/small-keyspace.js";
import { KEYS } from "../support/writing-commands.js";

const pauseMs = fc.constantFrom(0, 10, 60, 5000);

function batchOf(...deltas: Delta[]): Buffer {
  const writer = new ByteWriter({ bytesMax: 1e6 });
  const start = beginBatch(writer);
  for (const delta of deltas) writeDelta(writer, delta);
  endBatch(writer, start, crc32);
  return Buffer.from(writer.written());
}

function deltasOf(bytes: Buffer): Delta[] {
  const deltas: Delta[] = [];
  for (let start = 0; start < bytes.length; ) {
    const range = { bytes, start, end: bytes.length };
    const reading = readBatch(range, { checksum: crc32, batchBytesMax: bytes.length });
    if (reading.kind !== "batch") throw new Error(`a batch is ${reading.kind}`);
    deltas.push(...reading.deltas);
    start = reading.end;
  }
  return deltas;
}

function replayOf(keyspace = smallKeyspace()): Replay {
  const clock = clockAt(START_MS);
  return new Replay({ keyspace, limits: SMALL_LIMITS, clock, checksum: crc32, batchBytesMax: 1e6 });
}

const LIFE = { clock: START_MS * 2048, origin: 3 };

describe("replay", () => {
  it("makes what clients saw, less what expired meanwhile, in pieces of any size", () => {
    fc.assert(
      fc.property(history(40), pauseMs, fc.integer({ min: 1, max: 500 }), (steps, pause, pieceBytes) => {
        const origin = new RecordedKeyspace();
        for (const step of steps) origin.perform(step);
        const wallMs = origin.nowMs + pause;
        const copy = smallKeyspace({ origin: 1 });
        replayInto(copy, origin.recorded(), { wallMs, pieceBytes });
        origin.keyspace.tick(wallMs);
        expect(visibleOf(copy)).to.deep.equal(visibleOf(origin.keyspace));
        expectSoundCounts(copy, KEYS);
        expect(copy.size, "no expired key is left").to.equal(Object.keys(visibleOf(copy)).length);
      }),
      { numRuns: 400 },
    );
  });

  it("makes in place what merging delta by delta makes, floors taken on the way or not", () => {
    const floor = fc.option(fc.tuple(fc.constantFrom(...KEYS), fc.constantFrom(null, 0, 1)), { freq: 4 });
    for (const keepTombstones of [false, true]) {
      const property = fc.property(history(30), fc.array(floor, { minLength: 30 }), (steps, floors) => {
        const origin = new RecordedKeyspace(smallKeyspace({ origin: 1, keepTombstones }));
        for (const [i, step] of steps.entries()) {
          origin.perform(step);
          if (floors[i]) origin.collect(...floors[i]);
        }
        const bytes = origin.recorded();
        const merged = smallKeyspace({ keepTombstones: true });
        merged.nowMs = 0;
        for (const delta of deltasOf(bytes)) applyDelta(merged, SMALL_LIMITS, delta);
        const loaded = smallKeyspace();
        replayOf(loaded).apply(bytes, 0, bytes.length);
        loaded.nowMs = 0;
        expect(contentsOf(loaded, KEYS)).to.deep.equal(contentsOf(merged, KEYS));
        expectSoundCounts(loaded, KEYS);
        expect(loaded.clock.latest).to.equal(merged.clock.latest);
      });
      fc.assert(property, { numRuns: 200 });
    }
  });

  it("changes nothing when it is done again", () => {
    fc.assert(
      fc.property(history(40).filter(canRepeat), pauseMs, (steps, pause) => {
        const origin = new RecordedKeyspace();
        for (const step of steps) origin.perform(step);
        const wallMs = origin.nowMs + pause;
        const copy = smallKeyspace({ origin: 1 });
        replayInto(copy, origin.recorded(), { wallMs });
        const visible = visibleOf(copy);
        replayInto(copy, origin.recorded(), { wallMs });
        expect(visibleOf(copy)).to.deep.equal(visible);
        expectSoundCounts(copy, KEYS);
      }),
      { numRuns: 200 },
    );
  });

  it("leaves a keyspace that goes on as the first would have, whose log is replayed in turn", () => {
    fc.assert(
      fc.property(
        history(30),
        pauseMs,
        history(20),
        pauseMs,
        history(10),
        (first, pause, second, again, third) => {
          const origin = new RecordedKeyspace();
          for (const step of first) origin.perform(step);
          let log = origin.recorded();
          let copy = origin;
          for (const [steps, after] of [
            [second, pause],
            [third, again],
          ] as const) {
            const keyspace = smallKeyspace({ origin: 1 });
            const wallMs = origin.nowMs + after;
            replayInto(keyspace, log, { wallMs });
            origin.nowMs = wallMs;
            origin.keyspace.tick(wallMs);
            copy = new RecordedKeyspace(keyspace, wallMs);
            for (const step of steps) {
              origin.perform(step);
              copy.perform(step);
            }
            expect(visibleOf(copy.keyspace)).to.deep.equal(visibleOf(origin.keyspace));
            expectSoundCounts(copy.keyspace, KEYS);
            log = Buffer.concat([log, copy.recorded()]);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("refuses a batch with any byte changed, and takes what came before it", () => {
    const origin = new RecordedKeyspace();
    origin.perform({ pauseMs: 0, database: 0, commands: [["set", "k", "before"]] });
    const good = origin.recorded();
    origin.perform({ pauseMs: 0, database: 0, commands: [["hset", "h", "f", "v", "g", "w"]] });
    const bytes = origin.recorded();
    for (let at = good.length; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 0x20;
      const keyspace = smallKeyspace();
      const replay = replayOf(keyspace);
      try {
        // A length that grew looks like a batch that has not all come.
        expect(replay.apply(damaged, 0, damaged.length)).to.equal(good.length);
      } catch (error) {
        expect(error).to.be.instanceOf(ReplayFailure);
        expect((error as ReplayFailure).offset).to.equal(good.length);
      }
      while (!replay.finish(1));
      expect(keyspace.size).to.equal(1);
    }
  });

  it("refuses what a checked batch may not say", () => {
    const text = { kind: "text", bytes: Buffer.from("v") } as const;
    const state = { life: LIFE, expiry: noExpiry(LIFE), body: text };
    const key = Buffer.from("k");
    const slot = 7629;
    const right: Delta = { kind: "record", db: 1, slot, key, state };
    expect(replayOf().apply(batchOf(right), 0, batchOf(right).length)).to.be.greaterThan(0);
    const wrong: Record<string, Delta> = {
      "is of database 2, and there are 2": { ...right, db: 2 },
      "is malformed": { ...right, slot: slot + 1 },
      "of database 9": { kind: "flush", db: 9, slot: null, floor: LIFE },
      "of database 8": { kind: "collect", db: 8, slot, floor: LIFE },
      "of database 7": { kind: "swap", one: 0, other: 7, version: LIFE },
    };
    for (const [reason, delta] of Object.entries(wrong)) {
      const bytes = batchOf(delta);
      expect(() => replayOf().apply(bytes, 0, bytes.length), reason).to.throw(ReplayFailure, reason);
    }
  });

  it("drops what waits for a record that never came", () => {
    const keyspace = smallKeyspace();
    const replay = replayOf(keyspace);
    const expiry = { deadlineMs: START_MS + 9999, version: { ...LIFE, clock: LIFE.clock + 1 } };
    const register: Delta = {
      kind: "record",
      db: 0,
      slot: 7629,
      key: Buffer.from("k"),
      state: { ...tombstone(LIFE), expiry },
    };
    const bytes = batchOf(register);
    replay.apply(bytes, 0, bytes.length);
    while (!replay.finish(1));
    expectSoundCounts(keyspace, KEYS);
    // What is born now is above it, and below the next that is written.
    const { birth } = keyspace.database.floorsOf(7629);
    expect(birth.clock)
      .to.be.greaterThan(expiry.version.clock)
      .and.at.most(keyspace.clock.latest + 1);
  });

  it("puts a text together from its pieces, changed or not between them", () => {
    const body = Buffer.alloc(40_000, "abcdefghij");
    const changed = { ...LIFE, clock: LIFE.clock + 5 };
    const slot = 7629;
    const place = { db: 0, slot, key: Buffer.from("k") };
    const piece = (life: typeof LIFE, offset: number, end: number): Delta => ({
      kind: "piece",
      ...place,
      life,
      expiry: { deadlineMs: 0, version: life },
      totalBytes: body.length,
      offset,
      bytes: Buffer.from(body.subarray(offset, end)),
    });
    const keyspace = smallKeyspace();
    const replay = replayOf(keyspace);
    const first = piece(LIFE, 0, 30_000);
    body.write("PATCH", 29_998);
    const patch: Delta = {
      kind: "patch",
      ...place,
      predecessor: LIFE,
      life: changed,
      deadlineMs: 0,
      offset: 29_998,
      bytes: Buffer.from("PATCH"),
    };
    const bytes = batchOf(first, patch, piece(changed, 30_000, 40_000));
    for (let times = 0; times < 2; times++) {
      replay.apply(bytes, 0, bytes.length);
      openKey(keyspace, "k");
      const { bytes: stored, start, end } = keyspace.records.body(keyspace.at);
      expect(Buffer.compare(stored.subarray(start, end), body)).to.equal(0);
    }
    while (!replay.finish(1));
    expect(keyspace.size).to.equal(1);
  });

  it("leaves an empty keyspace when it is given up", () => {
    const origin = new RecordedKeyspace();
    origin.perform({
      pauseMs: 0,
      database: 1,
      commands: [["set", "k", "v"], ["flushdb"], ["set", "h", "v"]],
    });
    const keyspace = smallKeyspace();
    const replay = replayOf(keyspace);
    replay.apply(origin.recorded(), 0, origin.recorded().length);
    replay.abandon();
    expect(keyspace.size).to.equal(0);
    expect(keyspace.databases[1]!.flushFloors.clock(7629)).to.equal(0);
    expect(keyspace.keepTombstones).to.equal(false);
  });
});
