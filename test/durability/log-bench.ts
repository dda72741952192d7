import { crc32 } from "#torus/base/crc32.js";
import { Prng } from "#torus/base/prng.js";
import { type LogReading, readLog } from "#torus/durability/log-reader.js";
import { type SyncPolicy, WriteAheadLog } from "#torus/durability/write-ahead-log.js";
import { silentLog } from "../host/silent-log.js";
import { ManualTime } from "./manual-time.js";
import type { MemoryDisk } from "./memory-disk.js";

export const DIRECTORY = "data";

export interface LogSetUp {
  readonly position?: number;
  readonly sequence?: number;
  readonly policy?: SyncPolicy;
  readonly segmentBytes?: number;
}

/** A log on a disk of a test, and what was given to it. */
export class LogBench {
  readonly time: ManualTime;
  readonly log: WriteAheadLog;
  /** Batches by where they end. */
  readonly batches = new Map<number, string>();
  /** What `onProgress` and `onTrouble` told. */
  readonly progress: number[] = [];
  readonly troubles: string[] = [];
  position: number;

  private constructor(log: WriteAheadLog, time: ManualTime, position: number) {
    this.log = log;
    this.time = time;
    this.position = position;
    log.onProgress = (durable) => this.progress.push(durable);
    log.onTrouble = (state) => this.troubles.push(state);
  }

  static async create(disk: MemoryDisk, setUp: LogSetUp = {}): Promise<LogBench> {
    const { position = 0, sequence = 1, policy = "always", segmentBytes = 2 ** 16 } = setUp;
    const time = new ManualTime();
    const prng = new Prng(`log ${sequence}`);
    const log = await WriteAheadLog.create({
      disk,
      timers: time,
      clock: time,
      log: silentLog,
      random: prng,
      checksum: crc32,
      directory: DIRECTORY,
      position,
      sequence,
      policy,
      segmentBytes,
    });
    return new LogBench(log, time, position);
  }

  /** Gives the log a batch. */
  take(text: string): void {
    const start = this.position;
    const chunk = Buffer.from(text, "latin1");
    this.position += chunk.length;
    this.batches.set(this.position, text);
    this.log.take(chunk, start);
  }

  /** Gives the log some batches of various lengths, each told from the others, and lets it come to rest after each. */
  async takeMany(count: number, lengths: readonly number[] = [3, 40, 7, 120]): Promise<void> {
    for (let i = 0; i < count; i++) {
      const length = lengths[i % lengths.length]!;
      this.take(`${i}:`.padEnd(length, String.fromCharCode(97 + (i % 26))));
      await this.time.pass(0);
    }
  }
}

export interface Reading extends LogReading {
  readonly text: string;
}

/** Reads a log, and checks that its payloads follow one another. */
export async function readAll(disk: MemoryDisk, from = 0): Promise<Reading> {
  const parts: string[] = [];
  let position = from;
  const options = { disk, log: silentLog, checksum: crc32, directory: DIRECTORY, from };
  const reading = await readLog(options, (bytes, at) => {
    if (at !== position) throw new Error(`a payload at ${at} follows what ended at ${position}`);
    parts.push(bytes.toString("latin1"));
    position += bytes.length;
  });
  if (reading.end !== position)
    throw new Error(`the log ends at ${reading.end}, its payloads at ${position}`);
  return { ...reading, text: parts.join("") };
}
