/** Frees what this node has of slots that are not its own, in slices, while commands go on. */
import { ByteWriter } from "../base/byte-writer.js";
import { writeForget } from "../delta/delta-codec.js";
import type { Clock } from "../host/clock.js";
import type { Cancel, Timers } from "../host/timers.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { SlotEraser } from "../keyspace/slot-eraser.js";

const SLICE_MS = 1;
/** Between two slices others have their turns: so it takes half of the time at most. */
const PAUSE_MS = 1;
const FORGET_BYTES_MAX = 16;

export interface SlotDisposalOptions {
  readonly keyspace: Keyspace;
  readonly clock: Clock;
  readonly timers: Timers;
}

interface Waiter {
  readonly slots: readonly number[];
  readonly resolve: () => void;
}

export class SlotDisposal {
  readonly #keyspace: Keyspace;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #pending = new Set<number>();
  /** Goes through them: to ask a set for its first again and again is to pass by all that were deleted. */
  #next: Iterator<number> = this.#pending.values();
  #waiters: Waiter[] = [];
  /** Of the slot at hand. */
  #eraser: { readonly slot: number; readonly work: SlotEraser } | undefined;
  #cancel: Cancel | undefined;
  readonly #writer = new ByteWriter({ capacityBytes: FORGET_BYTES_MAX, bytesMax: FORGET_BYTES_MAX });

  constructor({ keyspace, clock, timers }: SlotDisposalOptions) {
    this.#keyspace = keyspace;
    this.#clock = clock;
    this.#timers = timers;
  }

  /** Slots that are still to be freed. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Resolves when nothing is left of the slots; never if they are wanted again before, or it is closed. */
  dispose(slots: readonly number[]): Promise<void> {
    for (const slot of slots) if (this.#holds(slot)) this.#pending.add(slot);
    return new Promise((resolve) => {
      this.#waiters.push({ slots, resolve });
      this.#sliceAfter(0);
    });
  }

  /** This node owns the slots after all: what it still has of them stays. */
  spare(slots: Iterable<number>): void {
    // The slot at hand is among those that are pending.
    if (this.#pending.size === 0) return;
    for (const slot of slots) {
      this.#pending.delete(slot);
      if (this.#eraser?.slot === slot) this.#eraser = undefined;
    }
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#pending.clear();
    this.#waiters = [];
  }

  #holds(slot: number): boolean {
    return this.#keyspace.databases.some(({ index, birthFloors, flushFloors }) => {
      return index.count(slot) > 0 || birthFloors.clock(slot) > 0 || flushFloors.clock(slot) > 0;
    });
  }

  #sliceAfter(delayMs: number): void {
    this.#cancel ??= this.#timers.after(delayMs, () => {
      this.#cancel = undefined;
      this.#slice();
    });
  }

  #slice(): void {
    const keyspace = this.#keyspace;
    const selected = keyspace.database.number;
    const endMs = this.#clock.monotonicMs() + SLICE_MS;
    while (this.#pending.size > 0 && this.#clock.monotonicMs() < endMs) this.#step();
    keyspace.select(selected);
    keyspace.journal?.ended();
    const isDone = ({ slots }: Waiter) => !slots.some((slot) => this.#pending.has(slot));
    const done = this.#waiters.filter(isDone);
    this.#waiters = this.#waiters.filter((waiter) => !done.includes(waiter));
    for (const { resolve } of done) resolve();
    if (this.#pending.size > 0) this.#sliceAfter(PAUSE_MS);
  }

  #step(): void {
    if (this.#eraser === undefined) {
      const { value: slot } = this.#next.next();
      if (slot === undefined) {
        this.#next = this.#pending.values();
        return;
      }
      this.#eraser = { slot, work: new SlotEraser(this.#keyspace, slot) };
    }
    const { slot, work } = this.#eraser;
    if (work.step()) return;
    this.#eraser = undefined;
    this.#pending.delete(slot);
    const writer = this.#writer;
    writer.clear();
    writeForget(writer, slot);
    this.#keyspace.journal?.applied({ bytes: writer.bytes, start: 0, end: writer.length }, slot);
  }
}
