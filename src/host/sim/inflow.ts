import type { Wires } from "./wires.js";

/** A reader wakes up to so long after the first byte arrived, and reads what came until then at once: this joins. */
const WAKE_UP_MAX_MS = 0.1;
/** How often a read ends at a random byte, as if the rest were still under way: this cuts. */
const CUT_PROBABILITY = 0.3;
/** What is left in the read buffer after the call. */
const STALE_BYTE = 0xa5;

/** Who reads. */
export interface Reader {
  /** `buffer[0, length)` is valid during the call only. */
  received(buffer: Buffer, length: number): void;
  /** All is read and no more will come. */
  ended(): void;
  /** So many bytes are read or discarded: there is room for as many. */
  freed(bytes: number): void;
}

/**
 * What one end of a stream receives: bytes that arrived wait until the reader wakes. Unkind on purpose: the read buffer
 * is overwritten after each call, so that who keeps it finds out.
 */
export class Inflow {
  private unread: Uint8Array[] = [];
  private bytesUnread = 0;
  private isPaused = false;
  private isDiscarding = false;
  private isWaking = false;
  private finState: "none" | "arrived" | "read" = "none";

  constructor(
    private readonly wires: Wires,
    private readonly place: string,
    private readonly reader: Reader,
  ) {}

  get hasUnread(): boolean {
    return this.bytesUnread > 0;
  }

  get finHasArrived(): boolean {
    return this.finState !== "none";
  }

  arrive(piece: Uint8Array): void {
    this.unread.push(piece);
    this.bytesUnread += piece.length;
    if (this.isDiscarding) this.discard();
    else this.wake();
  }

  arriveFin(): void {
    this.finState = "arrived";
    this.wake();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.wake();
  }

  /** From here on what came and what will come is read by no one. */
  discard(): void {
    this.isPaused = true;
    this.isDiscarding = true;
    const bytes = this.bytesUnread;
    this.unread = [];
    this.bytesUnread = 0;
    if (bytes > 0) this.reader.freed(bytes);
  }

  private wake(): void {
    const hasNews = this.bytesUnread > 0 || this.finState === "arrived";
    if (this.isWaking || this.isPaused || !hasNews) return;
    this.isWaking = true;
    const { timeline, prng } = this.wires;
    const atMs = timeline.nowMs + prng.float() * WAKE_UP_MAX_MS;
    timeline.plan({ atMs, kind: "read", place: this.place }, () => {
      this.isWaking = false;
      if (this.isPaused) return;
      this.read();
      this.wake();
    });
  }

  private read(): void {
    if (this.bytesUnread === 0) {
      this.finState = "read";
      this.reader.ended();
      return;
    }
    const { buffer, prng, trace } = this.wires;
    const lengthMax = Math.min(buffer.length, this.bytesUnread);
    const length = prng.chance(CUT_PROBABILITY) ? 1 + prng.below(lengthMax) : lengthMax;
    this.moveInto(buffer, length);
    trace.bytes(buffer, length);
    this.reader.freed(length);
    this.reader.received(buffer, length);
    buffer.fill(STALE_BYTE, 0, length);
  }

  /** Moves the next `length` bytes to the start of `buffer`. */
  private moveInto(buffer: Buffer, length: number): void {
    let moved = 0;
    while (this.unread[0] !== undefined && moved < length) {
      const [first] = this.unread;
      const part = first.subarray(0, length - moved);
      buffer.set(part, moved);
      moved += part.length;
      if (part.length === first.length) this.unread.shift();
      else this.unread[0] = first.subarray(part.length);
    }
    this.bytesUnread -= length;
  }
}
