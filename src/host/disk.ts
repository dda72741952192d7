/**
 * Files as a log needs them: whoever writes says when bytes must outlast a power failure, and learns when they do. Nothing
 * here blocks the loop. Every method may reject with a `HostError` whose `code` is the system's: ENOENT, ENOSPC, EIO, EACCES, ...
 */
export interface Disk {
  /** Makes a directory and its parents, to last. One that is there is left as it is. */
  createDirectory(path: string): Promise<void>;
  /** Names of what is in a directory, sorted. */
  list(directory: string): Promise<readonly string[]>;
  open(path: string, mode: OpenMode): Promise<DiskFile>;
  /** Replaces what is at `to`, atomically. Lasts once `to`'s directory is synced. */
  rename(from: string, to: string): Promise<void>;
  /** Lasts once the directory is synced. */
  remove(path: string): Promise<void>;
  /** Makes what was created, renamed or removed in a directory outlast a power failure. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes that may still be written to the file system of a path. */
  freeBytes(path: string): Promise<number>;
  /**
   * Keeps other processes out of a directory until it is released or this process ends, however that may be. Rejects with
   * EWOULDBLOCK, naming the process, if another one holds it.
   */
  lock(directory: string): Promise<DiskLock>;
}

/**
 * `read` and `write` are of a file that is there, `create` of one that is not (EEXIST), for reading and writing. Writes
 * through `write-through` (of a file that is there) resolve only when they would outlast a power failure (O_DSYNC).
 */
export type OpenMode = "read" | "write" | "write-through" | "create";

export interface DiskFile {
  size(): Promise<number>;
  /** Fills `into` from byte `position` of the file. Answers how many bytes there were: fewer at its end. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes all parts, one behind the other, from byte `position` on. The parts are not to change until it resolves. */
  write(parts: readonly Uint8Array[], position: number): Promise<void>;
  /** Makes all writes that resolved before outlast a power failure. After it rejected nothing is known of them. */
  sync(): Promise<void>;
  /** Shortens the file, or lengthens it by zeros that reserve no space. */
  truncate(bytes: number): Promise<void>;
  close(): Promise<void>;
}

export interface DiskLock {
  release(): Promise<void>;
}
