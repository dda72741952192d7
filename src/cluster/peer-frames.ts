/**
 * The frames of a link, once both ends have greeted each other (peer-hello.ts). The end that opened it asks, the other
 * answers; a pair of nodes that ask each other has two links.
 *
 *     frame   := length:u32 kind:u8 id:u32 payload              length counts what follows it
 *     run     := session:u32 count:u32 remainingMs:u32 database:u16 flags:u8 hops:u8 request{count}
 *     named   := length:u8 service:byte{length} body
 *
 * | kind | from | payload | |
 * |---|---|---|---|
 * | 1 run | caller | run | commands of one client, to be executed in order |
 * | 2 ask | caller | named | a request to a service |
 * | 3 tell | caller | named | the same without an answer; id is 0 |
 * | 4 goOn | caller | none | the part of that run's replies was taken: more may be made |
 * | 5 unpark | caller | end:u8 | the last command of that run is to wait no longer: 0 its time is over, 1 error, 2 nobody wants its reply |
 * | 16 done | callee | executed:u32 replies | the first commands of the run were executed, and no others |
 * | 17 part | callee | executed:u32 replies | as many more were executed, and others will be when `goOn` comes |
 * | 18 answer | callee | outcome:u8 body | of a service |
 * | 19 mark | callee | mark (stream-mark.ts) | before replies of a run that asks for it: what they tell of lies before that |
 * | 20 parked | callee | timeoutMs:f64 request{0,1} | the last command of the run waits for a key, so long at most; the request is what is to be executed instead of it elsewhere |
 */
import { assert } from "../base/assert.js";
import { LENGTH_BYTES } from "./piece-reader.js";
import type { ParkedEnd } from "./run.js";

export const RUN = 1;
export const ASK = 2;
export const TELL = 3;
export const GO_ON = 4;
export const UNPARK = 5;
export const DONE = 16;
export const PART = 17;
export const ANSWER = 18;
export const MARK = 19;
export const PARKED = 20;

/** Kind and id. */
export const FRAME_REST_BYTES = 5;
/** Length, kind and id. */
export const FRAME_HEAD_BYTES = LENGTH_BYTES + FRAME_REST_BYTES;
export const RUN_HEAD_BYTES = 16;
export const DONE_HEAD_BYTES = 4;
/** A client may send a request of 1 GiB; a reply may be as large. */
export const FRAME_BYTES_MAX = 2 ** 30 + 2 ** 20;

/** Bits of a run's flags. */
export const RESP3 = 1;
/** Executing leaves the access clocks of the keys alone. */
export const NO_TOUCH = 2;
/** Replies wait until a majority of the owners confirms what they tell of. */
export const QUORUM = 4;
/** Whoever executes some of it says how far it is: the client reads at replicas too. */
export const MARKED = 8;
/** The calling node is to be told when what the run reads changes. */
export const TRACKED = 16;
/** All that there are. */
export const FLAGS = RESP3 | NO_TOUCH | QUORUM | MARKED | TRACKED;

/** Ends of a wait: a number is a place here. */
export const PARKED_ENDS = ["timeout", "error", "recall"] as const satisfies readonly ParkedEnd[];
/** Of what is said of a command that waits, before the request. */
export const PARKED_HEAD_BYTES = 8;

/** Outcomes of a service. */
export const ANSWERED = 0;
export const UNKNOWN_SERVICE = 1;
export const FAILED = 2;

/** `size` is that of the whole frame. Answers where the payload begins. */
export function writeFrameHead(
  to: Buffer,
  at: number,
  { kind, id, size }: { readonly kind: number; readonly id: number; readonly size: number },
): number {
  to.writeUInt32LE(size - LENGTH_BYTES, at);
  to[at + LENGTH_BYTES] = kind;
  to.writeUInt32LE(id, at + LENGTH_BYTES + 1);
  return at + FRAME_HEAD_BYTES;
}

/** What is said of a run before its requests. */
export interface RunHead {
  /** Tells the clients of the calling node apart: runs of one are executed in the order in which they came. */
  readonly session: number;
  /** Commands in the run. */
  readonly count: number;
  /** How long after it came the run may begin to be executed. */
  readonly remainingMs: number;
  readonly database: number;
  readonly flags: number;
  /** How often these commands have been passed on before. */
  readonly hops: number;
}

export function writeRunHead(to: Buffer, at: number, head: RunHead): number {
  to.writeUInt32LE(head.session, at);
  to.writeUInt32LE(head.count, at + 4);
  to.writeUInt32LE(head.remainingMs, at + 8);
  to.writeUInt16LE(head.database, at + 12);
  to[at + 14] = head.flags;
  to[at + 15] = head.hops;
  return at + RUN_HEAD_BYTES;
}

/** The requests lie behind it, from `start + RUN_HEAD_BYTES` on. Undefined if it is none. */
export function readRunHead(bytes: Buffer, start: number, end: number): RunHead | undefined {
  if (end - start <= RUN_HEAD_BYTES) return undefined;
  return {
    session: bytes.readUInt32LE(start),
    count: bytes.readUInt32LE(start + 4),
    remainingMs: bytes.readUInt32LE(start + 8),
    database: bytes.readUInt16LE(start + 12),
    flags: bytes[start + 14]!,
    hops: bytes[start + 15]!,
  };
}

/** What stands before the body where a service is asked. */
export function writeName(name: string): Buffer {
  assert(name.length > 0 && name.length < 256, "a service has a name");
  return Buffer.from(`${String.fromCharCode(name.length)}${name}`, "latin1");
}

/** The body is a copy. Undefined if the bytes are none. */
export function readNamed(
  bytes: Buffer,
  start: number,
  end: number,
): { name: string; body: Buffer } | undefined {
  if (start >= end || start + 1 + bytes[start]! > end) return undefined;
  const bodyAt = start + 1 + bytes[start]!;
  return {
    name: bytes.toString("latin1", start + 1, bodyAt),
    body: Buffer.from(bytes.subarray(bodyAt, end)),
  };
}
