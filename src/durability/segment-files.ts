/** The files of the log in a directory: `log-0000000001.torus` and so on. Numbers rise; what their order means is `log-reader.ts`'s to say. */
import type { Disk, DiskFile } from "../host/disk.js";
import { FILE_HEAD_BYTES, type HeadReading, type Magic, readFileHead } from "./file-head.js";

const NAME = /^log-(\d{10,15})\.torus$/;
const DIGITS = 10;

export interface SegmentFile {
  readonly path: string;
  /** The number in its name. */
  readonly sequence: number;
  readonly reading: HeadReading;
}

export function segmentPath(directory: string, sequence: number): string {
  return `${directory}/log-${String(sequence).padStart(DIGITS, "0")}.torus`;
}

/** All segments of a directory by their numbers, with what their heads say. Rejects with a `HostError`. */
export async function listSegments(disk: Disk, directory: string): Promise<SegmentFile[]> {
  const files: SegmentFile[] = [];
  for (const name of await disk.list(directory)) {
    const digits = NAME.exec(name)?.[1];
    if (digits === undefined) continue;
    const path = `${directory}/${name}`;
    const sequence = Number(digits);
    files.push({ path, sequence, reading: await readHead(disk, path, sequence) });
  }
  return files.sort((one, other) => one.sequence - other.sequence);
}

async function readHead(disk: Disk, path: string, sequence: number): Promise<HeadReading> {
  const reading = await readHeadOf(disk, path, "TORUSLOG");
  if (reading.kind === "head" && reading.head.sequence !== sequence) {
    return { kind: "damaged", reason: `it says that its number is ${reading.head.sequence}` };
  }
  return reading;
}

/** What the first bytes of a file of frames say. Rejects with a `HostError`. */
export async function readHeadOf(disk: Disk, path: string, magic: Magic): Promise<HeadReading> {
  const bytes = Buffer.alloc(FILE_HEAD_BYTES);
  const length = await withFile(disk, path, (file) => file.read(bytes, 0));
  return readFileHead(bytes.subarray(0, length), magic);
}

/** Lends out a file to read, and closes it. */
export async function withFile<Value>(
  disk: Disk,
  path: string,
  use: (file: DiskFile) => Promise<Value>,
): Promise<Value> {
  const file = await disk.open(path, "read");
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
