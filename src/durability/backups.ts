/**
 * Backups under way: each is a snapshot whose file is held open, so that it can be read in pieces of the reader's choice
 * while newer snapshots take its place. A reader that does not come back is forgotten.
 */
import type { DiskFile } from "../host/disk.js";
import type { Cancel, Timers } from "../host/timers.js";

/** More at once would only be abandoned ones. */
export const BACKUPS_MAX = 4;
export const BACKUP_IDLE_MS = 60_000;
/** A piece is held in memory and sent as one reply. */
export const PIECE_BYTES_MAX = 2 ** 20;

export interface OpenSnapshot {
  readonly file: DiskFile;
  readonly bytes: number;
  readonly keys: number;
}

export interface Backup {
  readonly id: number;
  readonly bytes: number;
  readonly keys: number;
}

/** A request that cannot be met; the message is for the client. */
export class BackupRefusal extends Error {
  override readonly name = "BackupRefusal";
}

interface Held extends OpenSnapshot {
  /** Reads under way: the file is closed behind the last of them. */
  reading: number;
  isOver: boolean;
  forget: Cancel;
}

export class Backups {
  readonly #timers: Timers;
  readonly #open: () => Promise<OpenSnapshot>;
  readonly #held = new Map<number, Held>();
  #beginning = 0;
  #nextId = 1;

  /** `open` writes a snapshot and opens it. */
  constructor(timers: Timers, open: () => Promise<OpenSnapshot>) {
    this.#timers = timers;
    this.#open = open;
  }

  /** Rejects with a `BackupRefusal`, or as the snapshot fails. */
  async begin(): Promise<Backup> {
    if (this.#held.size + this.#beginning >= BACKUPS_MAX) {
      throw new BackupRefusal(`${BACKUPS_MAX} backups are under way already`);
    }
    this.#beginning++;
    try {
      const snapshot = await this.#open();
      const id = this.#nextId++;
      const held = { ...snapshot, reading: 0, isOver: false, forget: () => {} };
      this.#held.set(id, held);
      this.#wait(id, held);
      return { id, bytes: snapshot.bytes, keys: snapshot.keys };
    } finally {
      this.#beginning--;
    }
  }

  /** Bytes of a backup from an offset on: as many as asked for, fewer at its end. */
  async read(id: number, offset: number, count: number): Promise<Buffer> {
    const held = this.#find(id);
    if (count > PIECE_BYTES_MAX) throw new BackupRefusal(`a piece has at most ${PIECE_BYTES_MAX} bytes`);
    const piece = Buffer.allocUnsafeSlow(Math.max(0, Math.min(count, held.bytes - offset)));
    held.reading++;
    this.#wait(id, held);
    try {
      return piece.subarray(0, await held.file.read(piece, offset));
    } finally {
      held.reading--;
      await this.#release(held);
    }
  }

  async end(id: number): Promise<void> {
    const held = this.#find(id);
    this.#held.delete(id);
    held.forget();
    held.isOver = true;
    await this.#release(held);
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    await Promise.all([...this.#held.keys()].map((id) => this.end(id)));
  }

  #find(id: number): Held {
    const held = this.#held.get(id);
    if (held === undefined)
      throw new BackupRefusal(`there is no backup ${id}, or it was not read for too long`);
    return held;
  }

  #wait(id: number, held: Held): void {
    held.forget();
    held.forget = this.#timers.after(BACKUP_IDLE_MS, () => {
      if (held.reading > 0) this.#wait(id, held);
      else void this.end(id);
    });
  }

  async #release(held: Held): Promise<void> {
    if (held.isOver && held.reading === 0) await held.file.close();
  }
}
