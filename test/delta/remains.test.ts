import { expect } from "chai";
import fc from "fast-check";
import { applyRecord } from "#torus/delta/apply.js";
import { clockOfMs, msOfClock } from "#torus/delta/hybrid-clock.js";
import { merge } from "#torus/delta/merge.js";
import { counterValue } from "#torus/delta/packed-counter.js";
import {
  type Body,
  isVisible,
  NO_BODY,
  newestVersion,
  noExpiry,
  type RecordState,
  tombstone,
} from "#torus/delta/record-state.js";
import {
  birthLife,
  collected,
  type Floors,
  floorOfRemains,
  isSettled,
  NO_FLOORS,
  successor,
  survivesFlush,
} from "#torus/delta/remains.js";
import { compareVersions, VERSION_ZERO, type Version } from "#torus/delta/version.js";
import { nowMs, state, version } from "./arbitraries.js";
import { bytesOf } from "./bytes-of.js";

const RUNS = { numRuns: 3000 };

function at(clock: number, origin = 1): Version {
  return { clock, origin };
}

function hashOf(fields: Record<string, [value: string | null, version: Version]>): Body {
  const entries = Object.entries(fields).map(([name, [value, version]]) => {
    return [name, { value: value === null ? null : Buffer.from(value), version }] as const;
  });
  return { kind: "hash", fields: new Map(entries) };
}

function alive(life: Version, body: Body): RecordState {
  return { life, expiry: noExpiry(life), body };
}

function counted(version: Version): Body {
  const { clock, origin } = version;
  return { kind: "counter", base: 0, contributions: [{ origin, boot: 7, sum: 1, clock }] };
}

const floors: fc.Arbitrary<Floors> = fc.record({
  birth: fc.oneof(fc.constant(VERSION_ZERO), version),
  flush: fc.constant(VERSION_ZERO),
});

/** What a node writes on seeing a state, at a time: above all that it has seen. */
function nextVersion(state: RecordState, floors: Floors, nowMs: number): Version {
  const seen = [newestVersion(state), birthLife(floors)].map(({ clock }) => clock);
  return at(Math.max(...seen, clockOfMs(nowMs)) + 1);
}

/** What a node writes, that joins the remains that it sees under its floors. */
function addition(
  remains: RecordState | undefined,
  joining: "counter" | "hash",
  floors: Floors,
  nowMs: number,
) {
  const version = nextVersion(remains ?? tombstone(VERSION_ZERO), floors, nowMs);
  const { life, clearsExpiry } = successor(remains, { joining, version, floors, nowMs });
  const expiry = clearsExpiry ? { deadlineMs: 0, version } : noExpiry(life);
  return { life, expiry, body: joining === "counter" ? counted(version) : hashOf({ new: ["1", version] }) };
}

/** A record apart from its life, of which owners may know different ones up to the floor. */
function seen(state: RecordState | undefined): string {
  return bytesOf(state && { ...state, life: VERSION_ZERO, expiry: noExpiry(VERSION_ZERO) });
}

/** What single commands write: all of one version, on the life that it begins or on an earlier one. */
const commandState: fc.Arbitrary<RecordState> = fc
  .record({
    version,
    earlier: version,
    joined: fc.constantFrom("counter", "hash", "mark", "register"),
    begins: fc.boolean(),
  })
  .map(({ version, earlier, joined, begins }) => {
    if (begins)
      return joined === "mark"
        ? tombstone(version)
        : alive(version, { kind: "text", bytes: Buffer.from("x") });
    const life = compareVersions(earlier, version) <= 0 ? earlier : version;
    if (joined === "register") return { life, expiry: { deadlineMs: 0, version }, body: NO_BODY };
    if (joined === "counter") return alive(life, counted(version));
    return alive(life, hashOf({ f: [joined === "mark" ? null : "1", version] }));
  });

