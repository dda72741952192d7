/**
 * Reads the log from a position on, and judges what it finds.
 *
 * A segment holds the stream from where it begins to where the lowest of those after it begins: who cuts a tail off
 * begins a new segment at the cut, and from then on that is what counts. Where the stream breaks off, what lies
 * behind is searched for durable marks: if one says that more was there for good, it was damaged since, and no node
 * may start on the rest as if it were all. Otherwise a crash tore what nobody was promised: the tail is cut, and told of.
 */
import type { Checksum } from "../base/crc32.js";
import type { Disk, DiskFile } from "../host/disk.js";
import type { Log } from "../host/log.js";
import { FILE_HEAD_BYTES, type FileHead } from "./file-head.js";
import { FrameReader } from "./frame-reader.js";
import { searchFrames } from "./frame-search.js";
import { FRAME_CLOSED, FRAME_HEAD_BYTES, FRAME_NEXT, FRAME_PART, type FrameHead } from "./frames.js";
import { listSegments, type SegmentFile, withFile } from "./segment-files.js";

/** The log lacks what it is known to have held, or was written by a newer program: starting would lose it. */
export class DamagedLog extends Error {
  override readonly name = "DamagedLog";
  constructor(
    readonly file: string,
    readonly offset: number,
    readonly reason: string,
  ) {
    super(`${file} at byte ${offset}: ${reason}`);
  }
}

export interface LogReaderOptions {
  readonly disk: Disk;
  readonly log: Log;
  readonly checksum: Checksum;
  readonly directory: string;
  /** A position between two batches: what lies before is known from elsewhere. */
  readonly from: number;
}

/** Where the log was torn, and how much is given up: of an unfinished batch, and of what behind it cannot be read. */
export interface LogCut {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

export interface LogReading {
  /** Behind the last whole batch, or `from` if that is higher. */
  readonly end: number;
  /** The number for the next segment. */
  readonly nextSequence: number;
  readonly cut?: LogCut;
  /** Whether the log was closed in order. */
  readonly cleanShutdown: boolean;
}

/** Gets whole batches in order. The bytes are valid until what it answers resolves. */
export type OnPayload = (bytes: Buffer, position: number) => Promise<void> | void;

/** Rejects with `DamagedLog`, or with a `HostError`. */
export function readLog(options: LogReaderOptions, onPayload: OnPayload): Promise<LogReading> {
  return new LogReader(options, onPayload).read();
}

interface Segment {
  readonly path: string;
  readonly head: FileHead;
  /** Where of the stream it ends to count. */
  readonly end: number;
}

/** Where in a file something is. */
interface Place {
  readonly file: string;
  readonly offset: number;
}

/** Where the reading of a segment ended, and what ended it. */
interface Stop extends Place {
  readonly kind:
    | "next" // what follows is in another segment, as that one or this one says
    | "closed" // the log was closed in order
    | "unused" // the rest was never written to
    | "broken"; // what should be a frame is none, or the file is too short
  /** That are there and cannot be read. */
  readonly bytes: number;
}

class LogReader {
  readonly #options: LogReaderOptions;
  readonly #onPayload: OnPayload;
  /** Behind the last frame that was read; behind the last batch that was whole. */
  #reached: number;
  #whole: number;
  /** Of an unfinished batch: copies of what was read, and where its first frame lies. */
  #parts: Buffer[] = [];
  #partsPlace: Place | undefined;

  constructor(options: LogReaderOptions, onPayload: OnPayload) {
    this.#options = options;
    this.#onPayload = onPayload;
    this.#reached = this.#whole = options.from;
  }

  async read(): Promise<LogReading> {
    const { disk, directory } = this.#options;
    const files = await listSegments(disk, directory);
    const nextSequence = (files.at(-1)?.sequence ?? 0) + 1;
    const segments = await this.#segmentsOf(files);
    let stop: Stop | undefined;
    for (const [index, segment] of segments.entries()) {
      if (segment.head.position > this.#reached) {
        const cut = await this.#cutBefore(segments.slice(index), stop);
        return { end: this.#whole, nextSequence, cut, cleanShutdown: false };
      }
      stop = await this.#readSegment(segment);
    }
    if (stop?.kind === "next") throw damaged(stop, "the log goes on in another file, which is not there");
    const cut = stop === undefined ? undefined : this.#cutAt(stop);
    if (cut !== undefined) return { end: this.#whole, nextSequence, cut, cleanShutdown: false };
    return { end: this.#whole, nextSequence, cleanShutdown: stop?.kind === "closed" };
  }

  /** The segments that say anything of what lies above `from`. */
  async #segmentsOf(files: readonly SegmentFile[]): Promise<Segment[]> {
    const { from } = this.#options;
    const segments: Segment[] = [];
    let end = Infinity;
    for (const { path, reading } of files.toReversed()) {
      if (reading.kind === "newer") throw new DamagedLog(path, 0, reading.reason);
      if (reading.kind === "head") {
        const { head } = reading;
        if (head.position < end && end > from) segments.unshift({ path, head, end });
        end = Math.min(end, head.position);
      } else if (end > from) {
        await this.#expectUnused(path, reading.kind === "blank" ? "it has no head" : reading.reason);
      }
    }
    return segments;
  }

  /** A crash may leave a file without a sound head only before anything else is written to it. */
  async #expectUnused(path: string, reason: string): Promise<void> {
    const { disk, log } = this.#options;
    const search = { salt: 0, offset: FILE_HEAD_BYTES, visit: () => false };
    const usedEnd = await withFile(disk, path, (file) => searchFrames({ file, ...search }));
    if (usedEnd > FILE_HEAD_BYTES) throw new DamagedLog(path, 0, reason);
    log.info("A file of the log was never begun", { file: path });
  }

  async #readSegment(segment: Segment): Promise<Stop> {
    const { disk, checksum } = this.#options;
    const { path, head } = segment;
    return await withFile(disk, path, async (file) => {
      const options = { file, salt: head.salt, checksum, fileBytes: await file.size() };
      let reader = new FrameReader({ ...options, offset: FILE_HEAD_BYTES });
      try {
        let { position } = head;
        while (position < segment.end) {
          const { offset } = reader;
          const frame = reader.next();
          if (frame === undefined && (await reader.more())) continue;
          if (frame?.position === position && frame.kind <= FRAME_CLOSED) {
            if (frame.kind === FRAME_NEXT) return { kind: "next", file: path, offset, bytes: 0 };
            if (frame.kind === FRAME_CLOSED) return { kind: "closed", file: path, offset, bytes: 0 };
            await this.#takePayload(frame, reader.payload, { file: path, offset });
            position += frame.length;
            continue;
          }
          const later = await this.#findLater(file, { segment, offset, position });
          if (later === undefined) return await this.#judgeTail(file, segment, offset);
          await reader.stop();
          reader = new FrameReader({ ...options, offset: later.offset });
          position = later.frame.position;
        }
        return { kind: "next", file: path, offset: reader.offset, bytes: 0 };
      } finally {
        await reader.stop();
      }
    });
  }

