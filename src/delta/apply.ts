/**
 * What a delta of one key does to the record that is there. Applying one again, whenever, changes nothing; what was
 * seen before and what is dead is ignored.
 */
import type { PatchDelta } from "./delta.js";
import { isSameLife, merge } from "./merge.js";
import { huskOf, isExpired, lacksBody, NO_BODY, type RecordState } from "./record-state.js";
import { type Floors, isSettled, survivesFlush } from "./remains.js";
import { compareVersions, type Version } from "./version.js";

export interface Circumstances {
  readonly floors: Floors;
  /** The hybrid now, with which deadlines are compared. */
  readonly nowMs: number;
}

export type Outcome =
  /** Nothing new, or of a life that is over. */
  | { readonly kind: "ignored" }
  | { readonly kind: "merged"; readonly state: RecordState }
  /** The delta builds on what is missing here: an owner that has the record must send it whole. Until then: `state`. */
  | { readonly kind: "needs-record"; readonly state: RecordState | undefined };

const IGNORED: Outcome = { kind: "ignored" };

/** `record` is what is there, undefined if nothing is; `state` what the delta says. */
export function applyRecord(
  record: RecordState | undefined,
  state: RecordState,
  { floors, nowMs }: Circumstances,
): Outcome {
  // What is settled was merged here before, and its absence now is the work of something newer.
  if (isSettled(state, floors.birth) || !survivesFlush(state.life, floors.flush)) return IGNORED;
  const merged = record === undefined ? state : merge(record, state, floors.birth);
  if (lacksBody(merged, nowMs)) return { kind: "needs-record", state: merged };
  // A husk has lost its body, so what is added to it would come back as a record in part, should a PERSIST
  // from a slower clock revive it. It stays a husk, and the PERSIST asks for the record.
  const staysHusk = record?.body.kind === "none" && isExpired(merged, nowMs);
  return { kind: "merged", state: staysHusk ? huskOf(merged) : merged };
}

export function applyPatch(
  record: RecordState | undefined,
  patch: PatchDelta,
  { floors, nowMs }: Circumstances,
): Outcome {
  const { life, predecessor, deadlineMs } = patch;
  if (isBelow(life, floors.birth) || !survivesFlush(life, floors.flush)) return IGNORED;
  const expiry = { deadlineMs, version: life };
  const order = record === undefined ? -1 : compareVersions(record.life, life);
  if (order > 0) return IGNORED;
  if (record !== undefined && order === 0) {
    // What joined the new life may have overtaken the patch; it knows the text but not the deadline.
    const state = merge(record, { life, expiry, body: NO_BODY });
    return { kind: state.body.kind === "none" ? "needs-record" : "merged", state };
  }
  if (record === undefined || !isSameLife(record.life, predecessor, floors.birth)) {
    return { kind: "needs-record", state: record };
  }
  if (record.body.kind !== "text") {
    const husk = { life, expiry, body: NO_BODY };
    // The text expired here before it was edited, and has expired again by now: nobody misses it.
    const isHusk = record.body.kind === "none" && isExpired(husk, nowMs);
    return isHusk ? { kind: "merged", state: husk } : { kind: "needs-record", state: record };
  }
  return {
    kind: "merged",
    state: { life, expiry, body: { kind: "text", bytes: patched(record.body.bytes, patch) } },
  };
}

function patched(text: Uint8Array, { offset, bytes }: PatchDelta): Uint8Array {
  const result = new Uint8Array(Math.max(text.length, offset + bytes.length));
  result.set(text);
  result.set(bytes, offset);
  return result;
}

function isBelow(a: Version, b: Version): boolean {
  return compareVersions(a, b) < 0;
}
