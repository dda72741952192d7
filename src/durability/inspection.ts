/** Looks through a data directory that no node uses: what can be read of it, and whether a node would start from it. */
import type { Host } from "../host/host.js";
import { BatchChecker } from "./batch-checker.js";
import { DamagedLog, readLog } from "./log-reader.js";
import { NODE_FILE, readNodeFile, UnusableDirectory } from "./node-file.js";
import { listSegments } from "./segment-files.js";
import { listSnapshots } from "./snapshot-files.js";
import { readSnapshot, type SnapshotContents, UnusableSnapshot } from "./snapshot-reader.js";

export interface FoundFile {
  readonly name: string;
  readonly bytes: number;
  /** What it is, or what is wrong with it. */
  readonly says: string;
}

export interface Findings {
  readonly files: readonly FoundFile[];
  /** Why a node refuses to start; none if it does not. */
  readonly problems: readonly string[];
  /** What a start gives up, as it should. */
  readonly remarks: readonly string[];
  /** What a node would find. */
  readonly contents: string;
}

/** Changes nothing. Rejects with a `HostError` if the disk does. */
export async function inspect(host: Host, directory: string): Promise<Findings> {
  const problems: string[] = [];
  const remarks: string[] = [];
  const files: FoundFile[] = [];
  await inspectNodeFile(host, directory, { files, problems });
  const snapshot = await inspectSnapshots(host, directory, { files, problems });
  for (const { path, sequence, reading } of await listSegments(host.disk, directory)) {
    const says =
      reading.kind === "head"
        ? `log from position ${reading.head.position} on`
        : `log, no usable head: ${reading.kind}`;
    files.push({ name: nameOf(path), bytes: await sizeOf(host, path), says: `${says} (number ${sequence})` });
  }
  const checker = new BatchChecker(host.checksum);
  const from = snapshot?.position ?? 0;
  let end = from;
  try {
    const reading = await readLog(
      { disk: host.disk, log: host.log, checksum: host.checksum, directory, from },
      (bytes) => void checker.apply(bytes, 0, bytes.length),
    );
    end = reading.end;
    const { cut } = reading;
    if (cut !== undefined) {
      remarks.push(
        `${cut.file}: ${cut.bytes} bytes from byte ${cut.offset} on were not written whole; a start cuts them`,
      );
    }
  } catch (error) {
    if (!(error instanceof DamagedLog)) throw error;
    problems.push(error.message);
  }
  const keys = snapshot === undefined ? "no snapshot" : `a snapshot of ${snapshot.keys} keys`;
  const contents = `${keys} and ${end - from} bytes of log behind it, ${checker.batches} batches`;
  return { files, problems, remarks, contents };
}

interface Notes {
  readonly files: FoundFile[];
  readonly problems: string[];
}

async function inspectNodeFile(host: Host, directory: string, { files, problems }: Notes): Promise<void> {
  try {
    const facts = await readNodeFile(host.files, directory);
    const says =
      facts === undefined
        ? "not there: the next start makes it"
        : `node ${facts.nodeId}, start ${facts.boot}`;
    files.push({ name: NODE_FILE, bytes: 0, says });
  } catch (error) {
    if (!(error instanceof UnusableDirectory)) throw error;
    problems.push(error.message);
  }
}

/** Answers what the newest that can be read holds. */
async function inspectSnapshots(
  host: Host,
  directory: string,
  { files, problems }: Notes,
): Promise<SnapshotContents | undefined> {
  let newest: SnapshotContents | undefined;
  let complaint: string | undefined;
  for (const { path, isPart } of (await listSnapshots(host.disk, directory)).toReversed()) {
    const name = nameOf(path);
    const bytes = await sizeOf(host, path);
    if (isPart) {
      files.push({ name, bytes, says: "never finished: the next start removes it" });
      continue;
    }
    try {
      const contents = await readWholeSnapshot(host, path);
      newest ??= contents;
      files.push({
        name,
        bytes,
        says: `snapshot of ${contents.keys} keys up to position ${contents.position}`,
      });
    } catch (error) {
      if (!(error instanceof UnusableSnapshot)) throw error;
      complaint ??= error.message;
      files.push({ name, bytes, says: `DAMAGED at byte ${error.offset}: ${error.reason}` });
    }
  }
  if (newest === undefined && complaint !== undefined) problems.push(complaint);
  return newest;
}

/** Every frame and every delta of it. Rejects with `UnusableSnapshot`. */
export function readWholeSnapshot(host: Host, path: string): Promise<SnapshotContents> {
  const { disk, clock, timers, checksum } = host;
  return readSnapshot({ disk, clock, timers, checksum, path, target: new BatchChecker(checksum) });
}

async function sizeOf({ disk }: Host, path: string): Promise<number> {
  const file = await disk.open(path, "read");
  try {
    return await file.size();
  } finally {
    await file.close();
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
