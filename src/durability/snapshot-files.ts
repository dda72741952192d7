/**
 * The snapshots in a directory: `snapshot-0000000001.torus` and so on. Numbers rise, so the newest has the highest. One whose
 * name ends in `.part` was not finished, and never will be.
 */
import type { Disk } from "../host/disk.js";

export interface SnapshotFile {
  readonly path: string;
  /** The number in its name. */
  readonly sequence: number;
  readonly isPart: boolean;
}

const NAME = /^snapshot-(\d{10,15})\.torus(\.part)?$/;
const DIGITS = 10;
const PART = ".part";

export function snapshotPath(directory: string, sequence: number): string {
  return `${directory}/snapshot-${String(sequence).padStart(DIGITS, "0")}.torus`;
}

/** Where a snapshot is until it is finished. */
export function partPath(directory: string, sequence: number): string {
  return `${snapshotPath(directory, sequence)}${PART}`;
}

/** All snapshots of a directory by their numbers, finished or not. Rejects with a `HostError`. */
export async function listSnapshots(disk: Disk, directory: string): Promise<SnapshotFile[]> {
  const files: SnapshotFile[] = [];
  for (const name of await disk.list(directory)) {
    const [, digits, part] = NAME.exec(name) ?? [];
    if (digits === undefined) continue;
    files.push({ path: `${directory}/${name}`, sequence: Number(digits), isPart: part !== undefined });
  }
  return files.sort((one, other) => one.sequence - other.sequence);
}
