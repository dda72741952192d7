import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { FILE_HEAD_BYTES, readFileHead } from "#torus/durability/file-head.js";
import { FRAME_HEAD_BYTES, readFrameHead } from "#torus/durability/frames.js";
import { Salvage } from "#torus/durability/salvage.js";
import { LogBench } from "./log-bench.js";
import { MemoryDisk } from "./memory-disk.js";

/** Where in a file a frame lies, and which of the stream it holds. */
interface FramePlace {
  readonly offset: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

describe("the salvage of a log of several segments, in which batches span some", () => {
  let sound: MemoryDisk;
  /** Batches by where they end in the stream. */
  let batches: ReadonlyMap<number, string>;
  before(async () => {
    sound = new MemoryDisk();
    const bench = await LogBench.create(sound, { segmentBytes: 320 });
    await bench.takeMany(12, [3, 40, 500, 7, 120]);
    await bench.log.close();
    batches = bench.batches;
    expect(sound.paths().length).greaterThan(3);
  });

  it("takes all of it if nothing is damaged", async () => {
    const { taken, salvage } = await salvageOf(sound);
    expect(taken).deep.equal([...batches.values()]);
    expect([salvage.gaps, salvage.lostBytes]).deep.equal([0, 0]);
    expect(salvage.end).equal([...batches.keys()].at(-1));
  });

  it("loses the batches of a damaged frame alone, whatever byte is flipped, and says so", async () => {
    for (const path of sound.paths()) {
      for (const frame of framesOf(sound.bytesOf(path))) {
        const expected = [...batches].filter(
          ([end, { length }]) => end <= frame.from || end - length >= frame.to,
        );
        for (let at = frame.offset; at < frame.end; at++) {
          const { taken, salvage } = await salvageOf(flipped(path, at));
          const where = `${path} at byte ${at}`;
          expect(taken, where).deep.equal(expected.map(([, text]) => text));
          expect(salvage.gaps, where).equal(1);
          expect(salvage.lostBytes, where).at.least(frame.to - frame.from);
        }
      }
    }
  });

  it("loses nothing to a damaged head but for its salt, without which no frame can be told", async () => {
    const SALT = { from: 12, to: 16 };
    const path = sound.paths()[1]!;
    for (let at = 0; at < FILE_HEAD_BYTES; at++) {
      const { taken, salvage } = await salvageOf(flipped(path, at));
      const isSalt = at >= SALT.from && at < SALT.to;
      if (isSalt) expect(taken.length, `byte ${at}`).below(batches.size);
      else expect(taken, `byte ${at}`).deep.equal([...batches.values()]);
      expect(salvage.gaps, `byte ${at}`).equal(isSalt ? 2 : 1);
    }
  });

  function flipped(path: string, at: number): MemoryDisk {
    const copy = sound.afterKill();
    const bytes = Buffer.from(copy.bytesOf(path));
    bytes[at]! ^= 1;
    copy.put(path, bytes);
    return copy;
  }

  /** Takes only what is a run of whole batches, as `Salvage` asks for. */
  async function salvageOf(disk: MemoryDisk): Promise<{ taken: string[]; salvage: Salvage }> {
    const taken: string[] = [];
    const take = (bytes: Buffer): boolean => {
      const found: string[] = [];
      for (let rest = bytes.toString("latin1"); rest !== ""; ) {
        const text = [...batches.values()].find((batch) => rest.startsWith(batch));
        if (text === undefined) return false;
        found.push(text);
        rest = rest.slice(text.length);
      }
      taken.push(...found);
      return true;
    };
    const salvage = new Salvage({ disk, checksum: crc32, take });
    await salvage.readLog(disk.paths());
    return { taken, salvage };
  }
});

/** Those with a payload. */
function framesOf(bytes: Buffer): FramePlace[] {
  const reading = readFileHead(bytes, "TORUSLOG");
  if (reading.kind !== "head") return [];
  const frames: FramePlace[] = [];
  for (let offset = FILE_HEAD_BYTES; ; ) {
    const frame = readFrameHead(bytes, { at: offset, end: bytes.length, salt: reading.head.salt });
    if (frame === undefined) return frames;
    const { length, position: from } = frame;
    const end = offset + FRAME_HEAD_BYTES + length;
    if (length > 0) frames.push({ offset, end, from, to: from + length });
    offset = end;
  }
}
