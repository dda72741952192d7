/**
 * Replies of one client that wait, in order: for the log, for another node that is still to send them, or for those before them. What
 * was gathered in one turn waits for the log and leaves together; but if the log fails, each reply in it is judged by itself.
 */
import Denque from "denque";
import type { Run } from "../cluster/run.js";
import type { PersistenceView } from "../durability/persistence-view.js";
import { IN_DOUBT } from "../protocol/reply-error.js";
import { Gathering, RunPart, Stray } from "./awaited-replies.js";

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

/** What stands in a client's queue of replies. */
export type Held = Gathering | HeldTurn | RunPart | Stray;

type Progress = Pick<PersistenceView, "durablePosition" | "inDoubtFrom">;

export class HeldReplies {
  byteLength = 0;
  memoryBytes = 0;
  readonly #queue = new Denque<Held>();

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Replies that depend on nothing. */
  pushPlain(bytes: Buffer): void {
    if (bytes.length > 0)
      this.push({ parts: [bytes], byteLength: bytes.length, dependents: [], required: 0 });
  }

  push(turn: HeldTurn): void {
    this.#queue.push(turn);
    this.#count(turn, 1);
  }

  /** A command was added to a run: its reply is next. */
  pushRemote(run: Run, isSilent: boolean): void {
    const last = this.#queue.peekBack();
    if (last instanceof RunPart && last.run === run && last.isSilent === isSilent) last.count++;
    else this.#queue.push(new RunPart(run, isSilent));
  }

  pushStray(stray: Stray): void {
    this.#queue.push(stray);
  }

  pushGathering(gathering: Gathering): void {
    this.#queue.push(gathering);
  }

  gathered(gathering: Gathering, reply: Buffer): void {
    gathering.reply = reply;
    this.byteLength += reply.length;
    this.memoryBytes += reply.length;
  }

  /** Whether replies of a run are the next to leave. */
  isNext(run: Run): boolean {
    const next = this.#queue.peekFront();
    return next instanceof RunPart && next.run === run;
  }

  /** Takes out the one part that there is, if it is all of this run and whoever waits for it wants it. */
  takeOnly(run: Run): boolean {
    if (this.#queue.length !== 1) return false;
    const only = this.#queue.peekFront();
    const isWhole = only instanceof RunPart && only.run === run && only.count === run.count && !only.isSilent;
    // Not `clear`, which takes new memory.
    if (isWhole) this.#queue.shift();
    return isWhole;
  }

  /** Replies to `count` commands of a run came before their turn, or in several pieces. */
  came(run: Run, count: number, { bytes, start, end }: { bytes: Buffer; start: number; end: number }): void {
    run.keep(count, bytes, start, end);
    this.byteLength += end - start;
    this.memoryBytes += end - start;
  }

  /** Takes out everything. */
  takeAll(): readonly Held[] {
    const all = this.#queue.toArray();
    this.#queue.clear();
    this.byteLength = 0;
    this.memoryBytes = 0;
    return all;
  }

  /**
   * Takes out, in order and in as few pieces as is cheap, what no longer has to wait. Replies in doubt have become errors, and
   * `doubted` is called for each.
   */
  release(progress: Progress, doubted: () => void): readonly Buffer[] {
    const released: Buffer[] = [];
    const bytesBefore = this.byteLength;
    for (let turn = this.#queue.peekFront(); turn !== undefined; turn = this.#queue.peekFront()) {
      if (turn instanceof Stray) break;
      if (turn instanceof Gathering) {
        const { reply, isSilent } = turn;
        if (reply === undefined) break;
        this.#queue.shift();
        this.byteLength -= reply.length;
        this.memoryBytes -= reply.length;
        if (!isSilent) released.push(reply);
        continue;
      }
      if (turn instanceof RunPart) {
        this.#takeRemote(turn, released);
        if (turn.count > 0) break;
        this.#queue.shift();
        continue;
      }
      if (turn.required <= progress.durablePosition) released.push(...turn.parts);
      else if (isDecided(turn, progress)) released.push(judge(turn, progress, doubted));
      else break;
      this.#queue.shift();
      this.#count(turn, -1);
    }
    const isWorthJoining = released.length > 1 && bytesBefore - this.byteLength <= JOINED_BYTES_MAX;
    return isWorthJoining ? [Buffer.concat(released)] : released;
  }

  #takeRemote(part: RunPart, released: Buffer[]): void {
    const bytes = part.take();
    this.byteLength -= bytes.length;
    this.memoryBytes -= bytes.length;
    if (bytes.length > 0 && !part.isSilent) released.push(bytes);
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
