/** PFDEBUG and PFSELFTEST, by which Redis tests its HyperLogLogs: they look inside one, and prove the estimates. */
import {
  countSketch,
  element,
  foldRegisters,
  HEADER_BYTES,
  IS_VALUE,
  isDense,
  locate,
  opcodeBytes,
  REGISTERS,
  runLength,
  runValue,
  SPARSE_BYTES_MAX,
} from "../base/hyperloglog.js";
import { Sketch } from "../base/hyperloglog-sketch.js";
import { NOWHERE } from "../keyspace/arena.js";
import { keepSketch } from "../keyspace/kept-sketch.js";
import type { ByteView } from "../keyspace/records.js";
import { ReplyError } from "../protocol/reply-error.js";
import { shownText } from "./byte-string.js";
import type { Call } from "./call.js";
import { type Command, data } from "./command.js";
import { copySketchAt, DAMAGED_SKETCH, sketchAt } from "./open-sketch.js";

const ABSENT = "ERR The specified key does not exist";
const NOT_SPARSE = "ERR HLL encoding is not sparse";

export const hyperLogLogTests: readonly Command[] = [
  data({
    name: "pfdebug",
    arity: 3,
    group: "hyperloglog",
    flags: ["write", "denyoom", "admin"],
    keys: [{ first: 2, last: 2, step: 1, access: ["RW", "access"] }],
    syntax: "subcommand key",
    since: "2.8.9",
    complexity: "O(1), but for the 16384 registers",
    summary: "Looks inside a HyperLogLog: GETREG, DECODE, ENCODING; or makes it dense: TODENSE.",
    docFlags: ["syscmd"],
    run: pfdebug,
  }),
  data({
    name: "pfselftest",
    arity: 1,
    group: "hyperloglog",
    flags: ["admin"],
    since: "2.8.9",
    complexity: "O(1): some milliseconds",
    summary:
      "Proves on HyperLogLogs of its own that both forms count alike and that estimates are as good as they should be.",
    docFlags: ["syscmd"],
    run: pfselftest,
  }),
];

function pfdebug(call: Call): void {
  const { reply } = call;
  const at = call.open(2);
  if (at === NOWHERE) throw new ReplyError(ABSENT);
  const sketch = sketchAt(call, at);
  if (call.is(1, "getreg")) {
    const registers = new Uint8Array(REGISTERS);
    if (!foldRegisters(sketch, registers)) throw new ReplyError(DAMAGED_SKETCH);
    makeDense(call);
    reply.array(REGISTERS);
    for (const value of registers) reply.integer(value);
  } else if (call.is(1, "decode")) {
    if (isDense(sketch)) throw new ReplyError(NOT_SPARSE);
    if (sketch.end - sketch.start > SPARSE_BYTES_MAX) throw new ReplyError(DAMAGED_SKETCH);
    reply.bulkText(opcodesOf(sketch));
  } else if (call.is(1, "encoding")) {
    reply.simple(isDense(sketch) ? "dense" : "sparse");
  } else if (call.is(1, "todense")) {
    reply.integer(makeDense(call) ? 1 : 0);
  } else {
    throw new ReplyError(`ERR Unknown PFDEBUG subcommand '${shownText(call.text(1))}'`);
  }
}

/** Makes the open sketch dense, and says whether it was not. */
function makeDense(call: Call): boolean {
  const { keyspace } = call;
  const copy = copySketchAt(call, keyspace.at);
  if (isDense(copy)) return false;
  if (!copy.densify()) throw new ReplyError(DAMAGED_SKETCH);
  keepSketch(keyspace, copy);
  return true;
}

function opcodesOf({ bytes, start, end }: ByteView): string {
  const words: string[] = [];
  for (let at = start + HEADER_BYTES; at < end; ) {
    const opcode = bytes[at]!;
    const length = runLength(bytes, at, end);
    if (opcode & IS_VALUE) words.push(`v:${runValue(opcode)},${length}`);
    else words.push(`${opcodeBytes(opcode) === 2 ? "Z" : "z"}:${length}`);
    at += opcodeBytes(opcode);
  }
  return words.join(" ");
}

/** The standard error of an estimate of so many registers is 1.04 / sqrt(registers): nearly all are within five of them. */
const ERRORS_MAX = 5;
const ELEMENTS = 100_000;
/** Nobody keeps a sketch sparse beyond this. */
const SPARSE_LIMIT = 3000;

function pfselftest({ reply }: Call): void {
  const sparse = new Sketch();
  const dense = new Sketch();
  sparse.clear();
  dense.clear();
  dense.densify();
  const bytes = Buffer.alloc(8);
  let counted = 1;
  for (let i = 1; i <= ELEMENTS; i++) {
    bytes.writeDoubleLE(i);
    locate(bytes, 0, bytes.length);
    const { register, value } = element;
    const [one, other] = [sparse, dense].map((sketch) => sketch.raise(register, value, SPARSE_LIMIT));
    if (one !== other) throw new ReplyError(`TESTFAILED element ${i} is ${one} sparse and ${other} dense`);
    if (i !== counted) continue;
    counted *= 10;
    const [count, ofDense] = [sparse, dense].map((sketch) => Number(countSketch(sketch)));
    if (count !== ofDense) throw new ReplyError(`TESTFAILED ${count} elements sparse and ${ofDense} dense`);
    const error = Math.abs(count! - i) / i;
    if (error > (ERRORS_MAX * 1.04) / Math.sqrt(REGISTERS)) {
      throw new ReplyError(`TESTFAILED ${count} elements of ${i}`);
    }
  }
  reply.ok();
}
