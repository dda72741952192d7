/**
 * Bitwise operations on whole runs of bytes. They go four bytes at a time, in chunks that stay in the processor's cache: what is combined is first
 * copied to where words begin, since a run may begin anywhere.
 */
import { type ByteRange, copyRange } from "./bytes.js";

export type BitwiseOperation = "and" | "not" | "or" | "xor";

const CHUNK_BYTES = 32 * 1024;
const WORD_BYTES = 4;

const combined = new Int32Array(CHUNK_BYTES / WORD_BYTES);
const combinedBytes = Buffer.from(combined.buffer);
const operand = new Int32Array(CHUNK_BYTES / WORD_BYTES);
const operandBytes = Buffer.from(operand.buffer);

/** The runs combined, as long as the longest of them: shorter ones count as followed by zeros. `not` takes one run. */
export function combineRuns(operation: BitwiseOperation, runs: readonly ByteRange[]): Buffer {
  const result = Buffer.alloc(runs.reduce((longest, { start, end }) => Math.max(longest, end - start), 0));
  const [first, ...others] = runs;
  for (let at = 0; at < result.length; at += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES, result.length - at);
    takeChunk(first!, at, combinedBytes);
    if (operation === "not") invert(length);
    for (const run of others) {
      takeChunk(run, at, operandBytes);
      combine(operation, length);
    }
    combinedBytes.copy(result, at, 0, length);
  }
  return result;
}

/** A chunk of a run, with zeros behind its end. */
function takeChunk({ bytes, start, end }: ByteRange, at: number, chunk: Buffer): void {
  const from = Math.min(start + at, end);
  const to = Math.min(from + CHUNK_BYTES, end);
  copyRange({ bytes, start: from, end: to }, chunk, 0);
  chunk.fill(0, to - from);
}

function invert(length: number): void {
  const words = Math.ceil(length / WORD_BYTES);
  for (let i = 0; i < words; i++) combined[i] = ~combined[i]!;
}

function combine(operation: BitwiseOperation, length: number): void {
  const words = Math.ceil(length / WORD_BYTES);
  if (operation === "and") for (let i = 0; i < words; i++) combined[i]! &= operand[i]!;
  else if (operation === "or") for (let i = 0; i < words; i++) combined[i]! |= operand[i]!;
  else for (let i = 0; i < words; i++) combined[i]! ^= operand[i]!;
}
