import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { FrameQueue } from "#torus/durability/frame-queue.js";
import { FRAME_HEAD_BYTES } from "#torus/durability/frames.js";

const POSITION = 1000;

describe("frame queue", () => {
  it("promises nothing of a chunk in several frames before the last of them lasts", () => {
    const queue = new FrameQueue(POSITION);
    for (const length of [10, 100, 10]) queue.push(Buffer.alloc(length, "x"));
    // The first chunk in a frame of its own, the second in three, of which the last takes the third with it.
    const ends = [10, 40, 40, 100].map((payload) => pack(queue, payload));
    expect(ends).deep.equal([1010, 1050, 1090, 1120]);
    expect(queue.wholeUpTo(1005)).equal(1005);
    expect(queue.wholeUpTo(1010)).equal(1010);
    expect(queue.wholeUpTo(1050)).equal(1010);
    expect(queue.wholeUpTo(1090)).equal(1010);
    expect(queue.wholeUpTo(1120)).equal(1120);
  });

  it("promises what lies between two chunks in several frames", () => {
    const queue = new FrameQueue(POSITION);
    queue.push(Buffer.alloc(50, "x"));
    queue.push(Buffer.alloc(50, "y"));
    const ends = [40, 10, 30, 30].map((payload) => pack(queue, payload));
    expect(ends).deep.equal([1040, 1050, 1080, 1100]);
    expect([1040, 1050, 1080, 1100].map((lasting) => queue.wholeUpTo(lasting))).deep.equal([
      1000, 1050, 1050, 1100,
    ]);
  });
});

/** Packs one frame, of up to so many bytes. Answers the position behind it. */
function pack(queue: FrameQueue, payload: number): number {
  const roomBytes = FRAME_HEAD_BYTES + payload;
  return queue.pack({ roomBytes, durable: POSITION, salt: 1, checksum: crc32 }).end;
}
