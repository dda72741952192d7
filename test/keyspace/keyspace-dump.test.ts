/** A dump told in small parts, with commands between them, is with their deltas a copy of what is there at its end. */
import { expect } from "chai";
import fc from "fast-check";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { crc32 } from "#torus/base/crc32.js";
import { beginBatch, endBatch } from "#torus/delta/batch.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { KeyspaceDump } from "#torus/keyspace/keyspace-dump.js";
import { expectSoundCounts } from "../support/keyspace-contents.js";
import {
  canRepeat,
  history,
  isCertain,
  RecordedKeyspace,
  replayInto,
  type Step,
  visibleOf,
} from "../support/recorded-keyspace.js";
import { smallKeyspace } from "../support/small-keyspace.js";
import { KEYS } from "../support/writing-commands.js";

const SMALL_PARTS = { pieceBytes: 4000, fields: 2 };

class Dumping {
  readonly #dump: KeyspaceDump;
  readonly #writer = new ByteWriter({ bytesMax: 2 ** 24 });

  constructor(keyspace: Keyspace) {
    this.#dump = new KeyspaceDump(keyspace, SMALL_PARTS);
  }

  /** A batch of the next bit of the dump; undefined when all is told. */
  next(): Buffer | undefined {
    const writer = this.#writer;
    writer.clear();
    const start = beginBatch(writer);
    const empty = writer.length;
    const isMore = this.#dump.next(writer, empty + 1);
    if (writer.length === empty) return isMore ? Buffer.alloc(0) : undefined;
    endBatch(writer, start, crc32);
    return Buffer.from(writer.written());
  }
}

interface Course {
  readonly before: readonly Step[];
  /** One after each part of the dump, until it is over: then they are its log. */
  readonly meanwhile: readonly Step[];
  readonly pauseMs: number;
  readonly afterwards: readonly Step[];
}

const course: fc.Arbitrary<Course> = fc.record({
  before: history(25),
  meanwhile: history(25).filter(canRepeat),
  pauseMs: fc.constantFrom(0, 10, 60, 5000),
  afterwards: history(15).filter(isCertain),
});

/** Performs the course up to the pause; answers the dump with the changes made meanwhile, and the log behind it. */
function dumped(origin: RecordedKeyspace, { before, meanwhile }: Course): { dump: Buffer; log: Buffer } {
  for (const step of before) origin.perform(step);
  const dumping = new Dumping(origin.keyspace);
  const parts: Buffer[] = [];
  let told = origin.recorded().length;
  const steps = meanwhile.values();
  for (;;) {
    const recorded = origin.recorded();
    parts.push(recorded.subarray(told));
    told = recorded.length;
    const part = dumping.next();
    if (part === undefined) break;
    parts.push(part);
    const { value: step } = steps.next();
    if (step !== undefined) origin.perform(step);
  }
  for (const step of steps) origin.perform(step);
  return { dump: Buffer.concat(parts), log: origin.recorded().subarray(told) };
}