describe("remains", () => {
  it("give the same life to all that add to them: their own, the deadline, or the floor where nothing is left", () => {
    const life = at(5);
    const husk = { ...tombstone(life), expiry: { deadlineMs: 3, version: at(6) } };
    const emptied = alive(life, hashOf({ f: [null, at(9)] }));
    const withExpiry = { ...emptied, expiry: { deadlineMs: 9, version: at(7) } };
    const own = at(clockOfMs(8));
    const ask = (
      remains: RecordState | undefined,
      floors = NO_FLOORS,
      joining: "hash" | "counter" = "hash",
    ) => {
      return successor(remains, { joining, version: own, floors, nowMs: 4 });
    };
    expect(ask(undefined)).deep.equal({ life: VERSION_ZERO, clearsExpiry: false });
    expect(ask(undefined, { birth: at(3), flush: at(2) }).life).deep.equal(at(3));
    expect(ask(undefined, { birth: at(3), flush: at(4) }).life).deep.equal(at(4));
    expect(ask(tombstone(life))).deep.equal({ life, clearsExpiry: false });
    expect(ask(tombstone(life), { birth: at(6), flush: VERSION_ZERO }).life).deep.equal(at(6));
    expect(ask(husk)).deep.equal({ life: at(clockOfMs(3), 0), clearsExpiry: false });
    expect(ask({ ...husk, body: counted(at(6)) })).deep.equal(ask(husk));
    expect(ask(emptied)).deep.equal({ life, clearsExpiry: false });
    expect(ask(withExpiry)).deep.equal({ life, clearsExpiry: true });
    expect(ask(emptied, NO_FLOORS, "counter")).deep.equal({ life: own, clearsExpiry: false });
  });

  it("derive a life above the expired one even when its deadline is below it", () => {
    const husk = { ...tombstone(at(clockOfMs(5))), expiry: { deadlineMs: 3, version: at(6) } };
    const { life } = successor(husk, { joining: "hash", version: at(0), floors: NO_FLOORS, nowMs: 6 });
    expect(life).deep.equal({ clock: clockOfMs(5) + 1, origin: 0 });
  });

  it("never end a life that is to come: what a node writes next is above every life that follows from them", () => {
    fc.assert(
      fc.property(
        state,
        floors,
        nowMs,
        fc.constantFrom("counter", "hash"),
        (remains, floors, nowMs, joining) => {
          fc.pre(!isVisible(remains, nowMs));
          const version = nextVersion(remains, floors, nowMs);
          const { life } = successor(remains, { joining, version, floors, nowMs });
          expect(compareVersions(life, version)).lte(0);
          expect(compareVersions(life, remains.life)).gte(0);
          expect(compareVersions(life, birthLife(floors))).gte(0);
        },
      ),
      RUNS,
    );
  });

  it("never hide what is added to them, nor bring back anything with it", () => {
    fc.assert(
      fc.property(
        state,
        floors,
        nowMs,
        fc.constantFrom("counter", "hash"),
        (remains, floors, nowMs, joining) => {
          fc.pre(!isVisible(remains, nowMs));
          // Floors have been taken: what they would collect is gone.
          const left = collected(remains, floors.birth);
          const added = addition(left, joining, floors, nowMs);
          const merged = left === undefined ? added : merge(left, added, floors.birth);
          // A register whose record is still to arrive keeps its deadline.
          if (left?.body.kind === "none" && left.expiry.deadlineMs > nowMs) return;
          expect(isVisible(merged, nowMs)).equal(true);
          expect(merged.expiry.deadlineMs).equal(0);
          if (merged.body.kind === "counter") {
            expect(counterValue(merged.body)).equal(1);
          } else if (merged.body.kind === "hash") {
            const live = [...merged.body.fields].filter(([, { value }]) => value !== null);
            expect(live.map(([name]) => name)).deep.equal(["new"]);
          }
          expect(merged.body.kind).equal(joining);
        },
      ),
      RUNS,
    );
  });

  it("have no successor while clients see the key", () => {
    const visible = alive(at(5), hashOf({ f: ["1", at(6)] }));
    const ask = () => successor(visible, { joining: "hash", version: at(9), floors: NO_FLOORS, nowMs: 0 });
    expect(ask).throw("only a key that clients do not see has a successor");
  });
});

