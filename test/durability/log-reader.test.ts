import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { FILE_HEAD_BYTES, readFileHead } from "#torus/durability/file-head.js";
import { FRAME_HEAD_BYTES, FRAME_PART, type FrameHead, readFrameHead } from "#torus/durability/frames.js";
import { DamagedLog } from "#torus/durability/log-reader.js";
import { LogBench, type LogSetUp, type Reading, readAll } from "./log-bench.js";
import { MemoryDisk } from "./memory-disk.js";

interface Frame extends FrameHead {
  readonly path: string;
  readonly offset: number;
  readonly end: number;
}

/** A log as it lies on disk, and what is in it. */
interface Sample {
  readonly disk: MemoryDisk;
  readonly text: string;
  /** Where batches end. */
  readonly ends: ReadonlySet<number>;
  readonly frames: readonly Frame[];
}

/** How a log of some segments, in which a batch spans three, was left. */
const endings = {
  "was closed": (bench: LogBench) => bench.log.close(),
  "was sealed": (bench: LogBench) => bench.time.pass(3000),
  "broke off": () => Promise.resolve(),
};

async function sampleOf(end: (bench: LogBench) => Promise<void>, setUp: LogSetUp = {}): Promise<Sample> {
  const disk = new MemoryDisk();
  const bench = await LogBench.create(disk, { segmentBytes: 320, ...setUp });
  await bench.takeMany(12, [3, 40, 500, 7, 120]);
  await end(bench);
  const text = [...bench.batches.values()].join("");
  return {
    disk,
    text,
    ends: new Set([0, ...bench.batches.keys()]),
    frames: disk.paths().flatMap(framesOf(disk)),
  };
}

function framesOf(disk: MemoryDisk): (path: string) => Frame[] {
  return (path) => {
    const bytes = disk.bytesOf(path);
    const reading = readFileHead(bytes, "TORUSLOG");
    if (reading.kind !== "head") return [];
    const frames: Frame[] = [];
    for (let offset = FILE_HEAD_BYTES; ; ) {
      const frame = readFrameHead(bytes, { at: offset, end: bytes.length, salt: reading.head.salt });
      if (frame === undefined) return frames;
      const end = offset + FRAME_HEAD_BYTES + frame.length;
      frames.push({ ...frame, path, offset, end });
      offset = end;
    }
  };
}

function withBytes(disk: MemoryDisk, path: string, bytes: Buffer): MemoryDisk {
  const copy = disk.afterKill();
  copy.put(path, bytes);
  return copy;
}

async function outcome(disk: MemoryDisk, from = 0): Promise<Reading | DamagedLog> {
  try {
    return await readAll(disk, from);
  } catch (error) {
    if (error instanceof DamagedLog) return error;
    throw error;
  }
}

/** Whether all batches are there, or why not all are: either way in a manner that an operator sees. */
function expectHonest(result: Reading | DamagedLog, sample: Sample, where: string): void {
  if (result instanceof DamagedLog) return;
  expect(sample.text.startsWith(result.text), `${where}: a prefix`).equal(true);
  expect(sample.ends.has(result.end), `${where}: of whole batches`).equal(true);
  if (result.end < sample.text.length) expect(result.cut, `${where}: a cut`).not.equal(undefined);
}