describe("keyspace dump", () => {
  it("is a copy, whatever is done between its parts, and goes on as the original", () => {
    fc.assert(
      fc.property(course, (course) => {
        const origin = new RecordedKeyspace();
        const { dump, log } = dumped(origin, course);
        const bytes = Buffer.concat([dump, log]);
        const wallMs = (origin.nowMs += course.pauseMs);
        origin.keyspace.tick(wallMs);
        const keyspace = smallKeyspace({ origin: 1 });
        replayInto(keyspace, bytes, { wallMs });
        expect(visibleOf(keyspace)).to.deep.equal(visibleOf(origin.keyspace));
        expectSoundCounts(keyspace, KEYS);
        expect(keyspace.size).to.equal(Object.keys(visibleOf(keyspace)).length);
        const copy = new RecordedKeyspace(keyspace, wallMs);
        for (const step of course.afterwards) {
          origin.perform(step);
          copy.perform(step);
          expect(visibleOf(keyspace)).to.deep.equal(visibleOf(origin.keyspace));
        }
        const again = smallKeyspace({ origin: 1 });
        replayInto(again, Buffer.concat([bytes, copy.recorded()]), { wallMs: origin.nowMs });
        expect(visibleOf(again)).to.deep.equal(visibleOf(origin.keyspace));
      }),
      { numRuns: 500 },
    );
  });

  it("changes nothing when it is loaded again", () => {
    fc.assert(
      fc.property(course, (course) => {
        const origin = new RecordedKeyspace();
        const { dump } = dumped(origin, { ...course, afterwards: [] });
        const wallMs = origin.nowMs;
        const keyspace = smallKeyspace({ origin: 1 });
        replayInto(keyspace, dump, { wallMs });
        const visible = visibleOf(keyspace);
        replayInto(keyspace, dump, { wallMs });
        expect(visibleOf(keyspace)).to.deep.equal(visible);
        expectSoundCounts(keyspace, KEYS);
      }),
      { numRuns: 200 },
    );
  });

  it("lets no part come to life of a record that expired before its turn", () => {
    for (const change of [
      ["hset", "k", "f", "2"],
      ["incr", "k"],
    ] as const) {
      const origin = new RecordedKeyspace();
      const perform = (pauseMs: number, ...commands: Step["commands"]): void => {
        origin.perform({ pauseMs, database: 0, commands });
      };
      // Slots 3300 and 7629.
      perform(0, ["set", "b", "told first"], change, ["pexpire", "k", "10"]);
      const dumping = new Dumping(origin.keyspace);
      const parts = [dumping.next()!];
      const told = origin.recorded().length;
      perform(1, change);
      perform(10, ["get", "k"]);
      parts.push(origin.recorded().subarray(told));
      for (let part = dumping.next(); part !== undefined; part = dumping.next()) parts.push(part);
      const keyspace = smallKeyspace({ origin: 1 });
      replayInto(keyspace, Buffer.concat(parts), { wallMs: origin.nowMs });
      expect(keyspace.size).to.equal(1);
    }
  });

  it("misses no key while tables grow and shrink between its parts", () => {
    const origin = new RecordedKeyspace();
    const set = (key: string): Step => ({ pauseMs: 0, database: 0, commands: [["set", key, key]] });
    const remove = (key: string): Step => ({ pauseMs: 0, database: 0, commands: [["del", key]] });
    for (let i = 0; i < 6000; i++) origin.perform(set(`{t}stays${i}`));
    const dumping = new Dumping(origin.keyspace);
    const keyspace = smallKeyspace({ origin: 1 });
    let step = 0;
    const parts: Buffer[] = [];
    for (let part = dumping.next(); part !== undefined; part = dumping.next()) {
      parts.push(part);
      for (let i = 0; i < 40; i++, step++) {
        origin.perform(step < 8000 ? set(`{t}comes${step}`) : remove(`{t}comes${step - 8000}`));
      }
    }
    expect(step, "the table grows and shrinks").to.be.greaterThan(3000);
    // What came and went is told by its own deltas, which are left out here.
    replayInto(keyspace, Buffer.concat(parts), { wallMs: origin.nowMs });
    for (let i = 0; i < 6000; i++) {
      const key = Buffer.from(`{t}stays${i}`);
      expect(keyspace.peek(key, 0, key.length)).to.not.equal(0);
    }
  });

  it("tells floors that all slots share once, and birth floors slot by slot", () => {
    const origin = new RecordedKeyspace();
    origin.perform({ pauseMs: 0, database: 0, commands: [["flushall"], ["set", "k", "v"], ["del", "k"]] });
    const dumping = new Dumping(origin.keyspace);
    const parts: Buffer[] = [];
    for (let part = dumping.next(); part !== undefined; part = dumping.next()) parts.push(part);
    const keyspace = smallKeyspace({ origin: 1 });
    replayInto(keyspace, Buffer.concat(parts), { wallMs: origin.nowMs });
    for (const [i, { flushFloors, birthFloors }] of keyspace.databases.entries()) {
      const original = origin.keyspace.databases[i]!;
      for (const slot of [0, 7629, 16383]) {
        expect(flushFloors.version(slot)).to.deep.equal(original.flushFloors.version(slot));
        expect(birthFloors.version(slot)).to.deep.equal(original.birthFloors.version(slot));
      }
    }
    // Two databases flushed, one slot with a birth floor.
    expect(Buffer.concat(parts).length).to.be.lessThan(100);
  });
});