describe("collecting", () => {
  it("drops remains up to the floor and nothing else", () => {
    const floor = at(clockOfMs(5));
    const before = at(4);
    const after = at(clockOfMs(9));
    const live = alive(before, hashOf({ f: ["1", before], g: [null, before], h: [null, after] }));
    const husk = (deadlineMs: number, version: Version) => ({
      ...tombstone(before),
      expiry: { deadlineMs, version },
    });
    const gone = [
      tombstone(before),
      tombstone(floor),
      husk(5, before),
      { ...husk(5, before), body: counted(before) },
      alive(before, hashOf({ g: [null, floor] })),
      { ...alive(before, hashOf({ g: [null, before] })), expiry: { deadlineMs: 99, version: before } },
    ];
    const kept = [
      tombstone(after),
      husk(6, before),
      husk(5, after),
      alive(before, counted(before)),
      alive(before, hashOf({ g: [null, after] })),
      alive(after, hashOf({})),
    ];
    for (const state of gone) expect(bytesOf(collected(state, floor))).equal("nothing");
    for (const state of kept) expect(bytesOf(collected(state, floor))).equal(bytesOf(state));
    const left = alive(before, hashOf({ f: ["1", before], h: [null, after] }));
    expect(bytesOf(collected(live, floor))).equal(bytesOf(left));
  });

  it("changes nothing that clients see once the floor's time has come, and nothing when done again", () => {
    fc.assert(
      fc.property(state, version, (state, floor) => {
        const nowMs = msOfClock(floor.clock);
        const left = collected(state, floor);
        expect(left !== undefined && isVisible(left, nowMs)).equal(isVisible(state, nowMs));
        if (left !== undefined) expect(bytesOf(collected(left, floor))).equal(bytesOf(left));
      }),
      RUNS,
    );
  });

  it("commutes with what an owner adds that has not collected yet", () => {
    const joining = fc.constantFrom("counter" as const, "hash" as const);
    fc.assert(
      fc.property(state, version, nowMs, joining, (state, birth, ms, joining) => {
        const nowMs = Math.max(ms, msOfClock(birth.clock));
        fc.pre(!isVisible(state, nowMs) && compareVersions(newestVersion(state), birth) <= 0);
        fc.pre(state.body.kind === "none" || state.body.kind === joining);
        const left = collected(state, birth);
        const added = addition(state, joining, NO_FLOORS, nowMs);
        fc.pre(compareVersions(newestVersion(added), birth) > 0);
        const collectedFirst = left === undefined ? added : merge(left, added, birth);
        const addedFirst = collected(merge(state, added), birth);
        expect(seen(addedFirst)).equal(seen(collectedFirst));
      }),
      { numRuns: 500 },
    );
  });

  it("makes replays of any of the past harmless, of commands before the floor and after it", () => {
    const past = fc.array(commandState, { minLength: 1, maxLength: 8 });
    const joining = fc.constantFrom("counter" as const, "hash" as const);
    fc.assert(
      fc.property(past, joining, fc.nat(), (past, joining, pick) => {
        const birth = at(Math.max(...past.map((state) => newestVersion(state).clock)) + 1);
        const floors = { birth, flush: VERSION_ZERO };
        const left = collected(
          past.reduce((a, b) => merge(a, b)),
          birth,
        );
        const isLive = left !== undefined && isVisible(left, 0);
        const added = isLive ? tombstone(nextVersion(left, floors, 0)) : addition(left, joining, floors, 0);
        const record = left === undefined ? added : merge(left, added, birth);
        const deltas = [...past, added];
        const again = applyRecord(record, deltas[pick % deltas.length]!, { floors, nowMs: 0 });
        expect(again.kind).not.equal("needs-record");
        if (again.kind === "merged") expect(bytesOf(again.state)).equal(bytesOf(record));
      }),
      RUNS,
    );
  });

  it("takes, with a single owner, a floor that leaves no remains and refuses what was there", () => {
    fc.assert(
      fc.property(state, nowMs, (state, ms) => {
        const nowMs = Math.max(ms, msOfClock(newestVersion(state).clock));
        const isAwaited = state.body.kind === "none" && state.expiry.deadlineMs > nowMs;
        const floor = floorOfRemains(state, nowMs);
        if (floor === undefined) {
          expect(isVisible(state, nowMs) || isAwaited).equal(true);
          return;
        }
        const left = collected(state, floor);
        expect(left !== undefined).equal(isVisible(state, nowMs));
        expect(left && floorOfRemains(left, nowMs)).equal(undefined);
        if (left === undefined) expect(isSettled(state, floor)).equal(true);
      }),
      RUNS,
    );
  });
});

describe("flushing", () => {
  it("ends lives below its floor, whether they arrive before or after it", () => {
    fc.assert(
      fc.property(state, state, version, (a, b, flush) => {
        const floors = { birth: VERSION_ZERO, flush };
        const alive = [a, b].filter(({ life }) => survivesFlush(life, flush));
        const expected = alive.length === 0 ? undefined : alive.reduce((a, b) => merge(a, b));
        const flushedLast = merge(a, b);
        const outcome = applyRecord(survivesFlush(a.life, flush) ? a : undefined, b, { floors, nowMs: 9 });
        const flushedFirst = outcome.kind === "ignored" ? alive[0] : outcome.state;
        expect(bytesOf(survivesFlush(flushedLast.life, flush) ? flushedLast : undefined)).equal(
          bytesOf(expected),
        );
        if (expected === undefined || isVisible(expected, 9))
          expect(bytesOf(flushedFirst)).equal(bytesOf(expected));
      }),
      RUNS,
    );
  });

  it("lets keys be born at its floor", () => {
    const flush = at(5);
    const { life } = successor(undefined, {
      joining: "hash",
      version: at(6),
      floors: { birth: at(3), flush },
      nowMs: 0,
    });
    expect(survivesFlush(life, flush)).equal(true);
    expect(survivesFlush(at(4), flush)).equal(false);
  });
});
