import { DurationHistogram } from "#torus/base/duration-histogram.js";
import { Backups } from "#torus/durability/backups.js";
import type {
  LoadingProgress,
  LogFacts,
  PersistenceView,
  SnapshotFacts,
  SnapshotPurpose,
} from "#torus/durability/persistence-view.js";
import type { Journal } from "#torus/keyspace/journal.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";

/** Every batch takes so many bytes of the stream. */
export const BATCH_BYTES = 10;
const NEVER = { isScheduled: false, count: 0, isLastOk: true, lastSeconds: -1 };

/** A log and snapshots whose disk is the test: it says when a sync succeeds or fails, and when there is room. */
export class FakePersistence implements PersistenceView {
  loading: LoadingProgress | null = null;
  gates = true;
  position = 0;
  durablePosition = 0;
  inDoubtFrom = Number.POSITIVE_INFINITY;
  refusal: string | null = null;
  /** Bytes of requests for which there is room. */
  roomBytes = Number.POSITIVE_INFINITY;
  log: LogFacts | null = {
    currentBytes: 0,
    baseBytes: 0,
    bufferedBytes: 0,
    isSyncing: false,
    delayedSyncs: 0,
    isLastWriteOk: true,
    segments: 1,
    syncTimes: new DurationHistogram(),
    failures: 0,
  };
  /** None can be begun. */
  readonly backups = new Backups({ after: () => () => {}, afterTurn() {}, every: () => () => {} }, () =>
    Promise.reject(new Error("there is no disk")),
  );
  snapshots: SnapshotFacts = { underWay: null, lastSaveWallSeconds: 7, save: NEVER, rewrite: NEVER };
  /** The slots that the last batch touched; -1 for all. */
  lastBatch: readonly number[] = [];
  /** What each change of a key takes. */
  changeBytes = 100;
  /** What was asked for; the test calls `end` with the problem, or without. */
  readonly asked: { purpose: SnapshotPurpose; end: (problem?: string) => void }[] = [];
  readonly #positions = new Map<number, number>();
  #positionOfAll = 0;
  readonly #listeners = new Set<() => void>();

  /** Listens to a keyspace as the log does: what changed until `ended` is one batch. */
  record(keyspace: Keyspace): void {
    const slots = new Set<number>();
    let changes = 0;
    const touched = (): void => {
      slots.add(keyspace.slot);
      changes++;
    };
    const changeBytes = (): number => this.changeBytes;
    const all = (): void => void slots.add(-1);
    const journal: Journal = {
      get batchBytes() {
        return changes * changeBytes();
      },
      replaced: touched,
      patched: touched,
      counted: touched,
      fieldChanged: touched,
      fieldsChanged: touched,
      deadlineSet: touched,
      removed: touched,
      flushed: all,
      collected: (slot) => void slots.add(slot),
      swapped: all,
      applied: (_deltas, slot) => void slots.add(slot),
      received: (_batches, touchedSlots, count) => {
        for (const slot of touchedSlots.subarray(0, count)) slots.add(slot);
        if (count > touchedSlots.length) all();
        journal.ended();
      },
      ended: () => {
        changes = 0;
        if (slots.size === 0) return;
        this.position += BATCH_BYTES;
        this.lastBatch = [...slots];
        for (const slot of slots) this.#positions.set(slot, this.position);
        if (slots.has(-1)) this.#positionOfAll = this.position;
        slots.clear();
      },
    };
    keyspace.journal = journal;
  }

  positionOf(slot: number): number {
    return Math.max(this.#positions.get(slot) ?? 0, this.#positionOfAll);
  }

  hasRoomFor(requestBytes: number): boolean {
    return this.refusal === null && requestBytes <= this.roomBytes;
  }

  snapshot(purpose: SnapshotPurpose): Promise<string | undefined> {
    return new Promise((resolve) => this.asked.push({ purpose, end: resolve }));
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Changes what is the case, and tells whoever listens. */
  change(facts: Partial<Omit<FakePersistence, "snapshots">>): void {
    Object.assign(this, facts);
    for (const listener of this.#listeners) listener();
  }

  /** A sync succeeded: up to a number of batches, or all of them. */
  sync(batches = this.position / BATCH_BYTES): void {
    this.change({ durablePosition: batches * BATCH_BYTES });
  }

  /** A sync failed. */
  fail(): void {
    this.change({
      inDoubtFrom: this.durablePosition,
      refusal: "MISCONF Errors writing to the AOF file: EIO",
    });
  }
}
