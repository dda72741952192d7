/**
 * Names of the files that a node keeps in its data directory: segments of the log and snapshots, numbered from 1 on, never
 * twice. What ends in `.part` is being written; one that is found at start was never finished.
 *
 *     log-0000000001.torus    snapshot-0000000001.torus    snapshot-0000000002.torus.part
 */
import type { Disk } from "../host/disk.js";

export type DataFileKind = "log" | "snapshot";

export interface DataFile {
  readonly kind: DataFileKind;
  readonly number: number;
  /** It was not finished. */
  readonly isPart: boolean;
  /** Without the directory. */
  readonly name: string;
}

const NUMBER_DIGITS = 10;
const FORM = /^(log|snapshot)-(\d{10,})\.torus(\.part)?$/;
const PART = ".part";

export function dataFileName(kind: DataFileKind, number: number): string {
  return `${kind}-${String(number).padStart(NUMBER_DIGITS, "0")}.torus`;
}

/** The name of a file that is not finished. */
export function partName(name: string): string {
  return `${name}${PART}`;
}

/** undefined if the name is none of ours. */
export function parseDataFileName(name: string): DataFile | undefined {
  const [, kind, digits, part] = FORM.exec(name) ?? [];
  const number = Number(digits);
  if (kind === undefined || !Number.isSafeInteger(number) || number === 0) return undefined;
  const isPart = part !== undefined;
  const written = dataFileName(kind as DataFileKind, number);
  // A number with a digit too many is another name of the same file.
  return name === (isPart ? partName(written) : written)
    ? { kind: kind as DataFileKind, number, isPart, name }
    : undefined;
}

/** What there is of ours in a directory, in ascending order of the numbers. */
export async function listDataFiles(disk: Disk, directory: string): Promise<readonly DataFile[]> {
  const files = (await disk.list(directory)).flatMap((name) => parseDataFileName(name) ?? []);
  return files.sort((a, b) => a.number - b.number);
}
