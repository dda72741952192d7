/**
 * Snapshots of a running node, one at a time: asked for by a command, or due by themselves. Keeps the tallies that
 * INFO shows. How one is written is snapshot-writer.ts's business.
 */
import type { Clock } from "../host/clock.js";
import type { Log } from "../host/log.js";
import type { SnapshotFacts, SnapshotPurpose, SnapshotTally, SnapshotUnderWay } from "./persistence-view.js";

/** A snapshot that lasts. */
export interface WrittenSnapshot {
  readonly file: string;
  /** What a log must hold from here on for nothing to be lost. */
  readonly position: number;
  readonly bytes: number;
  readonly keys: number;
}

/** Tells how far it got: how many keys are written. */
export type SnapshotProgress = (keysWritten: number) => void;

export interface SnapshotsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly keysTotal: () => number;
  /** Resolves when the snapshot lasts, and all that it makes superfluous may go. */
  readonly write: (progress: SnapshotProgress) => Promise<WrittenSnapshot>;
  /** Something of the facts has changed. */
  readonly changed: () => void;
}

type Tally = { -readonly [Name in keyof SnapshotTally]: SnapshotTally[Name] };
type UnderWay = { -readonly [Name in keyof SnapshotUnderWay]: SnapshotUnderWay[Name] };

interface Request {
  readonly purpose: SnapshotPurpose;
  readonly outcome: Promise<string | undefined>;
}

const MILLIS_PER_SECOND = 1000;

export class Snapshots implements SnapshotFacts {
  underWay: UnderWay | null = null;
  lastSaveWallSeconds: number;
  readonly save: Tally = noneYet();
  readonly rewrite: Tally = noneYet();
  readonly #options: SnapshotsOptions;
  /** At most one for each purpose waits. */
  readonly #waiting: Request[] = [];
  #current: Promise<unknown> = Promise.resolve();

  constructor(options: SnapshotsOptions) {
    this.#options = options;
    this.lastSaveWallSeconds = Math.floor(options.clock.wallMs() / MILLIS_PER_SECOND);
  }

  /** Writes one now, or after the one under way. Resolves to why there is none, if so. */
  request(purpose: SnapshotPurpose): Promise<string | undefined> {
    const waiting = this.#waiting.find((request) => request.purpose === purpose);
    if (waiting !== undefined) return waiting.outcome;
    const isFirst = this.underWay === null && this.#waiting.length === 0;
    const outcome = this.#current.then(() => {
      this.#waiting.splice(this.#waiting.indexOf(request), 1);
      return this.#write(purpose);
    });
    const request = { purpose, outcome };
    this.#waiting.push(request);
    this.#current = outcome;
    if (!isFirst) this[purpose].isScheduled = true;
    return outcome;
  }

  /** Resolves when none is under way and none waits. */
  async idle(): Promise<void> {
    while (this.underWay !== null || this.#waiting.length > 0) await this.#current;
  }

  async #write(purpose: SnapshotPurpose): Promise<string | undefined> {
    const { clock, log, keysTotal, write, changed } = this.#options;
    const tally = this[purpose];
    const startedMs = clock.monotonicMs();
    const underWay: UnderWay = {
      purpose,
      startedWallMs: clock.wallMs(),
      keysWritten: 0,
      keysTotal: keysTotal(),
    };
    tally.isScheduled = false;
    this.underWay = underWay;
    let problem: string | undefined;
    try {
      const { file, bytes, keys } = await write((keysWritten) => {
        underWay.keysWritten = keysWritten;
      });
      const milliseconds = Math.round(clock.monotonicMs() - startedMs);
      log.info("wrote a snapshot", { file, keys, bytes, milliseconds });
      this.lastSaveWallSeconds = Math.floor(clock.wallMs() / MILLIS_PER_SECOND);
      tally.count++;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
      log.error("could not write a snapshot", { reason: problem });
    }
    tally.isLastOk = problem === undefined;
    tally.lastSeconds = Math.round((clock.monotonicMs() - startedMs) / MILLIS_PER_SECOND);
    this.underWay = null;
    changed();
    return problem;
  }
}

function noneYet(): Tally {
  return { isScheduled: false, count: 0, isLastOk: true, lastSeconds: -1 };
}
