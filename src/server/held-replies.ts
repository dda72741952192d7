/**
 * Replies of one client that wait for the log, in order. What was gathered in one turn waits and leaves together; but
 * if the log fails, each reply in it is judged by itself.
 */
import Denque from "denque";
import type { PersistenceView } from "../durability/persistence-view.js";
import { IN_DOUBT } from "../protocol/reply-error.js";

/** Numbers of a reply that depends on a position: where it begins and ends in its turn, and the position. */
export const DEPENDENT_NUMBERS = 3;
/** What a turn takes besides the bytes of its replies, roughly. */
const TURN_BYTES = 128;
const NUMBER_BYTES = 8;
/** Below this one write with a copy is cheaper than several. */
const JOINED_BYTES_MAX = 64 * 1024;
const IN_DOUBT_REPLY = Buffer.from(`-${IN_DOUBT}\r\n`);

/** The replies of one turn. */
export interface HeldTurn {
  /** Their bytes. */
  readonly parts: readonly Buffer[];
  readonly byteLength: number;
  /** Those among them that depend on a position, `DEPENDENT_NUMBERS` for each; the others depend on nothing. */
  readonly dependents: readonly number[];
  /** The highest position that any depends on; 0 if none does. */
  readonly required: number;
}

type Progress = Pick<PersistenceView, "durablePosition" | "inDoubtFrom">;

export class HeldReplies {
  byteLength = 0;
  memoryBytes = 0;
  readonly #turns = new Denque<HeldTurn>();

  get isEmpty(): boolean {
    return this.#turns.length === 0;
  }

  push(turn: HeldTurn): void {
    this.#turns.push(turn);
    this.#count(turn, 1);
  }

  /**
   * Takes out, in order and in as few pieces as is cheap, what no longer has to wait. Replies in doubt have become errors, and
   * `doubted` is called for each.
   */
  release(progress: Progress, doubted: () => void): readonly Buffer[] {
    const released: Buffer[] = [];
    const bytesBefore = this.byteLength;
    for (let turn = this.#turns.peekFront(); turn !== undefined; turn = this.#turns.peekFront()) {
      if (turn.required <= progress.durablePosition) released.push(...turn.parts);
      else if (isDecided(turn, progress)) released.push(judge(turn, progress, doubted));
      else break;
      this.#turns.shift();
      this.#count(turn, -1);
    }
    const isWorthJoining = released.length > 1 && bytesBefore - this.byteLength <= JOINED_BYTES_MAX;
    return isWorthJoining ? [Buffer.concat(released)] : released;
  }

  #count({ byteLength, dependents }: HeldTurn, sign: 1 | -1): void {
    this.byteLength += sign * byteLength;
    this.memoryBytes += sign * (byteLength + TURN_BYTES + dependents.length * NUMBER_BYTES);
  }
}

/** Whether of each position that the turn depends on it is known that it lasts, or that nobody knows. */
function isDecided({ dependents }: HeldTurn, { durablePosition, inDoubtFrom }: Progress): boolean {
  for (let i = 2; i < dependents.length; i += DEPENDENT_NUMBERS) {
    if (dependents[i]! > durablePosition && dependents[i]! <= inDoubtFrom) return false;
  }
  return true;
}

function judge({ parts, dependents }: HeldTurn, { inDoubtFrom }: Progress, doubted: () => void): Buffer {
  const bytes = Buffer.concat(parts);
  const kept: Buffer[] = [];
  let from = 0;
  for (let i = 0; i < dependents.length; i += DEPENDENT_NUMBERS) {
    if (dependents[i + 2]! <= inDoubtFrom) continue;
    kept.push(bytes.subarray(from, dependents[i]!), IN_DOUBT_REPLY);
    from = dependents[i + 1]!;
    doubted();
  }
  kept.push(bytes.subarray(from));
  return Buffer.concat(kept);
}
