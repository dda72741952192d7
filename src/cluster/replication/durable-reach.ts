/**
 * Up to where a received stream would still be there after a loss of power: what of it this node's log had taken when the log was as far
 * as it now lasts.
 */
import Denque from "denque";

/** Marks are so far apart at least; what lies between two lasts when the later one does. */
const MARK_MS = 20;
/** Of some five seconds. A log that gets on so slowly makes marks rarer, and what is said here lag behind. */
const MARKS_MAX = 256;

/** When the log lasts so far, so does the stream. */
interface Mark {
  logPosition: number;
  position: number;
  isWhole: boolean;
  readonly atMs: number;
}

export interface NewMark {
  /** Of the stream. */
  readonly position: number;
  /** Whether nothing before it is missing. */
  readonly isWhole: boolean;
  /** Behind what the log took of it. */
  readonly logPosition: number;
  readonly nowMs: number;
}

export class DurableReach {
  /** Undefined if nothing lasts, or nobody knows what. */
  position: number | undefined;
  /** Whether nothing would be missing before it. */
  isWhole = false;
  readonly #marks = new Denque<Mark>();
  #isLost = false;

  note({ position, isWhole, logPosition, nowMs }: NewMark): void {
    if (this.#isLost) return;
    const last = this.#marks.peekBack();
    const isNear = last !== undefined && (nowMs - last.atMs < MARK_MS || this.#marks.length === MARKS_MAX);
    if (isNear && last.isWhole === isWhole) {
      last.position = position;
      last.logPosition = logPosition;
    } else {
      this.#marks.push({ position, isWhole, logPosition, atMs: nowMs });
    }
  }

  /** The log lasts up to a position. */
  reached(durablePosition: number): void {
    for (
      let mark = this.#marks.peekFront();
      mark !== undefined && mark.logPosition <= durablePosition;
      mark = this.#marks.peekFront()
    ) {
      this.position = mark.position;
      this.isWhole = mark.isWhole;
      this.#marks.shift();
    }
  }

  /** More is missing than was known, before whatever lasts by now. */
  doubt(): void {
    this.isWhole = false;
    for (let i = 0; i < this.#marks.length; i++) this.#marks.peekAt(i)!.isWhole = false;
  }

  /**
   * Some of the stream went into no log: what comes after it may last, but that says nothing of all before. It stays so, since nobody
   * tells when a snapshot holds it.
   */
  lose(): void {
    this.#isLost = true;
    this.#marks.clear();
  }
}
