import { expect } from "chai";
import fc from "fast-check";
import { applyPatch, applyRecord, type Circumstances, type Outcome } from "#torus/delta/apply.js";
import type { PatchDelta } from "#torus/delta/delta.js";
import { merge } from "#torus/delta/merge.js";
import { noExpiry, type RecordState, tombstone } from "#torus/delta/record-state.js";
import { NO_FLOORS } from "#torus/delta/remains.js";
import { equalVersions, VERSION_ZERO, type Version } from "#torus/delta/version.js";
import { state, version } from "./arbitraries.js";
import { bytesOf } from "./bytes-of.js";

const RUNS = { numRuns: 3000 };
const NOW: Circumstances = { floors: NO_FLOORS, nowMs: 50 };

function at(clock: number, origin = 1): Version {
  return { clock, origin };
}

function text(life: Version, value: string, deadlineMs = 0): RecordState {
  return { life, expiry: { deadlineMs, version: life }, body: { kind: "text", bytes: Buffer.from(value) } };
}

function patch(parts: Partial<PatchDelta> & Pick<PatchDelta, "predecessor" | "life">): PatchDelta {
  const place = { db: 0, slot: 0, key: Buffer.from("k") };
  return { kind: "patch", ...place, deadlineMs: 0, offset: 0, bytes: Buffer.from("!"), ...parts };
}

function summary(outcome: Outcome): string {
  return outcome.kind === "ignored" ? "ignored" : `${outcome.kind} ${bytesOf(outcome.state)}`;
}

describe("applying a record", () => {
  it("is merging, while nothing is known of the slot as a whole", () => {
    fc.assert(
      fc.property(state, state, (record, delta) => {
        const outcome = applyRecord(record, delta, { floors: NO_FLOORS, nowMs: 0 });
        if (outcome.kind === "ignored") throw new Error("nothing is settled");
        expect(bytesOf(outcome.state)).equal(bytesOf(merge(record, delta)));
      }),
      RUNS,
    );
  });

  it("ignores what the birth floor settled and lives that a flush ended", () => {
    const floors = { birth: at(10), flush: at(20) };
    const apply = (delta: RecordState, floors: Circumstances["floors"]) => {
      return applyRecord(undefined, delta, { floors, nowMs: 50 }).kind;
    };
    expect(apply(text(at(9), "x"), { ...floors, flush: VERSION_ZERO })).equal("ignored");
    expect(apply(text(at(10), "x"), { ...floors, flush: VERSION_ZERO })).equal("merged");
    expect(apply(text(at(19), "x"), floors)).equal("ignored");
    expect(apply(text(at(20), "x"), floors)).equal("merged");
    const late = {
      ...tombstone(at(5)),
      expiry: { deadlineMs: 90, version: at(11) },
      body: text(at(5), "x").body,
    };
    expect(apply(late, { ...floors, flush: VERSION_ZERO })).equal("merged");
  });

  it("joins what owners add who took the birth floor earlier and later", () => {
    const birth = at(10);
    const adds = (life: Version, name: string, clock: number): RecordState => {
      const fields = new Map([[name, { value: Buffer.from("1"), version: at(clock) }]]);
      return { life, expiry: noExpiry(life), body: { kind: "hash", fields } };
    };
    const outcome = applyRecord(adds(birth, "f", 11), adds(at(3), "g", 12), {
      floors: { ...NO_FLOORS, birth },
      nowMs: 0,
    });
    if (outcome.kind !== "merged" || outcome.state.body.kind !== "hash") throw new Error(outcome.kind);
    expect([...outcome.state.body.fields.keys()]).members(["f", "g"]);
    expect(outcome.state.life).deep.equal(birth);
  });

  it("asks for the record when a register speaks of a body that is not there", () => {
    const expires = { ...tombstone(at(5)), expiry: { deadlineMs: 90, version: at(6) } };
    const persists = { ...tombstone(at(5)), expiry: { deadlineMs: 0, version: at(7) } };
    const husk = { ...tombstone(at(5)), expiry: { deadlineMs: 40, version: at(6) } };
    expect(summary(applyRecord(undefined, expires, NOW))).equal(`needs-record ${bytesOf(expires)}`);
    expect(summary(applyRecord(husk, persists, NOW))).equal(`needs-record ${bytesOf(persists)}`);
    expect(applyRecord(text(at(5), "x"), persists, NOW).kind).equal("merged");
    expect(applyRecord(undefined, husk, NOW).kind).equal("merged");
    expect(applyRecord(undefined, tombstone(at(5)), NOW).kind).equal("merged");
  });

  it("leaves a husk a husk, for what is added to it is not the whole", () => {
    const husk = { ...tombstone(at(5)), expiry: { deadlineMs: 40, version: at(6) } };
    const field = { value: Buffer.from("1"), version: at(7) };
    const adds = {
      life: at(5),
      expiry: noExpiry(at(5)),
      body: { kind: "hash", fields: new Map([["f", field]]) },
    } as const;
    expect(summary(applyRecord(husk, adds, NOW))).equal(`merged ${bytesOf(husk)}`);
    expect(summary(applyRecord(husk, text(at(6), "x"), NOW))).equal(`merged ${bytesOf(text(at(6), "x"))}`);
  });
});

