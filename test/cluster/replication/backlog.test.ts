import { expect } from "chai";
import fc from "fast-check";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { Backlog, type Stretch } from "#torus/cluster/replication/backlog.js";
import { beginBatch, endBatch } from "#torus/delta/batch.js";

/** Something that has the form of a batch, of so many bytes. */
function batch(byteLength: number, fill = "x"): Buffer {
  const writer = new ByteWriter({ bytesMax: 2 ** 24 });
  const start = beginBatch(writer);
  const bytes = Buffer.alloc(byteLength - writer.length, fill);
  writer.range({ bytes, start: 0, end: bytes.length });
  endBatch(writer, start);
  return Buffer.from(writer.written());
}

/** A stream of batches in one piece of memory, handed out in chunks of some of them each. */
class Stream {
  readonly bytes: Buffer;
  readonly ends: number[] = [];
  position = 0;
  #batch = 0;

  constructor(lengths: readonly number[]) {
    this.bytes = Buffer.concat(lengths.map((length, i) => batch(length, String.fromCharCode(97 + (i % 26)))));
    let end = 0;
    for (const length of lengths) this.ends.push((end += length));
  }

  /** Adds the next batches; `isCopied`: in memory of their own. */
  addTo(backlog: Backlog, batches: number, nowMs: number, isCopied = false): void {
    const from = this.position;
    const last = Math.min(this.#batch + batches, this.ends.length);
    if (last === this.#batch) return;
    const to = this.ends[last - 1]!;
    const view = this.bytes.subarray(from, to);
    backlog.add({ bytes: isCopied ? Buffer.from(view) : view, from, to, batches: last - this.#batch, nowMs });
    this.#batch = last;
    this.position = to;
  }
}

function readAll(backlog: Backlog, from: number, bytesMax: number): Stretch[] {
  const stretches: Stretch[] = [];
  for (let at = from; ; ) {
    const stretch = backlog.read(at, bytesMax);
    if (stretch === undefined) return stretches;
    stretches.push(stretch);
    at = stretch.to;
  }
}

describe("a backlog", () => {
  it("gives back the stream from the end of any batch on, in stretches of bounded length", () => {
    const length = fc.oneof(fc.integer({ min: 20, max: 200 }), fc.constantFrom(5000, 90_000, 300_000));
    const chunk = fc.record({
      batches: fc.integer({ min: 1, max: 6 }),
      pauseMs: fc.constantFrom(0, 1, 20),
      isCopied: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(length, { minLength: 1, maxLength: 30 }),
        fc.array(chunk, { maxLength: 15 }),
        fc.constantFrom(1, 100, 10_000, 2 ** 18),
        (lengths, chunks, bytesMax) => {
          const stream = new Stream(lengths);
          const backlog = new Backlog({ bytesMax: 2 ** 30, position: 0 });
          let nowMs = 0;
          for (const { batches, pauseMs, isCopied } of chunks) {
            stream.addTo(backlog, batches, (nowMs += pauseMs), isCopied);
          }
          expect([backlog.first, backlog.end]).to.deep.equal([0, stream.position]);
          for (const [i, from] of [0, ...stream.ends].entries()) {
            if (from > stream.position) break;
            expect(backlog.covers(from)).to.equal(true);
            const rest = stream.ends.filter((end) => end > from && end <= stream.position);
            expect(backlog.batchesSince(from)).to.equal(rest.length);
            const stretches = readAll(backlog, from, bytesMax);
            const bytes = Buffer.concat(stretches.flatMap(({ parts }) => parts));
            expect(bytes.equals(stream.bytes.subarray(from, stream.position)), `from batch ${i}`).to.equal(
              true,
            );
            let at = from;
            for (const stretch of stretches) {
              expect(stretch.from).to.equal(at);
              at = stretch.to;
              expect(stream.ends, "whole batches").to.include(at);
              const byteLength = stretch.parts.reduce((sum, part) => sum + part.length, 0);
              expect(byteLength).to.equal(stretch.to - stretch.from);
              const isOne = stream.ends.find((end) => end > stretch.from) === stretch.to;
              if (!isOne) expect(byteLength).to.be.at.most(bytesMax);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("takes no more memory than it may, but always has the newest chunk", () => {
    const stream = new Stream(Array.from({ length: 2000 }, (_, i) => (i === 1500 ? 50_000 : 100)));
    const backlog = new Backlog({ bytesMax: 20_000, position: 0 });
    for (let i = 0; i < 2000; i++) {
      stream.addTo(backlog, 1, i * 100);
      expect(backlog.end).to.equal(stream.position);
      if (i === 1500) expect(backlog.usedBytes).to.be.within(50_000, 51_000);
      else expect(backlog.usedBytes).to.be.at.most(20_000);
      if (i < 50) expect(backlog.first).to.equal(0);
    }
    const { first, end } = backlog;
    expect(first).to.be.within(end - 20_000, end - 2000);
    expect([first - 1, end + 1].map((position) => backlog.covers(position))).to.deep.equal([false, false]);
    const bytes = Buffer.concat(readAll(backlog, first, 1000).flatMap(({ parts }) => parts));
    expect(bytes.equals(stream.bytes.subarray(first, end))).to.equal(true);
  });

  it("counts what tiny chunks take beside their bytes, and joins those that come together", () => {
    const apart = new Backlog({ bytesMax: 2 ** 20, position: 0 });
    const together = new Backlog({ bytesMax: 2 ** 20, position: 0 });
    const [one, other] = [new Stream(new Array(1000).fill(30)), new Stream(new Array(1000).fill(30))];
    for (let i = 0; i < 1000; i++) {
      one.addTo(apart, 1, i * 100);
      other.addTo(together, 1, i / 100);
    }
    expect(apart.usedBytes).to.be.greaterThan(1000 * 256);
    expect(together.usedBytes).to.be.lessThan(31_000);
    expect(together.batchesSince(30 * 400)).to.equal(600);
  });

  it("says since when something waits", () => {
    const stream = new Stream(new Array(10).fill(100));
    const backlog = new Backlog({ bytesMax: 2 ** 20, position: 0 });
    expect([backlog.firstMs, backlog.takenMs(0)]).to.deep.equal([undefined, undefined]);
    for (let i = 0; i < 10; i++) stream.addTo(backlog, 1, 1000 + i * 50);
    expect(backlog.firstMs).to.equal(1000);
    expect([0, 99, 100, 950, 1000].map((at) => backlog.takenMs(at))).to.deep.equal([
      1000,
      1000,
      1050,
      1450,
      undefined,
    ]);
  });

  it("gives a chunk of which something was left out as one piece", () => {
    const backlog = new Backlog({ bytesMax: 2 ** 20, position: 500 });
    const [first, second] = [batch(40), batch(70)];
    backlog.add({ bytes: first, from: 500, to: 700, batches: 1, nowMs: 0 });
    backlog.add({ bytes: second, from: 700, to: 770, batches: 1, nowMs: 0 });
    // Nothing of it concerned whoever keeps this.
    for (const from of [770, 800, 830]) {
      backlog.add({ bytes: Buffer.alloc(0), from, to: from + 30, batches: 0, nowMs: 0 });
    }
    expect(backlog.read(600, 1)).to.deep.equal({ parts: [first], from: 500, to: 700 });
    expect(backlog.read(700, 1000)).to.deep.include({ from: 700, to: 860 });
    expect(backlog.read(815, 1000)).to.deep.equal({ parts: [Buffer.alloc(0)], from: 770, to: 860 });
    expect(backlog.read(860, 1000)).to.equal(undefined);
  });

  it("begins anew where it is told to", () => {
    const stream = new Stream([100, 100]);
    const backlog = new Backlog({ bytesMax: 2 ** 20, position: 0 });
    stream.addTo(backlog, 2, 0);
    backlog.restart(5000);
    expect([backlog.first, backlog.end, backlog.usedBytes]).to.deep.equal([5000, 5000, 0]);
    backlog.add({ bytes: batch(30), from: 5000, to: 5030, batches: 1, nowMs: 0 });
    expect(backlog.batchesSince(5000)).to.equal(1);
    expect(backlog.covers(200)).to.equal(false);
  });
});
