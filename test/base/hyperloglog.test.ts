import { expect } from "chai";
import fc from "fast-check";
import { rangeOf } from "#torus/base/bytes.js";
import {
  countRegisters,
  countSketch,
  DENSE_BYTES,
  element,
  foldRegisters,
  HEADER_BYTES,
  isSketch,
  locate,
  REGISTERS,
  SPARSE_BYTES_MAX,
  storedCardinality,
} from "#torus/base/hyperloglog.js";
import { Sketch } from "#torus/base/hyperloglog-sketch.js";

const LIMIT = 3000;

interface Raise {
  readonly register: number;
  readonly value: number;
}

/** Registers side by side and far apart, so that runs are split and merged. */
const raises: fc.Arbitrary<Raise[]> = fc.array(
  fc.record({
    register: fc.oneof(
      fc.integer({ min: 100, max: 130 }),
      fc.nat(REGISTERS - 1),
      fc.constantFrom(0, REGISTERS - 1),
    ),
    value: fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 1, max: 4 }) },
      fc.integer({ min: 1, max: 51 }),
    ),
  }),
  { maxLength: 60 },
);

function registersOf(sketch: Sketch): Uint8Array {
  const registers = new Uint8Array(REGISTERS);
  expect(foldRegisters(sketch, registers)).to.equal(true);
  return registers;
}

function bytesOf({ bytes, end }: Sketch): Buffer {
  return Buffer.from(bytes.subarray(0, end));
}

function emptySketch(): Sketch {
  const sketch = new Sketch();
  sketch.clear();
  return sketch;
}

/** Adds the numbers from one to another, and answers the sketch. */
function seen(from: number, to: number, sketch = emptySketch()): Sketch {
  for (let i = from; i <= to; i++) {
    const bytes = Buffer.from(String(i));
    locate(bytes, 0, bytes.length);
    sketch.raise(element.register, element.value, LIMIT);
  }
  return sketch;
}

describe("a HyperLogLog", () => {
  it("holds the greatest value of each register, sparse or dense", () => {
    fc.assert(
      fc.property(raises, fc.constantFrom(0, 40, LIMIT), (all, limit) => {
        const sketch = emptySketch();
        const model = new Uint8Array(REGISTERS);
        for (const { register, value } of all) {
          const raised = sketch.raise(register, value, limit);
          expect(raised).to.equal(model[register]! < value ? "raised" : "same");
          model[register] = Math.max(model[register]!, value);
        }
        expect(Buffer.from(registersOf(sketch)).equals(Buffer.from(model))).to.equal(true);
        expect(countSketch(sketch)).to.equal(countRegisters(model));
        expect(isSketch(sketch)).to.equal(true);
      }),
    );
  });

  it("says which of its bytes have changed", () => {
    fc.assert(
      fc.property(raises, raises, (first, second) => {
        const sketch = emptySketch();
        for (const { register, value } of first) sketch.raise(register, value, 60);
        const before = bytesOf(sketch);
        expect(sketch.load(rangeOf(before))).to.equal(true);
        for (const { register, value } of second) sketch.raise(register, value, 60);
        const after = bytesOf(sketch);
        const { changedFrom, changedTo } = sketch;
        for (let at = HEADER_BYTES; at < Math.max(before.length, after.length); at++) {
          const isTold = changedFrom <= at && at < changedTo;
          if (before[at] !== after[at] && !isTold && at < after.length) expect.fail(`byte ${at}`);
        }
      }),
    );
  });

  it("is the same dense", () => {
    fc.assert(
      fc.property(raises, (all) => {
        const sketch = emptySketch();
        for (const { register, value } of all) sketch.raise(register, value, LIMIT);
        const registers = registersOf(sketch);
        const count = countSketch(sketch);
        expect(sketch.densify()).to.equal(true);
        expect(sketch.end).to.equal(DENSE_BYTES);
        expect(Buffer.from(registersOf(sketch)).equals(Buffer.from(registers))).to.equal(true);
        expect(countSketch(sketch)).to.equal(count);
      }),
      { numRuns: 30 },
    );
  });

  it("counts as well as its size lets it", () => {
    const sketch = emptySketch();
    let from = 1;
    for (const to of [1, 10, 100, 1000, 10_000, 100_000]) {
      seen(from, to, sketch);
      from = to + 1;
      expect(Number(countSketch(sketch))).to.be.closeTo(to, to * 0.04);
    }
    expect(sketch.end).to.equal(DENSE_BYTES);
  });

  it("adds nothing twice", () => {
    const sketch = seen(1, 500);
    const before = bytesOf(sketch);
    seen(1, 500, sketch);
    expect(bytesOf(sketch).equals(before)).to.equal(true);
  });

  it("is known to be damaged wherever it is cut off, and never read beyond its end", () => {
    const whole = bytesOf(seen(1, 40));
    for (let length = 0; length < whole.length; length++) {
      // What would go on behind the end must not matter.
      const range = { bytes: whole, start: 0, end: length };
      expect(isSketch(range), `length ${length}`).to.equal(length >= HEADER_BYTES);
      if (length < HEADER_BYTES) continue;
      expect(countSketch(range), `length ${length}`).to.equal(undefined);
      expect(foldRegisters(range, new Uint8Array(REGISTERS)), `length ${length}`).to.equal(false);
      const sketch = new Sketch();
      expect(sketch.load(range)).to.equal(true);
      expect(sketch.densify()).to.equal(false);
      expect(sketch.raise(REGISTERS - 1, 5, LIMIT)).to.equal("damaged");
    }
  });

  it("survives any byte of it being another one", () => {
    const whole = bytesOf(seen(1, 30));
    for (let at = 0; at < whole.length; at++) {
      for (const byte of [0x00, 0x3f, 0x40, 0x7f, 0x80, 0xff]) {
        const damaged = Buffer.from(whole);
        damaged[at] = byte;
        if (!isSketch(rangeOf(damaged))) continue;
        const count = countSketch(rangeOf(damaged));
        expect(foldRegisters(rangeOf(damaged), new Uint8Array(REGISTERS))).to.equal(count !== undefined);
        const sketch = new Sketch();
        sketch.load(rangeOf(damaged));
        for (let register = 0; register < REGISTERS; register += 97)
          sketch.raise(register, 33 - (register % 33), 100);
        expect(sketch.end).to.be.at.most(SPARSE_BYTES_MAX);
      }
    }
  });

  it("is none that is longer than all registers can make it", () => {
    const endless = Buffer.alloc(SPARSE_BYTES_MAX + 1);
    bytesOf(emptySketch()).copy(endless);
    expect(isSketch(rangeOf(endless))).to.equal(true);
    expect(countSketch(rangeOf(endless))).to.equal(undefined);
    expect(new Sketch().load(rangeOf(endless))).to.equal(false);
  });

  it("stores its count until a register changes", () => {
    const sketch = seen(1, 10);
    expect(storedCardinality(sketch)).to.equal(0);
    sketch.makeStale();
    expect(storedCardinality(sketch)).to.equal(undefined);
    sketch.bytes.writeBigUInt64LE(2n ** 63n - 1n, 8);
    expect(storedCardinality(sketch)).to.equal(2n ** 63n - 1n);
  });
});
