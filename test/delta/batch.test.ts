import { expect } from "chai";
import fc from "fast-check";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { rangeOf } from "#torus/base/bytes.js";
import { crc32 } from "#torus/base/crc32.js";
import { BATCH_HEAD_BYTES, type BatchReading, beginBatch, endBatch, readBatch } from "#torus/delta/batch.js";
import type { Delta } from "#torus/delta/delta.js";
import { writeDelta } from "#torus/delta/delta-codec.js";
import { delta } from "./arbitraries.js";
import { bytesOfDelta } from "./bytes-of.js";

const READER = { checksum: crc32, batchBytesMax: 1e6 };
const RANDOM_DAMAGE = 3;

const batch = fc.array(delta, { minLength: 1, maxLength: 4 });

function write(deltas: readonly Delta[], before = 0): Buffer {
  const writer = new ByteWriter({ capacityBytes: 8, bytesMax: 1e6 });
  for (let i = 0; i < before; i++) writer.u8(0xee);
  const start = beginBatch(writer);
  for (const each of deltas) writeDelta(writer, each);
  endBatch(writer, start, crc32);
  return Buffer.from(writer.written());
}

/** Bytes with a right checksum and length around what is wrong. */
function frame(content: Uint8Array): Buffer {
  const writer = new ByteWriter({ bytesMax: 1e6 });
  writer.u32(0);
  writer.u32(0);
  writer.range(rangeOf(content));
  endBatch(writer, 0, crc32);
  return Buffer.from(writer.written());
}

function expectDeltas(reading: BatchReading, deltas: readonly Delta[]): void {
  if (reading.kind !== "batch") throw new Error(JSON.stringify(reading));
  expect(reading.deltas.map(bytesOfDelta)).deep.equal(deltas.map(bytesOfDelta));
}

describe("batch", () => {
  it("gives back the deltas that were written, wherever it lies, and says where it ends", () => {
    fc.assert(
      fc.property(batch, fc.nat(3), (deltas, before) => {
        const bytes = Buffer.concat([write(deltas, before), Buffer.from("more")]);
        const reading = readBatch({ bytes, start: before, end: bytes.length }, READER);
        expectDeltas(reading, deltas);
        expect(reading).property("end", bytes.length - 4);
      }),
    );
  });

  it("stands among others in one writer", () => {
    fc.assert(
      fc.property(batch, batch, (first, second) => {
        const bytes = Buffer.concat([write(first), write(second)]);
        const reading = readBatch(rangeOf(bytes), READER);
        expectDeltas(reading, first);
        const start = reading.kind === "batch" ? reading.end : 0;
        expectDeltas(readBatch({ bytes, start, end: bytes.length }, READER), second);
      }),
    );
  });

  it("is incomplete wherever it is cut off, and tells how much is missing once its head is there", () => {
    fc.assert(
      fc.property(batch, (deltas) => {
        const bytes = write(deltas);
        for (let end = 0; end < bytes.length; end++) {
          const bytesNeeded = end < BATCH_HEAD_BYTES ? BATCH_HEAD_BYTES : bytes.length;
          expect(readBatch({ bytes, start: 0, end }, READER)).deep.equal({ kind: "incomplete", bytesNeeded });
        }
      }),
    );
  });

  it("is never read with a wrong byte anywhere", () => {
    fc.assert(
      fc.property(batch, fc.infiniteStream(fc.integer({ min: 1, max: 255 })), (deltas, masks) => {
        const bytes = write(deltas);
        for (let at = 0; at < bytes.length; at++) {
          const flips = [...Array.from({ length: 8 }, (_, bit) => 1 << bit), ...masks.take(RANDOM_DAMAGE)];
          for (const mask of flips) {
            bytes[at]! ^= mask;
            expect(readBatch(rangeOf(bytes), READER).kind).not.equal("batch");
            bytes[at]! ^= mask;
          }
        }
        expect(readBatch(rangeOf(bytes), READER).kind).equal("batch");
      }),
      { numRuns: 30 },
    );
  });

  it("is read without a checksum where what carries it has one", () => {
    fc.assert(
      fc.property(batch, (deltas) => {
        const bytes = write(deltas);
        bytes.fill(0, 0, 4);
        expectDeltas(readBatch(rangeOf(bytes), READER), deltas);
      }),
    );
  });

  it("is refused, not crashed on, when a broken sender vouches for wrong bytes", () => {
    fc.assert(
      fc.property(batch, fc.nat(), fc.nat(255), (deltas, pick, byte) => {
        const content = write(deltas).subarray(BATCH_HEAD_BYTES);
        content[pick % content.length] = byte;
        const reading = readBatch(rangeOf(frame(content)), READER);
        // A changed value, clock or key may make other deltas; what was read is then what those bytes say.
        if (reading.kind === "batch")
          expect(readBatch(rangeOf(write(reading.deltas)), READER).kind).equal("batch");
        else expect(reading.kind).equal("damaged");
      }),
      { numRuns: 3000 },
    );
  });

  it("is refused when vouched for and cut off, at every byte", () => {
    fc.assert(
      fc.property(delta, (only) => {
        const content = write([only]).subarray(BATCH_HEAD_BYTES);
        for (let end = 0; end < content.length; end++) {
          expect(readBatch(rangeOf(frame(content.subarray(0, end))), READER).kind).equal("damaged");
        }
      }),
    );
  });

  it("is refused with a reason when empty, of another format, too long, or not a batch at all", () => {
    const refused = (bytes: Buffer, reason: string) => {
      expect(readBatch(rangeOf(bytes), READER)).deep.equal({ kind: "damaged", reason });
    };
    refused(frame(Buffer.from([1])), "delta 0 is malformed");
    refused(frame(Buffer.from([2, 0])), "format 2 is not known");
    refused(Buffer.alloc(1000), "format 0 is not known");
    refused(Buffer.from("00000000ffffffff", "hex"), "4294967303 bytes exceed the 1000000 allowed");
  });
});
