/** Probes made for others: whose answer goes back to whom, and who is told that none came. */
import type { Address } from "../host/datagrams.js";
import type { Random } from "../host/random.js";

/** Who asked, and under which number the answer is waited for. */
export interface Requester {
  readonly address: Address;
  readonly sequence: number;
}

interface Relay {
  readonly requester: Requester;
  deadlineMs: number;
}

/** What three requests a period of every one of a thousand members come to in the time that one is kept, and more. */
const RELAYS_MAX = 1024;

export class Relays {
  private readonly bySequence = new Map<number, Relay>();

  constructor(private readonly random: Random) {}

  /** Answers our own number for the probe; undefined if there are too many. */
  add(requester: Requester, deadlineMs: number): number | undefined {
    const sequence = this.random.uint32();
    if (this.bySequence.size >= RELAYS_MAX || this.bySequence.has(sequence)) return undefined;
    this.bySequence.set(sequence, { requester, deadlineMs });
    return sequence;
  }

  /** Who waits for this answer, and does not any more. */
  acked(sequence: number): Requester | undefined {
    const relay = this.bySequence.get(sequence);
    this.bySequence.delete(sequence);
    return relay?.requester;
  }

  postpone(ms: number): void {
    for (const relay of this.bySequence.values()) relay.deadlineMs += ms;
  }

  /** The deadline of the oldest: all wait equally long. */
  nextMs(): number {
    for (const { deadlineMs } of this.bySequence.values()) return deadlineMs;
    return Number.POSITIVE_INFINITY;
  }

  /** Who waited in vain. */
  due(nowMs: number): Requester[] {
    const due: Requester[] = [];
    for (const [sequence, { requester, deadlineMs }] of this.bySequence) {
      if (deadlineMs > nowMs) break;
      this.bySequence.delete(sequence);
      due.push(requester);
    }
    return due;
  }
}
