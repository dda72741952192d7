/**
 * BITFIELD and BITFIELD_RO: https://redis.io/docs/latest/commands/bitfield/ All operations are read first, then done one after the other on the
 * bytes of the value. What they write is told as patches of the parts that they touch, so that a counter in a large value costs what it takes itself.
 */
import {
  type BitField,
  increasedBitField,
  newBitField,
  readBitField,
  writeBitField,
} from "../base/bit-field.js";
import type { Int64 } from "../base/int64.js";
import { NOWHERE } from "../keyspace/arena.js";
import { textOf } from "../keyspace/counter.js";
import { TYPE_COUNTER, TYPE_TEXT } from "../keyspace/record.js";
import type { ByteView } from "../keyspace/records.js";
import { markRaw, patchText } from "../keyspace/text-edit.js";
import { ReplyError } from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import { type BitFieldAction, readBitFieldActions } from "./bit-field-actions.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";
import { lengthOfOpen } from "./string-replies.js";

const ONLY_GET = "ERR BITFIELD_RO only supports the GET subcommand";

/** What a patch takes beside the key and the bytes, about: bytes between two actions that are fewer are told with them. */
const PATCH_OVERHEAD_BYTES = 64;

const BYTE_BITS = 8;
const ZERO = Buffer.alloc(1);
const NO_BYTES: ByteView = { bytes: Buffer.alloc(0), start: 0, end: 0 };

export const bitFieldCommands: readonly Command[] = [
  data({
    name: "bitfield",
    arity: -2,
    group: "bitmap",
    flags: ["write", "denyoom"],
    keys: keyAt1("RW", "access", "update", "variable_flags"),
    syntax: `key [operation=(GET (encoding offset:integer)|write=([OVERFLOW (WRAP|SAT|FAIL)]
      write_operation=(SET (encoding offset:integer value:integer)|INCRBY (encoding offset:integer
      increment:integer))))...]`,
    since: "3.2.0",
    complexity: "O(1) an operation",
    summary: "Reads, sets and adds to integers of any width that lie anywhere in a value.",
    keyAccess: bitFieldAccess,
    run: (call) => bitfield(call),
  }),
  data({
    name: "bitfield_ro",
    arity: -2,
    group: "bitmap",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO", "access"),
    syntax: "key [GET (encoding offset:integer)]...",
    since: "6.0.0",
    complexity: "O(1) an operation",
    summary: "Reads integers of any width that lie anywhere in a value.",
    run: bitfieldReadOnly,
  }),
];

/** Whether anything but GET is asked for, as far as the words can be read. */
function bitFieldAccess(call: Call, name: number): readonly string[] {
  let i = name + 2;
  while (i < call.count) {
    const left = call.count - i - 1;
    if (call.is(i, "get") && left >= 2) i += 3;
    else if (call.is(i, "overflow") && left >= 1) i += 2;
    else return ["RW", "access", "update"];
  }
  return ["RO", "access"];
}

function bitfieldReadOnly(call: Call): void {
  const actions = readBitFieldActions(call);
  if (actions.some(isWrite)) throw new ReplyError(ONLY_GET);
  answer(call, actions);
}

function bitfield(call: Call): void {
  const actions = readBitFieldActions(call);
  if (actions.some(isWrite)) write(call, actions);
  else answer(call, actions);
}

