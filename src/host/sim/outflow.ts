import { WINDOW_BYTES } from "./wires.js";

/** What one end of a stream sends: bytes that the window has room for leave at once, the others wait. */
export class Outflow {
  /** Written and not yet taken. */
  private waiting: Uint8Array[] = [];
  private bytesWaiting = 0;
  /** Taken and, as far as we know, not yet read by the peer. */
  private windowUsed = 0;

  constructor(private readonly send: (piece: Uint8Array) => void) {}

  get pendingBytes(): number {
    return this.bytesWaiting;
  }

  /** Says whether all was taken; else the array is kept, and read when there is room. */
  write(bytes: Uint8Array): boolean {
    const taken = this.bytesWaiting > 0 ? 0 : this.take(bytes);
    if (taken < bytes.length) {
      this.waiting.push(bytes.subarray(taken));
      this.bytesWaiting += bytes.length - taken;
    }
    return this.bytesWaiting === 0;
  }

  /** The peer read so many bytes. Says whether the last that waited was taken. */
  open(bytes: number): boolean {
    this.windowUsed -= bytes;
    while (this.waiting[0] !== undefined) {
      const [first] = this.waiting;
      const taken = this.take(first);
      this.bytesWaiting -= taken;
      if (taken < first.length) {
        this.waiting[0] = first.subarray(taken);
        return false;
      }
      this.waiting.shift();
      if (this.waiting.length === 0) return true;
    }
    return false;
  }

  drop(): void {
    this.waiting = [];
    this.bytesWaiting = 0;
  }

  /** Sends as much as there is room for, and says how much that was. */
  private take(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, WINDOW_BYTES - this.windowUsed);
    this.windowUsed += taken;
    // The writer may use its memory again at once, so a copy leaves.
    if (taken > 0) this.send(new Uint8Array(bytes.subarray(0, taken)));
    return taken;
  }
}
