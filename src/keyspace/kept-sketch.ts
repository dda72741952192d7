/** Keeps a HyperLogLog that was written to (base/hyperloglog-sketch.ts) as the text of the open key, and tells of no more than what has changed of it. */
import { HEADER_BYTES } from "../base/hyperloglog.js";
import type { Sketch } from "../base/hyperloglog-sketch.js";
import { NOWHERE } from "./arena.js";
import type { Keyspace } from "./keyspace.js";
import { setComputedText } from "./text.js";
import { patchText } from "./text-edit.js";

/** What a patch takes beside the key and the bytes, about: fewer bytes between two changes are told with them. */
const PATCH_OVERHEAD_BYTES = 64;

/** The open key is absent, or has the text that the sketch began with. Like every edit of a text it begins a life, which takes the deadline over. */
export function keepSketch(keyspace: Keyspace, sketch: Sketch): void {
  const { at, records } = keyspace;
  const { bytes, end } = sketch;
  const length = at === NOWHERE ? 0 : records.bodyLength(at);
  const from = Math.min(sketch.changedFrom, end);
  const to = Math.min(sketch.changedTo, end);
  // A patch makes no text shorter.
  if (length === 0 || end < length || to - from > length / 2) {
    const deadlineMs = at === NOWHERE ? 0 : records.deadline(at);
    setComputedText(keyspace, Buffer.from(bytes.subarray(0, end)), deadlineMs);
    return;
  }
  const text = records.body(at);
  const header = text.bytes.subarray(text.start, text.start + HEADER_BYTES);
  const isHeaderChanged = header.compare(bytes, 0, HEADER_BYTES) !== 0;
  const isOne = isHeaderChanged && from - HEADER_BYTES <= PATCH_OVERHEAD_BYTES;
  if (isHeaderChanged) patchText(keyspace, 0, bytes, 0, isOne ? Math.max(to, HEADER_BYTES) : HEADER_BYTES);
  if (!isOne && from < to) patchText(keyspace, from, bytes, from, to);
  // Who watches hears of a merge that raised nothing, too, as from Redis.
  if (!isHeaderChanged && from >= to) keyspace.changed();
}