describe("the reader of the log", () => {
  for (const [how, end] of Object.entries(endings)) {
    describe(`of one that ${how}`, () => {
      let sample: Sample;
      before(async () => {
        sample = await sampleOf(end);
      });

      it("reads all of it", async () => {
        const { text, cut, cleanShutdown, nextSequence } = await readAll(sample.disk);
        expect(text).equal(sample.text);
        expect(cut).equal(undefined);
        expect(cleanShutdown).equal(how === "was closed");
        expect(nextSequence).equal(sample.disk.paths().length + 1);
        expect(new Set(sample.frames.map(({ path }) => path)).size).greaterThan(3);
      });

      it("reads all of it from between any two batches", async () => {
        for (const from of sample.ends) {
          const { text, end: found } = await readAll(sample.disk, from);
          expect(text).equal(sample.text.slice(from));
          expect(found).equal(sample.text.length);
        }
      });

      it("loses nothing silently, whatever byte is flipped", async () => {
        const last = sample.frames.filter(({ length }) => length > 0).at(-1)!;
        const promised = how === "broke off" ? last.durable : sample.text.length;
        for (const path of sample.disk.paths()) {
          const bytes = sample.disk.bytesOf(path);
          for (let at = 0; at < bytes.length; at++) {
            for (const mask of [1, 0x80, 0xff]) {
              const damaged = Buffer.from(bytes);
              damaged[at]! ^= mask;
              const result = await outcome(withBytes(sample.disk, path, damaged));
              const where = `${path} byte ${at} mask ${mask}`;
              expectHonest(result, sample, where);
              if (result instanceof DamagedLog) expectNamed(result, sample, path, at);
              else expect(result.end, where).least(promised);
            }
          }
        }
      }).timeout(60_000);

      it("loses nothing silently, wherever a file is cut off", async () => {
        const lastPath = sample.frames.at(-1)!.path;
        for (const path of sample.disk.paths()) {
          const bytes = sample.disk.bytesOf(path);
          for (let length = 0; length < bytes.length; length++) {
            const where = `${path} cut at ${length}`;
            const result = await outcome(withBytes(sample.disk, path, bytes.subarray(0, length)));
            expectHonest(result, sample, where);
            if (result instanceof DamagedLog || result.end === sample.text.length) continue;
            expect(path, `${where}: more is known to have been there`).equal(lastPath);
            const { file, offset } = result.cut!;
            const unfinished = sample.frames.find(
              (frame) => frame.position === result.end && frame.kind === FRAME_PART,
            );
            if (file !== path) expect([file, offset]).deep.equal([unfinished?.path, unfinished?.offset]);
            const left = sample.frames.filter((frame) => frame.path !== path || frame.end <= length);
            const durable = Math.max(...left.map((frame) => frame.durable));
            // A mark may lie within a batch, which counts only whole.
            expect(result.end, where).least(
              Math.max(...[...sample.ends].filter((position) => position <= durable)),
            );
          }
        }
      }).timeout(60_000);

      it("loses nothing silently, whatever file is missing", async () => {
        const used = new Set(sample.frames.map(({ path }) => path));
        for (const path of sample.disk.paths()) {
          const disk = sample.disk.afterKill();
          disk.delete(path);
          const result = await outcome(disk);
          if (used.has(path)) expect(result, path).instanceOf(DamagedLog);
          else expect((result as Reading).text).equal(sample.text);
        }
      });

      it("is not held up by damage below where it begins, as long as it can read on from there", async () => {
        const { disk, ends, frames, text } = await sampleOf(end, { segmentBytes: 3000 });
        const from = [...ends][7]!;
        const below = frames.filter(({ position, length }) => length > 0 && position + length < from);
        expect(below.length).equal(6);
        for (const { path, offset, end: frameEnd } of below) {
          for (let at = offset; at < frameEnd; at++) {
            const damaged = Buffer.from(disk.bytesOf(path));
            damaged[at]! ^= 1;
            expect((await readAll(withBytes(disk, path, damaged), from)).text).equal(text.slice(from));
          }
        }
      });
    });
  }

  it("cuts a torn tail, says how much, and goes on behind the cut at the next start", async () => {
    const sample = await sampleOf(endings["broke off"]);
    const last = sample.frames.at(-1)!;
    const torn = Buffer.from(sample.disk.bytesOf(last.path));
    torn.fill(0, last.offset + 40, last.end);
    const disk = withBytes(sample.disk, last.path, torn);
    const first = await readAll(disk);
    expect(first.end).equal(last.position);
    expect(first.cut).deep.equal({ file: last.path, offset: last.offset, bytes: 40 });
    const bench = await LogBench.create(disk, { position: first.end, sequence: first.nextSequence });
    bench.take("after");
    await bench.log.close();
    const second = await readAll(disk);
    expect(second.text).equal(`${first.text}after`);
    expect(second.cut).equal(undefined);
    expect(second.cleanShutdown).equal(true);
  });

  it("drops a batch of which only a part was written, and names where it begins", async () => {
    const disk = new MemoryDisk();
    const bench = await LogBench.create(disk, { segmentBytes: 320 });
    bench.take("one");
    await bench.time.pass(0);
    // Into the second segment, and not to the end of the batch.
    const first = disk.paths()[0]!;
    disk.before = ({ kind, path }) => {
      if (kind === "create" && !path.includes("02.torus")) return new Promise(() => {});
      return undefined;
    };
    bench.take("x".repeat(2000));
    await bench.time.pass(0);
    const { text, end, cut } = await readAll(disk.afterKill());
    expect(text).equal("one");
    expect(end).equal(3);
    expect(cut!.file).equal(first);
    expect(cut!.offset).equal(FILE_HEAD_BYTES + FRAME_HEAD_BYTES + 3);
    expect(cut!.bytes).greaterThan(200);
  });

  it("takes no copy of the log within a value for the log", async () => {
    const disk = new MemoryDisk();
    const bench = await LogBench.create(disk);
    await bench.takeMany(5);
    await bench.time.pass(3000);
    const path = disk.paths()[0]!;
    const copied = bench.position;
    bench.take(disk.bytesOf(path).subarray(0, 1000).toString("latin1"));
    await bench.time.pass(0);
    const [last] = framesOf(disk)(path).slice(-1);
    for (let at = last!.offset; at < last!.end; at += 3) {
      const damaged = Buffer.from(disk.bytesOf(path));
      damaged[at]! ^= 1;
      const { end, cut } = await readAll(withBytes(disk, path, damaged));
      expect(end).equal(copied);
      expect(cut!.offset).equal(last!.offset);
    }
  });

  it("reads batches of any length, across frames, blocks and segments", async () => {
    const disk = new MemoryDisk();
    const bench = await LogBench.create(disk, { segmentBytes: 5 * 2 ** 20 });
    for (const length of [2 ** 20, 2 ** 20 - 1, 2 ** 20 + 1, 3, 7_000_000, 2 ** 21, 100]) {
      bench.take("".padEnd(length, `${length}`));
      await bench.time.pass(0);
    }
    const text = [...bench.batches.values()].join("");
    expect((await readAll(disk)).text === text).equal(true);
    const [, second] = disk.paths();
    const damaged = Buffer.from(disk.bytesOf(second!));
    damaged[3_000_000]! ^= 1;
    const result = await outcome(withBytes(disk, second!, damaged));
    expect(result).instanceOf(DamagedLog);
    expect((result as DamagedLog).file).equal(second);
  });

  it("refuses a log of a newer format, by name", async () => {
    const { disk } = await sampleOf(endings["was closed"]);
    const [path] = disk.paths();
    const bytes = Buffer.from(disk.bytesOf(path!));
    bytes[8] = 2;
    bytes.writeUInt32LE(crc32(bytes, 0, FILE_HEAD_BYTES - 4), FILE_HEAD_BYTES - 4);
    expect(String(await outcome(withBytes(disk, path!, bytes)))).equal(
      `DamagedLog: ${path} at byte 0: format 2 is not known: this program writes 1`,
    );
  });

  it("finds nothing where there is nothing", async () => {
    expect(await readAll(new MemoryDisk(), 77)).deep.equal({
      text: "",
      end: 77,
      nextSequence: 1,
      cleanShutdown: false,
    });
  });
});

/** A refusal names the file, and the frame in it, or in the one after it what says that something is missing. */
function expectNamed({ file, offset }: DamagedLog, { frames }: Sample, path: string, at: number): void {
  const frame = frames.find((other) => other.path === path && other.offset <= at && at < other.end);
  if (frame === undefined) expect([file, offset]).deep.equal([path, 0]);
  else expect([file, offset]).deep.equal([path, frame.offset]);
}
