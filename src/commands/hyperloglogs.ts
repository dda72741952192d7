/** Commands on HyperLogLogs, which are texts: https://redis.io/docs/latest/commands/?group=hyperloglog */
import {
  CARDINALITY_AT,
  countRegisters,
  countSketch,
  element,
  foldRegisters,
  isDense,
  locate,
  REGISTERS,
  storedCardinality,
} from "../base/hyperloglog.js";
import { type Int64, writeInt64 } from "../base/int64.js";
import { NOWHERE } from "../keyspace/arena.js";
import { keepSketch } from "../keyspace/kept-sketch.js";
import { markRaw, patchText } from "../keyspace/text-edit.js";
import { ReplyError } from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import type { Call } from "./call.js";
import { allKeys, type Command, data, keyAt1 } from "./command.js";
import { hyperLogLogTests } from "./hyperloglog-tests.js";
import { copySketchAt, DAMAGED_SKETCH, sketchAt, workingSketch } from "./open-sketch.js";

const CARDINALITY_BYTES = 8;

export const hyperLogLogCommands: readonly Command[] = [
  data({
    name: "pfadd",
    arity: -2,
    group: "hyperloglog",
    flags: ["write", "denyoom", "fast"],
    keys: keyAt1("RW", "insert"),
    syntax: "key [element...]",
    since: "2.8.9",
    complexity: "O(1) an element",
    summary: "Adds elements to a HyperLogLog, and answers whether its estimate may have changed.",
    run: pfadd,
  }),
  data({
    name: "pfcount",
    arity: -2,
    group: "hyperloglog",
    flags: ["readonly"],
    keys: allKeys("RW", "access"),
    syntax: "key...",
    since: "2.8.9",
    complexity: "O(N) in keys",
    summary: "Estimates how many different elements one or several HyperLogLogs have seen together.",
    differs:
      "Where slots have several copies it does not store the count in the value, for then reading would be a write that merges; on a cluster of several nodes its " +
      "keys must be in one slot.",
    run: pfcount,
  }),
  data({
    name: "pfmerge",
    arity: -2,
    group: "hyperloglog",
    flags: ["write", "denyoom"],
    keys: [
      { first: 1, last: 1, step: 1, access: ["RW", "access", "insert"] },
      { first: 2, last: -1, step: 1, access: ["RO", "access"] },
    ],
    syntax: "destkey#0 sourcekey#1...",
    since: "2.8.9",
    complexity: "O(N) in keys",
    summary: "Adds all that several HyperLogLogs have seen to another one.",
    differs: "On a cluster of several nodes its keys must be in one slot.",
    run: pfmerge,
  }),
  ...hyperLogLogTests,
];

function pfadd(call: Call): void {
  const { bytes, keyspace, reply } = call;
  const sparseBytesMax = call.config.current.hllSparseMaxBytes;
  const at = call.open(1);
  const isNew = at === NOWHERE;
  if (isNew) workingSketch.clear();
  else copySketchAt(call, at);
  let isRaised = isNew;
  for (let i = 2; i < call.count; i++) {
    locate(bytes, call.start(i), call.end(i));
    const raised = workingSketch.raise(element.register, element.value, sparseBytesMax);
    if (raised === "damaged") throw new ReplyError(DAMAGED_SKETCH);
    isRaised ||= raised === "raised";
  }
  if (isRaised) {
    workingSketch.makeStale();
    keepSketch(keyspace, workingSketch);
    keyspace.happened("string", "pfadd");
  } else {
    markRaw(keyspace);
  }
  reply.integer(isRaised ? 1 : 0);
}

function pfcount(call: Call): void {
  if (call.count === 2) countOne(call);
  else replyCount(call.reply, countRegisters(unionOf(call).registers));
}

function countOne(call: Call): void {
  const { keyspace, reply } = call;
  const at = call.read(1);
  if (at === NOWHERE) {
    reply.integer(0);
    return;
  }
  const sketch = sketchAt(call, at);
  const stored = storedCardinality(sketch);
  const count = stored ?? countSketch(sketch);
  if (count === undefined) throw new ReplyError(DAMAGED_SKETCH);
  markRaw(keyspace);
  if (stored === undefined && !keyspace.keepTombstones) storeCount(call, count);
  replyCount(reply, count);
}

/**
 * Only where no other node has a copy: who reads on one side of a partition must not win over who adds on the other, as the life that
 * this begins would.
 */
function storeCount({ keyspace }: Call, count: Int64): void {
  const cardinality = Buffer.alloc(CARDINALITY_BYTES);
  writeInt64(cardinality, 0, count);
  patchText(keyspace, CARDINALITY_AT, cardinality, 0, CARDINALITY_BYTES);
}

function replyCount(reply: ReplyWriter, count: Int64): void {
  if (typeof count === "number") reply.integer(count);
  else reply.integer64(count);
}

function pfmerge(call: Call): void {
  const { keyspace, reply } = call;
  const { registers, isAnyDense } = unionOf(call);
  const sparseBytesMax = call.config.current.hllSparseMaxBytes;
  const at = call.open(1);
  if (at === NOWHERE) workingSketch.clear();
  else copySketchAt(call, at);
  // The sources were whole, and the destination, if it was there, is one of them.
  if (isAnyDense) workingSketch.densify();
  for (let i = 0; i < REGISTERS; i++) {
    if (registers[i] !== 0) workingSketch.raise(i, registers[i]!, sparseBytesMax);
  }
  workingSketch.makeStale();
  keepSketch(keyspace, workingSketch);
  keyspace.happened("string", "pfadd");
  reply.ok();
}

const registersOfUnion = new Uint8Array(REGISTERS);

/** The registers, one a byte, of all sketches that are named, together; valid until the next call. */
function unionOf(call: Call): { readonly registers: Uint8Array; readonly isAnyDense: boolean } {
  const registers = registersOfUnion.fill(0);
  let isAnyDense = false;
  for (let i = 1; i < call.count; i++) {
    const at = call.read(i);
    if (at === NOWHERE) continue;
    const sketch = sketchAt(call, at);
    isAnyDense ||= isDense(sketch);
    if (!foldRegisters(sketch, registers)) throw new ReplyError(DAMAGED_SKETCH);
  }
  return { registers, isAnyDense };
}
