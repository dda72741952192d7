/** Texts of several keys at once, for commands that only read them before they change anything. */
import type { ByteRange } from "../base/bytes.js";
import { NOWHERE } from "../keyspace/arena.js";
import { textOf } from "../keyspace/counter.js";
import { TYPE_COUNTER, TYPE_TEXT } from "../keyspace/record.js";
import { ReplyError, WRONG_TYPE } from "../protocol/reply-error.js";
import type { Call } from "./call.js";

const NO_TEXT: ByteRange = { bytes: Buffer.alloc(0), start: 0, end: 0 };

/**
 * The text of the key in an argument, empty if it is absent; refuses other types with an error line. It is valid until the next change, whichever keys are read
 * meanwhile: a record that expires on the way is dropped, and moves none of the others.
 */
export function readText(call: Call, index: number, refusal = WRONG_TYPE): ByteRange {
  const { keyspace } = call;
  const at = call.read(index);
  if (at === NOWHERE) return NO_TEXT;
  const type = keyspace.records.type(at);
  if (type !== TYPE_TEXT && type !== TYPE_COUNTER) throw new ReplyError(refusal);
  const { bytes, start, end } = textOf(keyspace, at);
  if (type === TYPE_TEXT) return { bytes, start, end };
  // Whoever asks for the digits of a counter next overwrites them.
  return { bytes: Buffer.from(bytes.subarray(start, end)), start: 0, end: end - start };
}
