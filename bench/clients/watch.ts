/**
 * Load client `watch`: writes and reads keys, each through a connection of its own that asks again and again whatever it is answered, and
 * tells for how long each of them was not served.
 */
import { setTimeout as pause } from "node:timers/promises";
import { Connection } from "../resp.js";
import { serve } from "./serve.js";
import { beUrgent } from "./urgency.js";

export type WatchRequest =
  | { readonly kind: "start"; readonly keys: readonly WatchedKey[] }
  | { readonly kind: "lap" };

export interface WatchedKey {
  readonly key: string;
  /** Of the node through which it is written and read. */
  readonly port: number;
}

/** The answer to `lap`: what was seen since the lap before. */
export interface Watched {
  /** Of each key, the longest time from one answer without an error to the next, or to now. */
  readonly gapsMs: readonly number[];
  /** Reads that did not find what had been acknowledged. */
  readonly lost: number;
  /** Questions that were answered with an error. */
  readonly refused: number;
}

/** Between a read and the next write: gaps are seen no finer, and the load of all keys stays a light one. */
const periodMs = 20;

const watches: Watch[] = [];

serve(async (request: WatchRequest): Promise<Watched | { readonly kind: "started" }> => {
  if (request.kind === "lap") return lap();
  beUrgent();
  for (const key of request.keys) watches.push(new Watch(key));
  await Promise.all(watches.map((watch) => watch.served));
  return { kind: "started" };
});

function lap(): Watched {
  const laps = watches.map((watch) => watch.lap());
  const sum = (of: (lap: Lap) => number): number => laps.reduce((total, one) => total + of(one), 0);
  return {
    gapsMs: laps.map(({ gapMs }) => gapMs),
    lost: sum(({ lost }) => lost),
    refused: sum(({ refused }) => refused),
  };
}

interface Lap {
  readonly gapMs: number;
  readonly lost: number;
  readonly refused: number;
}

/** One key: its values count its writes. */
class Watch {
  /** Resolves at the first answer. */
  readonly served: Promise<void>;
  private connection: Connection | undefined;
  private written = 0;
  /** The highest that was acknowledged or seen. */
  private known = 0;
  private servedMs = 0;
  private gapMs = 0;
  private lost = 0;
  private refused = 0;
  private begun = (): void => {};

  constructor(private readonly watched: WatchedKey) {
    this.served = new Promise((resolve) => {
      this.begun = resolve;
    });
    void this.askForever();
  }

  lap(): Lap {
    const { gapMs, lost, refused } = this;
    const lap = { gapMs: Math.max(gapMs, performance.now() - this.servedMs), lost, refused };
    this.gapMs = this.lost = this.refused = 0;
    return lap;
  }

  private async askForever(): Promise<never> {
    for (;;) {
      await this.ask().catch(() => {
        this.refused += 1;
      });
      await pause(periodMs);
    }
  }

  private async ask(): Promise<void> {
    const { key, port } = this.watched;
    if (this.connection === undefined || this.connection.isClosed)
      this.connection = await Connection.open(port);
    const number = ++this.written;
    await this.connection.call("SET", key, String(number));
    this.wasServed();
    this.known = number;
    this.saw(Number(await this.connection.call("GET", key)));
    this.wasServed();
  }

  private wasServed(): void {
    const nowMs = performance.now();
    if (this.servedMs > 0) this.gapMs = Math.max(this.gapMs, nowMs - this.servedMs);
    this.servedMs = nowMs;
    this.begun();
  }

  private saw(number: number): void {
    if (number > this.written) {
      console.error(`watch: ${this.watched.key} holds ${number}, which nobody wrote`);
      process.exit(1);
    }
    if (number < this.known) this.lost += 1;
    this.known = number;
  }
}
