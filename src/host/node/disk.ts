/** The real file system, through Node's thread pool: nothing here blocks the loop. */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, statfs, unlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Disk, DiskFile, OpenMode } from "../disk.js";
import { lockDirectory } from "./directory-lock.js";
import { toHostError } from "./os-error.js";

const { O_CREAT, O_DSYNC, O_EXCL, O_RDONLY, O_RDWR } = constants;

const FLAGS: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY,
  write: O_RDWR,
  "write-through": O_RDWR | O_DSYNC,
  create: O_RDWR | O_CREAT | O_EXCL,
};
const NEW_FILE_MODE = 0o666;

export const nodeDisk: Disk = {
  createDirectory: (path) => told(createDirectory(path)),
  list: (directory) => told(readdir(directory).then((names) => names.sort())),
  open: (path, mode) => told(open(path, FLAGS[mode], NEW_FILE_MODE)).then((handle) => new NodeFile(handle)),
  rename: (from, to) => told(rename(from, to)),
  remove: (path) => told(unlink(path)),
  syncDirectory: (path) => told(syncDirectory(path)),
  freeBytes: (path) => told(statfs(path).then(({ bavail, bsize }) => bavail * bsize)),
  lock: (directory) => told(lockDirectory(directory)),
};

class NodeFile implements DiskFile {
  constructor(private readonly handle: FileHandle) {}

  size(): Promise<number> {
    return told(this.handle.stat().then(({ size }) => size));
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let read = 0;
    while (read < into.length) {
      const { bytesRead } = await told(this.handle.read(into, read, into.length - read, position + read));
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return read;
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    let left: readonly Uint8Array[] = parts.filter(({ length }) => length > 0);
    let at = position;
    while (left.length > 0) {
      const { bytesWritten } = await told(this.handle.writev([...left], at));
      at += bytesWritten;
      left = without(left, bytesWritten);
    }
  }

  sync(): Promise<void> {
    return told(this.handle.datasync());
  }

  truncate(bytes: number): Promise<void> {
    return told(this.handle.truncate(bytes));
  }

  close(): Promise<void> {
    return told(this.handle.close());
  }
}

/** What is left to be written after a write that took only so many bytes. */
function without(parts: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let taken = bytes;
  let whole = 0;
  while (whole < parts.length && taken >= parts[whole]!.length) taken -= parts[whole++]!.length;
  const left = parts.slice(whole);
  if (taken > 0) left[0] = left[0]!.subarray(taken);
  return left;
}

async function createDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  // Each of those that were made has its name in the one above it.
  const top = dirname(resolve(first));
  for (let parent = dirname(resolve(path)); parent.length >= top.length; parent = dirname(parent)) {
    await syncDirectory(parent);
    if (parent === top) break;
  }
}

/** A name lasts only when the directory that holds it was synced. */
async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory, and orders names by itself.
  if (process.platform === "win32") return;
  const directory = await open(path, O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function told<Value>(outcome: Promise<Value>): Promise<Value> {
  try {
    return await outcome;
  } catch (error) {
    throw toHostError(error);
  }
}
