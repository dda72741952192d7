/**
 * Generated states from domains so small that everything collides: lives, registers, fields and contributions tie,
 * deadlines fall on clocks, and every kind of body meets every other.
 */

import fc from "fast-check";
import { INT64_MAX, INT64_MIN, type Int64 } from "#torus/base/int64.js";
import type { Delta } from "#torus/delta/delta.js";
import { clockOfMs } from "#torus/delta/hybrid-clock.js";
import { Position } from "#torus/delta/list-position.js";
import {
  type Body,
  type Contribution,
  type Field,
  NO_BODY,
  noExpiry,
  type RecordState,
} from "#torus/delta/record-state.js";
import { scoreBytes } from "#torus/delta/score.js";
import { StreamId } from "#torus/delta/stream-id.js";
import {
  CONSUMER,
  ENTRY,
  GROUP,
  PENDING,
  REGISTER,
  TRIM,
  withoutGone,
  writeStamp,
} from "#torus/delta/stream-items.js";
import type { Version } from "#torus/delta/version.js";

const CLOCKS = [0, 1, 2, 3, clockOfMs(1), clockOfMs(2), clockOfMs(2) + 1];
const DEADLINES_MS = [0, 1, 2];

export const version: fc.Arbitrary<Version> = fc.record({
  clock: fc.constantFrom(...CLOCKS),
  origin: fc.constantFrom(0, 1, 2),
});

export const nowMs = fc.constantFrom(0, 1, 2, 3);

const bytes = fc.constantFrom("", "x", "xy", "y", "\x00\xff").map((text) => Buffer.from(text, "latin1"));
const int64 = fc.constantFrom<Int64[]>(-1, 0, 1, 2, INT64_MAX, INT64_MIN);

const contribution: fc.Arbitrary<Contribution> = fc.record({
  origin: fc.constantFrom(1, 2),
  boot: fc.constantFrom(1, 2 ** 32 - 1),
  sum: int64,
  clock: fc.constantFrom(...CLOCKS),
});

const field: fc.Arbitrary<Field> = fc.record({ value: fc.option(bytes), version });

const score = fc
  .constantFrom(0, -0, 1, -1.5, 0.1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324)
  .map(scoreBytes);

const scored: fc.Arbitrary<Field> = fc.record({ value: fc.option(score), version });

const member: fc.Arbitrary<Field> = fc.record({ value: fc.option(fc.constant(Buffer.alloc(0))), version });

/** Positions of few clocks, of one step or two; no version of theirs is older. */
const position = fc
  .array(fc.tuple(fc.constantFrom(-2, -1, 1, 2), fc.constantFrom(1, 2), fc.constantFrom(0, 255)), {
    minLength: 1,
    maxLength: 2,
  })
  .map((steps) => {
    const end = new Position();
    const parts = steps.map(([clock, origin, rank]) => {
      end.setEnd(1, clock, origin, rank);
      return end.toBytes();
    });
    return Buffer.concat(parts).toString("latin1");
  });
const element: fc.Arbitrary<Field> = fc.record({
  value: fc.option(
    fc.oneof(
      bytes,
      fc.constantFrom("-7", "130", "40000").map((text) => Buffer.from(text)),
    ),
  ),
  version: fc.record({ clock: fc.constantFrom(...CLOCKS.slice(2)), origin: fc.constantFrom(0, 1, 2) }),
});

/** Fields of a stream, of few origins, groups, births and ids, each with a value of its kind. */
const streamId = fc.constantFrom([1, 0], [1, 1], [2, 0], [2 ** 40, 7]).map(([ms, seq]) => {
  const id = Buffer.alloc(16);
  StreamId.of(ms!, seq!).write(id, 0);
  return id;
});
const stamp = version.map((of) => {
  const bytes = Buffer.alloc(10);
  writeStamp(bytes, 0, of);
  return bytes;
});
const uint64 = fc.constantFrom(0, 1, 2).map((value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
});
const originName = fc.constantFrom(Buffer.of(0, 1), Buffer.of(0, 2));
const groupOwner = fc.tuple(fc.constantFrom(Buffer.of(0, 0, 0, 1, 0x67), Buffer.of(0, 0, 0, 0)), stamp);

function streamField(
  tag: number,
  name: fc.Arbitrary<readonly Buffer[]>,
  value: fc.Arbitrary<readonly Buffer[]>,
  hasMarks = true,
): fc.Arbitrary<readonly [string, Field]> {
  const content = value.map((parts) => Buffer.concat(parts));
  return fc
    .tuple(name, hasMarks ? fc.option(content) : content, version)
    .map(([parts, of, at]) => [
      Buffer.concat([Buffer.of(tag), ...parts]).toString("latin1"),
      { value: of, version: at },
    ]);
}