  async #takePayload({ kind, position, length }: FrameHead, payload: Buffer, place: Place): Promise<void> {
    const start = this.#reached - position;
    if (start >= length) return;
    this.#reached = position + length;
    const rest = payload.subarray(start);
    if (kind === FRAME_PART) {
      this.#partsPlace ??= place;
      this.#parts.push(Buffer.from(rest));
      return;
    }
    const whole = this.#parts.length === 0 ? rest : Buffer.concat([...this.#parts, rest]);
    this.#parts = [];
    this.#partsPlace = undefined;
    await this.#onPayload(whole, this.#whole);
    this.#whole = this.#reached;
  }

  /** Damage below `from` is nobody's loss, if the log can be read again from there on. */
  async #findLater(
    file: DiskFile,
    { segment, offset, position }: { segment: Segment; offset: number; position: number },
  ): Promise<{ frame: FrameHead; offset: number } | undefined> {
    const { from, log } = this.#options;
    if (position >= from) return undefined;
    let found: { frame: FrameHead; offset: number } | undefined;
    await searchFrames({
      file,
      salt: segment.head.salt,
      offset: offset + 1,
      visit: (frame, at) => {
        if (frame.position < position || frame.position > from) return false;
        found = { frame, offset: at };
        return true;
      },
    });
    if (found !== undefined) {
      log.warn("The log is damaged where a snapshot makes up for it", { file: segment.path, offset });
    }
    return found;
  }

  /** No frame begins at `offset`: was one ever there, and was it promised? */
  async #judgeTail(file: DiskFile, segment: Segment, offset: number): Promise<Stop> {
    const usedEnd = await searchFrames({
      file,
      salt: segment.head.salt,
      offset,
      visit: (frame, at) => {
        if (frame.durable <= this.#reached) return false;
        throw damaged(
          { file: segment.path, offset },
          this.#promise(frame.durable, { file: segment.path, offset: at }),
        );
      },
    });
    const fileBytes = await file.size();
    // Zeros follow the last frame of every segment that was not ended by a frame that says so.
    const isShort = fileBytes - offset < FRAME_HEAD_BYTES;
    if (usedEnd === offset && !isShort) return { kind: "unused", file: segment.path, offset, bytes: 0 };
    const bytes = isShort ? Math.max(0, fileBytes - offset) : usedEnd - offset;
    return { kind: "broken", file: segment.path, offset, bytes };
  }

  /**
   * The stream goes on in segments that begin beyond what could be read. That is damage, unless the log had failed up to
   * there and was started afresh, and the snapshot that was to hold what it lacked was never finished.
   */
  async #cutBefore(segments: readonly Segment[], stop: Stop | undefined): Promise<LogCut> {
    const { disk, log } = this.#options;
    const first = { file: segments[0]!.path, offset: 0 };
    const place = stop ?? first;
    let bytes = 0;
    for (const { path, head } of segments) {
      if (head.durable > this.#reached)
        throw damaged(place, this.#promise(head.durable, { file: path, offset: 0 }));
      const usedEnd = await withFile(disk, path, (file) =>
        searchFrames({
          file,
          salt: head.salt,
          offset: FILE_HEAD_BYTES,
          visit: (frame, at) => {
            if (frame.durable <= this.#reached) return false;
            throw damaged(place, this.#promise(frame.durable, { file: path, offset: at }));
          },
        }),
      );
      log.warn("A file of the log was begun after a failure that was never made up for", { file: path });
      bytes += usedEnd;
    }
    const cut = stop === undefined ? undefined : this.#cutAt(stop);
    return cut === undefined ? { ...first, bytes } : { ...cut, bytes: cut.bytes + bytes };
  }

  #cutAt(stop: Stop): LogCut | undefined {
    if (stop.kind !== "broken" && this.#partsPlace === undefined) return undefined;
    const { file, offset } = this.#partsPlace ?? stop;
    return { file, offset, bytes: this.#reached - this.#whole + stop.bytes };
  }

  #promise(durable: number, { file, offset }: Place): string {
    return (
      `the log cannot be read from position ${this.#reached} on, ` +
      `and was durable up to ${durable} as ${file} says at byte ${offset}`
    );
  }
}

function damaged({ file, offset }: Place, reason: string): DamagedLog {
  return new DamagedLog(file, offset, reason);
}
