/**
 * Compares this node's wall clock with those of the others. If most of them say that it is ahead by more than `max-clock-offset`, its time
 * goes on with theirs, that much ahead: so what it writes wins over what comes after it elsewhere for no longer than that. Clocks are judged
 * at the source; of what a version says that came from another node nothing is doubted.
 *
 * A node that comes to others takes its time from what it last knew, until it has compared clocks, which it has before it executes
 * anything: what it wrote by a wrong one would be the time of all from then on.
 *
 *     clock := wallMs:u64            the answer of the service
 */
import { ByteReader } from "../base/byte-reader.js";
import { ByteWriter } from "../base/byte-writer.js";
import { rangeOf } from "../base/bytes.js";
import type { SteadyTime } from "../delta/steady-time.js";
import type { Clock } from "../host/clock.js";
import type { Log } from "../host/log.js";
import type { Cancel, Timers } from "../host/timers.js";
import { isAhead, middleOffset, type Offsets } from "./clock-offsets.js";
import type { ClockView } from "./cluster-view.js";
import type { PeerLink } from "./peer-link.js";
import type { Service } from "./peer-server.js";
import type { Peers } from "./peers.js";

export const CLOCK_SERVICE = "clock";
const PERIOD_MS = 1000;
/** So many are asked in a period, in turn: enough to know the middle, however many nodes there are. */
const ASKED_MAX = 8;
/** An answer that took longer says too little: the clock was read at some time of that. */
const TRIP_MS_MAX = 200;
/** What is known of a clock holds for so long: in that time it drifts by a few milliseconds. */
const KNOWN_MS = 30_000;
/** With so many others there is a majority. A node that comes to them waits so long for the second one after the first. */
const ENOUGH = 2;
const SECOND_MS_MAX = 1000;
const CLOCK_BYTES = 8;

export interface ClockWatchOptions {
  readonly host: { readonly clock: Clock; readonly timers: Timers; readonly log: Log };
  readonly peers: Pick<Peers, "links" | "link" | "subscribe">;
  readonly time: SteadyTime | null;
  /** Option `max-clock-offset`, as it is at present. */
  readonly offsetMsMax: () => number;
}

/** Of another node's clock: what it shows when this node's monotonic one shows 0, as if it had gone on by that. */
interface Estimate {
  readonly baseMs: number;
  readonly atMs: number;
}

export class ClockWatch {
  readonly service: readonly [string, Service];
  readonly #options: ClockWatchOptions;
  readonly #estimates = new Map<string, Estimate>();
  readonly #ends: Cancel[] = [];
  /** Which link is asked next, among those that are up. */
  #next = 0;
  #isAhead = false;
  #timesAhead = 0;
  /** Until when its time is what it last knew, unless others tell before. */
  #heldUntilMs = 0;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    this.service = [CLOCK_SERVICE, () => this.#tell()];
  }

  /** The limit that somebody has set stays for so long, unless others tell before what time it is. */
  hold(forMs: number): void {
    this.#heldUntilMs = this.#nowMs + forMs;
    if (forMs === 0) this.#judge();
    // Not a moment later: who has waited for so long executes.
    else this.#ends.push(this.#options.host.timers.after(forMs, () => this.#judge()));
  }

  /** Links may be used. */
  start(): void {
    const { host, peers } = this.#options;
    this.#ends.push(
      host.timers.every(PERIOD_MS, () => {
        this.#askSome();
        this.#judge();
      }),
      peers.subscribe({
        up: ({ number }) => {
          const link = peers.link(number);
          if (link !== undefined) void this.#ask(link);
        },
        down() {},
        unreachable() {},
      }),
    );
    this.#askSome();
  }

  close(): void {
    for (const end of this.#ends) end();
  }

  get view(): ClockView {
    const offsets = this.#offsets();
    return {
      aheadMs: -middleOffset(offsets),
      compared: offsets.length,
      isAhead: this.#isAhead,
      timesAhead: this.#timesAhead,
    };
  }

  get #nowMs(): number {
    return this.#options.host.clock.monotonicMs();
  }

  #tell(): Uint8Array {
    const writer = new ByteWriter({ capacityBytes: CLOCK_BYTES, bytesMax: CLOCK_BYTES });
    writer.u64(this.#options.host.clock.wallMs());
    return writer.written();
  }

  #askSome(): void {
    const links = this.#options.peers.links.filter(({ isUp }) => isUp);
    const count = Math.min(links.length, ASKED_MAX);
    for (let i = 0; i < count; i++) void this.#ask(links[(this.#next + i) % links.length]!);
    if (count > 0) this.#next = (this.#next + count) % links.length;
  }

  /** Never rejects. */
  async #ask(link: PeerLink): Promise<void> {
    const askedMs = this.#nowMs;
    const outcome = await link.ask(CLOCK_SERVICE, NOTHING, TRIP_MS_MAX);
    const atMs = this.#nowMs;
    if (outcome.kind !== "answered" || atMs - askedMs > TRIP_MS_MAX) return;
    const reader = new ByteReader(rangeOf(outcome.body));
    const wallMs = reader.u64();
    if (reader.failed) return;
    if (this.#estimates.size === 0) this.#heldUntilMs = Math.min(this.#heldUntilMs, atMs + SECOND_MS_MAX);
    this.#estimates.set(link.peer.nodeId, { baseMs: wallMs - (askedMs + atMs) / 2, atMs });
    this.#judge();
  }

  #judge(): void {
    const { host, time, offsetMsMax } = this.#options;
    const nowMs = this.#nowMs;
    const offsets = this.#offsets();
    const isHeld = offsets.length < ENOUGH && nowMs < this.#heldUntilMs;
    if (time === null || (isHeld && offsets.length === 0)) return;
    const middleMs = middleOffset(offsets);
    // Of two that differ the earlier one is taken, until a third has told.
    const mostMs = isHeld ? Math.min(0, ...offsets) : middleMs;
    const limit = { wallMs: host.clock.wallMs() + mostMs + offsetMsMax(), atMs: nowMs };
    time.limit = offsets.length === 0 ? null : limit;
    if (isHeld) return;
    this.#heldUntilMs = 0;
    this.#say(isAhead(offsets, offsetMsMax()), -middleMs);
  }

  /** By how much other clocks are ahead of this node's: those that were asked not long ago. */
  #offsets(): Offsets {
    const nowMs = this.#nowMs;
    const wallMs = this.#options.host.clock.wallMs();
    const offsets: number[] = [];
    for (const [nodeId, { baseMs, atMs }] of this.#estimates) {
      if (nowMs - atMs > KNOWN_MS) this.#estimates.delete(nodeId);
      else offsets.push(Math.round(baseMs + nowMs - wallMs));
    }
    return offsets;
  }

  #say(isAheadNow: boolean, aheadMs: number): void {
    if (isAheadNow === this.#isAhead) return;
    this.#isAhead = isAheadNow;
    const { log } = this.#options.host;
    if (isAheadNow) {
      this.#timesAhead++;
      log.warn("this node's clock is ahead of most others: its time goes on with theirs", { aheadMs });
    } else {
      log.info("this node's clock is no longer ahead of most others", { aheadMs });
    }
  }
}

const NOTHING = Buffer.alloc(0);
