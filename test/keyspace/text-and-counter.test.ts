import { expect } from "chai";
import fc from "fast-check";
import { addInt64, type Int64, parseInt64 } from "#torus/base/int64.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import { addToCounter, integerOf, textOf } from "#torus/keyspace/counter.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { OUTSIDE_BYTES } from "#torus/keyspace/record.js";
import { setText } from "#torus/keyspace/text.js";
import { patchText } from "#torus/keyspace/text-edit.js";
import { DeltaTap } from "../support/delta-tap.js";
import { openKey, START_MS, smallKeyspace } from "../support/small-keyspace.js";

/** What is done to a key, and with how much time before it. */
interface Step {
  readonly key: string;
  readonly pauseMs: number;
  readonly act:
    | { readonly kind: "set"; readonly text: string; readonly ttlMs: number }
    | { readonly kind: "patch"; readonly offset: number; readonly text: string }
    | { readonly kind: "add"; readonly by: Int64 }
    | { readonly kind: "expire"; readonly ttlMs: number }
    | { readonly kind: "persist" }
    | { readonly kind: "remove" };
}

// Lengths on both sides of where bodies leave the arena, with the digits of integers and their like.
const texts = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("0", "7", "-41", "9223372036854775807", "-9223372036854775808") },
  { weight: 4, arbitrary: fc.constantFrom("", "a", "\0\xff\r\n", "text", "01", "9223372036854775808") },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom("x", "\xf0"),
        fc.oneof(fc.nat(300), fc.integer({ min: OUTSIDE_BYTES - 2, max: OUTSIDE_BYTES + 2 })),
      )
      .map(([byte, length]) => byte.repeat(length)),
  },
);
const offsets = fc.oneof(
  { weight: 6, arbitrary: fc.nat(40) },
  { weight: 2, arbitrary: fc.integer({ min: OUTSIDE_BYTES - 3, max: OUTSIDE_BYTES + 3 }) },
  { weight: 1, arbitrary: fc.constant(100_000) },
);
const increments: fc.Arbitrary<Int64> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -100, max: 100 }) },
  { weight: 1, arbitrary: fc.constantFrom<Int64>(2 ** 53 - 1, -(2n ** 62n), 2n ** 63n - 1n, -(2n ** 63n)) },
);
const ttls = fc.constantFrom(1, 10, 1000);
const steps: fc.Arbitrary<Step> = fc.record({
  key: fc.constantFrom("a", "b{a}", ""),
  pauseMs: fc.constantFrom(0, 0, 0, 1, 5, 2000),
  act: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("set" as const),
        text: texts,
        ttlMs: fc.oneof(fc.constant(0), ttls),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("patch" as const), offset: offsets, text: texts }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("add" as const), by: increments }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("expire" as const), ttlMs: ttls }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("persist" as const, "remove" as const) }) },
  ),
});

/** What clients see of a key. */
interface Value {
  readonly text: string;
  /** 0 for never. */
  readonly deadlineMs: number;
}

/** What the keyspace should do, in the plainest way. Numbers that do not fit are left out. */
class Model {
  readonly values = new Map<string, Value>();
  nowMs = START_MS;

  apply({ key, pauseMs, act }: Step): void {
    this.nowMs += pauseMs;
    for (const [name, { deadlineMs }] of this.values) {
      if (deadlineMs !== 0 && deadlineMs <= this.nowMs) this.values.delete(name);
    }
    const before = this.values.get(key);
    const after = this.#valueAfter(act, before);
    if (after === undefined) this.values.delete(key);
    else this.values.set(key, after);
  }

  #valueAfter(act: Step["act"], before: Value | undefined): Value | undefined {
    const { text, deadlineMs } = before ?? { text: undefined, deadlineMs: 0 };
    switch (act.kind) {
      case "set":
        return { text: act.text, deadlineMs: act.ttlMs === 0 ? 0 : this.nowMs + act.ttlMs };
      case "patch":
        return { text: patched(text ?? "", act.offset, act.text), deadlineMs };
      case "add": {
        const sum = sumOf(text ?? "0", act.by);
        return sum === undefined ? before : { text: String(sum), deadlineMs };
      }
      case "expire":
        return before && { ...before, deadlineMs: this.nowMs + act.ttlMs };
      case "persist":
        return before && { ...before, deadlineMs: 0 };
      case "remove":
        return undefined;
    }
  }
}