const streamFields = fc.oneof(
  streamField(REGISTER, fc.tuple(originName), fc.tuple(stamp, uint64, streamId, streamId), false),
  streamField(TRIM, fc.tuple(originName), fc.tuple(streamId), false),
  streamField(GROUP, fc.constantFrom([], [Buffer.from("g")]), fc.tuple(stamp, stamp, streamId, uint64)),
  streamField(
    CONSUMER,
    groupOwner.chain(([owner, birth]) => fc.constantFrom([owner, birth], [owner, birth, Buffer.from("c")])),
    fc.tuple(uint64),
  ),
  streamField(
    PENDING,
    fc.tuple(groupOwner, streamId).map(([[owner, birth], id]) => [owner, birth, id]),
    fc.tuple(uint64, uint64, bytes),
  ),
  streamField(
    ENTRY,
    fc.tuple(streamId),
    fc
      .constantFrom(["\x01f\x01v"], ["\x01f\x00"], ["\x00\x01v\x01f\x01w"])
      .map(([text]) => [Buffer.from(text!)]),
  ),
);

export const body: fc.Arbitrary<Body> = fc.oneof(
  fc.constant(NO_BODY),
  fc.record({ kind: fc.constant("text" as const), bytes }),
  fc.record({
    kind: fc.constant("counter" as const),
    base: int64,
    contributions: fc
      .uniqueArray(contribution, { selector: ({ origin, boot }) => `${origin}:${boot}`, maxLength: 4 })
      .map((all) => all.sort((a, b) => a.origin - b.origin || a.boot - b.boot)),
  }),
  fc.record({
    kind: fc.constant("hash" as const),
    fields: fc
      .uniqueArray(fc.tuple(fc.constantFrom("", "f", "g"), field), { selector: ([name]) => name })
      .map((entries) => new Map(entries)),
  }),
  fc.record({
    kind: fc.constant("set" as const),
    fields: fc
      .uniqueArray(fc.tuple(fc.constantFrom("", "f", "7"), member), { selector: ([name]) => name })
      .map((entries) => new Map(entries)),
  }),
  fc.record({
    kind: fc.constant("list" as const),
    fields: fc
      .uniqueArray(fc.tuple(position, element), { selector: ([name]) => name })
      .map((entries) => new Map(entries)),
  }),
  fc.record({
    kind: fc.constant("zset" as const),
    fields: fc
      .uniqueArray(fc.tuple(fc.constantFrom("", "f", "g"), scored), { selector: ([name]) => name })
      .map((entries) => new Map(entries)),
  }),
  fc.record({
    kind: fc.constant("stream" as const),
    fields: fc
      .uniqueArray(streamFields, { selector: ([name]) => name, maxLength: 6 })
      .map((entries) => withoutGone(new Map(entries))),
  }),
);

/** Half of the registers are those of a life without expiry, as in life. */
export const state: fc.Arbitrary<RecordState> = version.chain((life) =>
  fc.record({
    life: fc.constant(life),
    expiry: fc.oneof(
      fc.constant(noExpiry(life)),
      fc.record({ deadlineMs: fc.constantFrom(...DEADLINES_MS), version }),
    ),
    body,
  }),
);

const place = { db: fc.constantFrom(0, 15, 254), slot: fc.constantFrom(0, 1, 16383), key: bytes };

export const delta: fc.Arbitrary<Delta> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant("record" as const), ...place, state }), weight: 4 },
  fc.record({
    kind: fc.constant("patch" as const),
    ...place,
    predecessor: version,
    life: version,
    deadlineMs: fc.constantFrom(...DEADLINES_MS),
    offset: fc.constantFrom(0, 1, 300),
    bytes,
  }),
  fc.record({
    kind: fc.constant("flush" as const),
    db: fc.option(place.db),
    slot: fc.option(place.slot),
    floor: version,
  }),
  fc.record({
    kind: fc.constant("collect" as const),
    db: fc.option(place.db),
    slot: place.slot,
    floor: version,
  }),
  fc.record({
    kind: fc.constant("piece" as const),
    ...place,
    life: version,
    expiry: fc.record({ deadlineMs: fc.constantFrom(...DEADLINES_MS), version }),
    totalBytes: fc.constantFrom(1000, 2 ** 31),
    offset: fc.constantFrom(0, 1, 300),
    bytes,
  }),
  fc.record({ kind: fc.constant("swap" as const), one: place.db, other: place.db, version }),
  fc.record({ kind: fc.constant("forget" as const), slot: place.slot }),
  fc.record({ kind: fc.constant("drop" as const), ...place }),
  fc.record({
    kind: fc.constant("local" as const),
    boot: fc.constantFrom(0, 2 ** 32 - 1),
    position: fc.constantFrom(0, 2 ** 52),
  }),
);
