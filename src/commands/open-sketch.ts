/** A HyperLogLog at a key, as its commands find it. */
import { isSketch } from "../base/hyperloglog.js";
import { Sketch } from "../base/hyperloglog-sketch.js";
import type { Location } from "../keyspace/arena.js";
import { textOf } from "../keyspace/counter.js";
import { TYPE_COUNTER, TYPE_TEXT } from "../keyspace/record.js";
import type { ByteView } from "../keyspace/records.js";
import { ReplyError } from "../protocol/reply-error.js";
import type { Call } from "./call.js";

const NOT_A_SKETCH = "WRONGTYPE Key is not a valid HyperLogLog string value.";
export const DAMAGED_SKETCH = "INVALIDOBJ Corrupted HLL object detected";

/** What a command writes to before it keeps it: one at a time, and no longer than the command. */
export const workingSketch = new Sketch();

/** The bytes of the record of the open key, valid until the next change; refuses what does not look like a HyperLogLog. */
export function sketchAt(call: Call, at: Location): ByteView {
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  const text = textOf(call.keyspace, at);
  if (!isSketch(text)) throw new ReplyError(NOT_A_SKETCH);
  return text;
}

/** A copy of it to write to. */
export function copySketchAt(call: Call, at: Location): Sketch {
  if (!workingSketch.load(sketchAt(call, at))) throw new ReplyError(DAMAGED_SKETCH);
  return workingSketch;
}