function answer(call: Call, actions: readonly BitFieldAction[]): void {
  const { keyspace, reply } = call;
  const at = call.read(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  const text = at === NOWHERE ? NO_BYTES : textOf(keyspace, at);
  reply.array(actions.length);
  for (const action of actions) perform(call, action, text);
}

/** Actions that stand one behind the other, with the bytes that they concern. */
interface Window {
  readonly actions: BitFieldAction[];
  from: number;
  to: number;
}

/** Of most windows. */
const scratch = Buffer.alloc(1024);

/** Does actions of which some write, window by window: each on a copy of its bytes, which is written back if anything in it has changed. */
function write(call: Call, actions: readonly BitFieldAction[]): void {
  const { keyspace, reply } = call;
  const at = call.open(1);
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  const length = lengthOfOpen(call);
  const writtenEnd = writtenEndOf(actions);
  const isGrown = writtenEnd > length;
  const total = Math.max(length, writtenEnd);
  const windows = windowsOf(actions, total, call.length(1));
  reply.array(actions.length);
  // One window alone reaches to the end of what grows.
  if (isGrown && windows.length > 1) patchText(keyspace, total - 1, ZERO, 0, 1);
  let changes = 0;
  for (const window of windows) changes += writeWindow(call, window, { total, isGrown });
  if (changes > 0) keyspace.happened("string", "setbit");
  // Redis tells no watcher of what changes nothing, either. A counter goes on in its life.
  else if (!isGrown) markRaw(keyspace);
}

/** Answers how many actions changed something. Where the value has grown each that was not refused did, as Redis counts. */
function writeWindow(
  call: Call,
  { actions, from, to }: Window,
  { total, isGrown }: { total: number; isGrown: boolean },
): number {
  const { keyspace } = call;
  const end = Math.min(to, total) - from;
  const bytes = end <= scratch.length ? scratch : Buffer.allocUnsafe(end);
  const isShort = lengthOfOpen(call) < total;
  const part: ByteView = { bytes, start: 0, end: Math.max(end, 0) };
  copyPart(call, from, part);
  let changes = 0;
  for (const action of actions) {
    if (perform(call, action, part, from, isGrown)) changes++;
  }
  if (changes > 0 || isShort) patchText(keyspace, from, bytes, 0, end);
  return changes;
}

/** Bytes of the open text from an offset on; zeros stand for what is behind its end. */
function copyPart({ keyspace }: Call, from: number, { bytes, end }: ByteView): void {
  const text = keyspace.at === NOWHERE ? NO_BYTES : textOf(keyspace, keyspace.at);
  const first = Math.min(text.start + from, text.end);
  const last = Math.min(first + end, text.end);
  text.bytes.copy(bytes, 0, first, last);
  bytes.fill(0, last - first, end);
}

/** Does an action on a part of the value that begins `skippedBytes` behind its start, and answers it. Says whether that changed the part. */
function perform(
  { reply }: Call,
  { kind, field, operand, overflow }: BitFieldAction,
  { bytes, start, end }: ByteView,
  skippedBytes = 0,
  countsAll = false,
): boolean {
  const place: BitField = { ...field, offset: field.offset - skippedBytes * BYTE_BITS };
  const old = readBitField(bytes, start, end, place);
  if (kind === "get") {
    replyInteger(reply, old);
    return false;
  }
  const value =
    kind === "set" ? newBitField(field, operand, overflow) : increasedBitField(field, old, operand, overflow);
  if (value === undefined) {
    reply.null();
    return false;
  }
  replyInteger(reply, kind === "set" ? old : value);
  if (old !== value) writeBitField(bytes, start, place, value);
  return countsAll || old !== value;
}

function replyInteger(reply: ReplyWriter, value: Int64): void {
  if (typeof value === "number") reply.integer(value);
  else reply.integer64(value);
}

function isWrite({ kind }: BitFieldAction): boolean {
  return kind !== "get";
}

function startOf({ field }: BitFieldAction): number {
  return Math.floor(field.offset / BYTE_BITS);
}

function endOf({ field }: BitFieldAction): number {
  return Math.floor((field.offset + field.bits - 1) / BYTE_BITS) + 1;
}

/** Up to where the value must reach. */
function writtenEndOf(actions: readonly BitFieldAction[]): number {
  let end = 0;
  for (const action of actions) if (isWrite(action)) end = Math.max(end, endOf(action));
  return end;
}

/**
 * Neighbours share a window. If their patches, each with the key, would take more than the whole value, that is the one window: so what is told of a command is
 * never much more than the value, however many actions it has.
 */
function windowsOf(actions: readonly BitFieldAction[], total: number, keyBytes: number): readonly Window[] {
  const windows: Window[] = [];
  for (const action of actions) {
    const [start, end] = [startOf(action), endOf(action)];
    const last = windows.at(-1);
    if (
      last === undefined ||
      start - last.to > PATCH_OVERHEAD_BYTES ||
      last.from - end > PATCH_OVERHEAD_BYTES
    ) {
      windows.push({ actions: [action], from: start, to: end });
    } else {
      last.actions.push(action);
      last.from = Math.min(last.from, start);
      last.to = Math.max(last.to, end);
    }
  }
  let patchBytes = 0;
  for (const { from, to } of windows) patchBytes += to - from + keyBytes + PATCH_OVERHEAD_BYTES;
  return windows.length > 1 && patchBytes > total ? [{ actions: [...actions], from: 0, to: total }] : windows;
}
