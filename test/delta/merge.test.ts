import { expect } from "chai";
import fc from "fast-check";
import { merge } from "#torus/delta/merge.js";
import { noExpiry, type RecordState, tombstone } from "#torus/delta/record-state.js";
import { VERSION_ZERO, type Version } from "#torus/delta/version.js";
import { state, version } from "./arbitraries.js";
import { bytesOf } from "./bytes-of.js";

const RUNS = { numRuns: 5000 };

/** Below all generated lives as often as amid them. */
const birthFloor = fc.oneof(fc.constant(VERSION_ZERO), version);

function at(clock: number, origin = 1): Version {
  return { clock, origin };
}

function text(life: Version, value: string): RecordState {
  return { life, expiry: noExpiry(life), body: { kind: "text", bytes: Buffer.from(value) } };
}

function hash(life: Version, fields: Record<string, [value: string | null, version: Version]>): RecordState {
  const entries = Object.entries(fields).map(([name, [value, version]]) => {
    return [name, { value: value === null ? null : Buffer.from(value), version }] as const;
  });
  return { life, expiry: noExpiry(life), body: { kind: "hash", fields: new Map(entries) } };
}

/** Members with the versions of their additions, or of their removals where so marked. */
function set(life: Version, members: Record<string, ["added" | "removed", Version]>): RecordState {
  const entries = Object.entries(members).map(([name, [what, version]]) => {
    return [name, { value: what === "removed" ? null : Buffer.alloc(0), version }] as const;
  });
  return { life, expiry: noExpiry(life), body: { kind: "set", fields: new Map(entries) } };
}

function counter(
  life: Version,
  base: number,
  ...sums: [origin: number, boot: number, sum: number, clock: number][]
) {
  const contributions = sums.map(([origin, boot, sum, clock]) => ({ origin, boot, sum, clock }));
  return {
    life,
    expiry: noExpiry(life),
    body: { kind: "counter", base, contributions },
  } satisfies RecordState;
}

function expectJoin(a: RecordState, b: RecordState, joined: RecordState): void {
  expect(bytesOf(merge(a, b))).equal(bytesOf(joined));
  expect(bytesOf(merge(b, a))).equal(bytesOf(joined));
}