describe("applying a patch", () => {
  it("overwrites, appends and fills gaps with zeros, and takes the deadline along", () => {
    const record = { ...text(at(5), "abcd"), expiry: { deadlineMs: 70, version: at(6) } };
    const on = (offset: number, bytes: string) => {
      const parts = { predecessor: at(5), life: at(9), deadlineMs: 60, offset, bytes: Buffer.from(bytes) };
      return summary(applyPatch(record, patch(parts), NOW));
    };
    expect(on(1, "XY")).equal(`merged ${bytesOf(text(at(9), "aXYd", 60))}`);
    expect(on(3, "XY")).equal(`merged ${bytesOf(text(at(9), "abcXY", 60))}`);
    expect(on(4, "XY")).equal(`merged ${bytesOf(text(at(9), "abcdXY", 60))}`);
    expect(on(6, "XY")).equal(`merged ${bytesOf(text(at(9), "abcd\0\0XY", 60))}`);
    expect(on(0, "")).equal(`merged ${bytesOf(text(at(9), "abcd", 60))}`);
  });

  it("leaves the text that it was made on as it was", () => {
    const record = text(at(5), "abcd");
    applyPatch(record, patch({ predecessor: at(5), life: at(9) }), NOW);
    expect(bytesOf(record)).equal(bytesOf(text(at(5), "abcd")));
  });

  const patches = fc
    .record({
      predecessor: version,
      life: version,
      deadlineMs: fc.constantFrom(0, 90),
      offset: fc.nat(4),
      bytes: fc.constantFrom("", "x", "yy").map((text) => Buffer.from(text)),
    })
    .filter(({ predecessor, life }) => life.clock > predecessor.clock)
    .map(patch);

  /** The text that every patch is made on, and the whole record that comes of it. */
  function around(patch: PatchDelta) {
    const before = text(patch.predecessor, "abc");
    const after = applyPatch(before, patch, NOW);
    if (after.kind !== "merged") throw new Error(after.kind);
    return { before, whole: after.state };
  }

  it("makes of its predecessor, whatever its expiry, what the whole record would", () => {
    fc.assert(
      fc.property(patches, state, (patch, { expiry }) => {
        const { before, whole } = around(patch);
        const record = merge(before, { ...before, expiry });
        expect(summary(applyPatch(record, patch, NOW))).equal(`merged ${bytesOf(merge(record, whole))}`);
        expect(summary(applyPatch(merge(record, whole), patch, NOW))).equal(`merged ${bytesOf(whole)}`);
      }),
      RUNS,
    );
  });

  it("is ignored where the whole record would be, and else asks for it on any other life", () => {
    fc.assert(
      fc.property(patches, state, (patch, record) => {
        const { whole } = around(patch);
        fc.pre(![patch.life, patch.predecessor].some((life) => equalVersions(life, record.life)));
        const isOld = bytesOf(merge(record, whole)) === bytesOf(record);
        const outcome = isOld ? "ignored" : `needs-record ${bytesOf(record)}`;
        expect(summary(applyPatch(record, patch, NOW))).equal(outcome);
      }),
      RUNS,
    );
    expect(applyPatch(undefined, patch({ predecessor: at(5), life: at(9) }), NOW).kind).equal("needs-record");
  });

  it("asks for the record where its predecessor has no text any more", () => {
    const life = at(5);
    const onLife = patch({ predecessor: life, life: at(9) });
    expect(applyPatch(tombstone(life), onLife, NOW).kind).equal("needs-record");
    const counter = { kind: "counter", base: 7, contributions: [] } as const;
    expect(applyPatch({ ...tombstone(life), body: counter }, onLife, NOW).kind).equal("needs-record");
  });

  it("leaves a husk where the text expired before the patch came, and has expired again by now", () => {
    const husk: RecordState = { ...text(at(5), "", 40), body: { kind: "none" } };
    const onHusk = (deadlineMs: number) => {
      return summary(applyPatch(husk, patch({ predecessor: at(5), life: at(9), deadlineMs }), NOW));
    };
    expect(onHusk(50)).equal(`merged ${bytesOf({ ...text(at(9), "", 50), body: { kind: "none" } })}`);
    expect(onHusk(51)).equal(`needs-record ${bytesOf(husk)}`);
    expect(onHusk(0)).equal(`needs-record ${bytesOf(husk)}`);
  });

  it("brings its deadline to a life that others joined before it came, and asks for the record if they knew no body", () => {
    const life = at(9);
    const late = patch({ predecessor: at(5), life, deadlineMs: 90 });
    const counter = { kind: "counter", base: 7, contributions: [] } as const;
    const joined = { ...tombstone(life), body: counter };
    const expiry = { deadlineMs: 90, version: life };
    expect(summary(applyPatch(joined, late, NOW))).equal(`merged ${bytesOf({ ...joined, expiry })}`);
    expect(summary(applyPatch(tombstone(life), late, NOW))).equal(
      `needs-record ${bytesOf({ ...tombstone(life), expiry })}`,
    );
  });

  it("ignores what floors have ended or settled, and takes all lives up to the birth floor for one", () => {
    const record = text(at(5), "abc");
    const late = patch({ predecessor: at(6), life: at(9) });
    const under = (birth: Version, flush: Version) =>
      applyPatch(record, late, { ...NOW, floors: { birth, flush } });
    expect(under(at(10), VERSION_ZERO).kind).equal("ignored");
    expect(under(VERSION_ZERO, at(10)).kind).equal("ignored");
    expect(under(at(6), VERSION_ZERO).kind).equal("merged");
    expect(under(VERSION_ZERO, VERSION_ZERO).kind).equal("needs-record");
  });
});