function patched(text: string, offset: number, bytes: string): string {
  const padded = text.padEnd(offset, "\0");
  return padded.slice(0, offset) + bytes + padded.slice(offset + bytes.length);
}

function sumOf(text: string, by: Int64): Int64 | undefined {
  const value = parseInt64(Buffer.from(text, "latin1"), 0, text.length);
  return value === undefined ? undefined : addInt64(value, by);
}

function perform(keyspace: Keyspace, { key, act }: Step): void {
  openKey(keyspace, key);
  const isThere = keyspace.at !== NOWHERE;
  switch (act.kind) {
    case "set": {
      const bytes = Buffer.from(act.text, "latin1");
      setText(keyspace, bytes, 0, bytes.length, act.ttlMs === 0 ? 0 : keyspace.nowMs + act.ttlMs);
      break;
    }
    case "patch": {
      // The bytes are part of something larger, as in a request.
      const bytes = Buffer.from(`<${act.text}>`, "latin1");
      patchText(keyspace, act.offset, bytes, 1, bytes.length - 1);
      break;
    }
    case "add": {
      const value = integerOf(keyspace, keyspace.at);
      const sum = value === undefined ? undefined : addInt64(value, act.by);
      if (sum !== undefined) addToCounter(keyspace, act.by, sum);
      break;
    }
    case "expire":
      if (isThere) keyspace.setDeadline(keyspace.nowMs + act.ttlMs);
      break;
    case "persist":
      if (isThere && keyspace.records.deadline(keyspace.at) !== 0) keyspace.setDeadline(0);
      break;
    case "remove":
      if (isThere) keyspace.remove();
      break;
  }
}

function read(keyspace: Keyspace, key: string): Value | undefined {
  openKey(keyspace, key);
  if (keyspace.at === NOWHERE) return undefined;
  const { bytes, start, end } = textOf(keyspace, keyspace.at);
  const deadlineMs = keyspace.records.deadline(keyspace.at);
  return { text: bytes.toString("latin1", start, end), deadlineMs };
}

describe("text and counters", () => {
  for (const keepTombstones of [false, true]) {
    describe(keepTombstones ? "with tombstones and husks" : "that leave nothing behind", () => {
      for (const isTold of [false, true]) {
        it(`do what strings do, ${isTold ? "with" : "without"} a listener`, () => {
          fc.assert(
            fc.property(fc.array(steps, { maxLength: 60, size: "max" }), (run) => {
              const keyspace = smallKeyspace({ keepTombstones });
              const tap = isTold ? new DeltaTap(keyspace) : undefined;
              const model = new Model();
              for (const step of run) {
                model.apply(step);
                keyspace.tick(model.nowMs);
                perform(keyspace, step);
                tap?.take();
                for (const key of ["a", "b{a}", ""]) {
                  expect(read(keyspace, key)).to.deep.equal(model.values.get(key));
                }
                const deadlines = [...model.values.values()].filter(({ deadlineMs }) => deadlineMs !== 0);
                expect(keyspace.size).to.equal(model.values.size);
                expect(keyspace.database.expiringCount).to.equal(deadlines.length);
              }
            }),
            { numRuns: 60 },
          );
        });
      }
    });
  }

  it("give back all memory that they took", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 60, size: "max" }), (run) => {
        const keyspace = smallKeyspace();
        for (const step of run) perform(keyspace, step);
        for (const key of ["a", "b{a}", ""]) perform(keyspace, { key, pauseMs: 0, act: { kind: "remove" } });
        expect(keyspace.records.arena.usedBytes).to.equal(0);
        expect(keyspace.records.outsideBytes).to.equal(0);
      }),
      { numRuns: 60 },
    );
  });
});