describe("merging record states", () => {
  it("is commutative, over all kinds of states together", () => {
    fc.assert(
      fc.property(state, state, birthFloor, (a, b, floor) => {
        expect(bytesOf(merge(a, b, floor))).equal(bytesOf(merge(b, a, floor)));
      }),
      RUNS,
    );
  });

  it("is associative, over all kinds of states together", () => {
    fc.assert(
      fc.property(state, state, state, birthFloor, (a, b, c, floor) => {
        const left = merge(merge(a, b, floor), c, floor);
        const right = merge(a, merge(b, c, floor), floor);
        expect(bytesOf(left)).equal(bytesOf(right));
      }),
      RUNS,
    );
  });

  it("is idempotent, and takes in again what it has taken in before without a change", () => {
    fc.assert(
      fc.property(state, state, birthFloor, (a, b, floor) => {
        expect(bytesOf(merge(a, a, floor))).equal(bytesOf(a));
        const both = merge(a, b, floor);
        expect(bytesOf(merge(both, a, floor))).equal(bytesOf(both));
        expect(bytesOf(merge(both, b, floor))).equal(bytesOf(both));
      }),
      RUNS,
    );
  });

  it("gives one result for many states in any order and number", () => {
    const shuffled = fc
      .array(state, { minLength: 1, maxLength: 6 })
      .chain((states) =>
        fc.tuple(
          fc.constant(states),
          fc.shuffledSubarray([...states, ...states], { minLength: states.length }),
        ),
      )
      .map(([states, some]) => ({ states, again: [...some, ...states] }));
    fc.assert(
      fc.property(shuffled, ({ states, again }) => {
        const once = states.reduce((a, b) => merge(a, b));
        expect(bytesOf(again.reduce((a, b) => merge(a, b)))).equal(bytesOf(once));
      }),
      RUNS,
    );
  });

  it("lets the higher life win whole, by clock and then by origin", () => {
    const old = hash(at(5), { f: ["1", at(9)] });
    expectJoin(old, text(at(6), "x"), text(at(6), "x"));
    expectJoin(old, text(at(5, 2), "x"), text(at(5, 2), "x"));
    expectJoin(old, tombstone(at(6)), tombstone(at(6)));
  });

  it("lets work that joined a tombstone's life live, and dead lives stay dead", () => {
    const reborn = hash(at(6), { f: ["1", at(9)] });
    expectJoin(reborn, tombstone(at(6)), reborn);
    expectJoin(reborn, hash(at(5), { g: ["2", at(99)] }), reborn);
  });

  it("ranks a text below a counter below a hash below a set within one life", () => {
    const members = set(at(5), { f: ["added", at(6)] });
    expectJoin(hash(at(5), { f: ["1", at(9)] }), members, members);
    const counted = counter(at(5), 7, [1, 1, 1, 6]);
    const fields = hash(at(5), { f: ["1", at(6)] });
    expectJoin(text(at(5), "7"), counted, counted);
    expectJoin(counted, fields, fields);
  });

  it("takes the larger bytes of two texts of one life", () => {
    expectJoin(text(at(5), "ab"), text(at(5), "b"), text(at(5), "b"));
    expectJoin(text(at(5), "a"), text(at(5), "ab"), text(at(5), "ab"));
  });

  it("joins expiry registers apart from bodies: the later version, then the larger deadline", () => {
    const body = text(at(5), "x");
    const with1 = { ...body, expiry: { deadlineMs: 100, version: at(6) } };
    const with2 = { ...tombstone(at(5)), expiry: { deadlineMs: 50, version: at(7) } };
    expectJoin(with1, with2, { ...body, expiry: with2.expiry });
    expectJoin(with1, { ...with1, expiry: { deadlineMs: 0, version: at(6) } }, with1);
    expectJoin({ ...body, expiry: { deadlineMs: 100, version: at(5) } }, body, {
      ...body,
      expiry: { deadlineMs: 100, version: at(5) },
    });
  });

  it("adds the contributions of all, each at its latest", () => {
    expectJoin(
      counter(at(5), 10, [1, 1, 3, 6], [2, 1, 5, 6]),
      counter(at(5), 10, [1, 1, 4, 7], [1, 2, 1, 8], [3, 1, 9, 6]),
      counter(at(5), 10, [1, 1, 4, 7], [1, 2, 1, 8], [2, 1, 5, 6], [3, 1, 9, 6]),
    );
    expectJoin(
      counter(at(5), 1, [1, 1, 3, 6]),
      counter(at(5), 2, [1, 1, 4, 6]),
      counter(at(5), 2, [1, 1, 4, 6]),
    );
  });

  it("takes each field at its latest, values before removals and larger values first on a tie", () => {
    expectJoin(
      hash(at(5), { a: ["1", at(6)], b: ["1", at(8)], c: [null, at(6)], d: ["1", at(6)], e: ["1", at(6)] }),
      hash(at(5), { a: [null, at(7)], b: [null, at(7)], c: ["", at(6)], d: ["2", at(6)], f: ["9", at(6)] }),
      hash(at(5), {
        a: [null, at(7)],
        b: ["1", at(8)],
        c: ["", at(6)],
        d: ["2", at(6)],
        e: ["1", at(6)],
        f: ["9", at(6)],
      }),
    );
  });

  it("takes each member as it was last added or removed, and lets an addition win a tie", () => {
    expectJoin(
      set(at(5), {
        a: ["added", at(6)],
        b: ["added", at(8)],
        c: ["removed", at(6)],
        d: ["removed", at(6)],
        e: ["added", at(6)],
      }),
      set(at(5), {
        a: ["removed", at(7)],
        b: ["removed", at(7)],
        c: ["added", at(6)],
        d: ["added", at(6, 2)],
        f: ["added", at(6)],
      }),
      set(at(5), {
        a: ["removed", at(7)],
        b: ["added", at(8)],
        c: ["added", at(6)],
        d: ["added", at(6, 2)],
        e: ["added", at(6)],
        f: ["added", at(6)],
      }),
    );
  });

  it("lets a deletion end what was added to the life that it ended, however late, and nothing added to its own", () => {
    const added = set(at(5), { m: ["added", at(99)] });
    expectJoin(added, tombstone(at(6)), tombstone(at(6)));
    const after = set(at(6), { m: ["added", at(7)] });
    expectJoin(after, tombstone(at(6)), after);
    expectJoin(after, added, after);
  });

  it("counts all lives up to the birth floor as one", () => {
    const before = hash(at(3), { f: ["1", at(11)] });
    const born = hash(at(10, 0), { g: ["2", at(12)] });
    const later = hash(at(11), { h: ["3", at(13)] });
    const both = hash(at(10, 0), { f: ["1", at(11)], g: ["2", at(12)] });
    const expiry = noExpiry(at(10, 0));
    expect(bytesOf(merge(before, born, at(10)))).equal(bytesOf({ ...both, expiry }));
    expect(bytesOf(merge(before, later, at(10)))).equal(bytesOf(later));
    expect(bytesOf(merge(before, born, at(9)))).equal(bytesOf(born));
  });
});
