/** Spikes of latency by kind of event: https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency-monitor/ */
import Denque from "denque";

const SAMPLES_MAX = 160;

export interface LatencySample {
  readonly wallSeconds: number;
  readonly milliseconds: number;
}

export interface LatencyEvent {
  readonly samples: Denque<LatencySample>;
  maxMs: number;
}

export class LatencyMonitor {
  readonly events = new Map<string, LatencyEvent>();

  /** Notes a spike. Within one second only the worst is kept. */
  add(event: string, milliseconds: number, wallSeconds: number): void {
    let history = this.events.get(event);
    if (!history) this.events.set(event, (history = { samples: new Denque(), maxMs: 0 }));
    history.maxMs = Math.max(history.maxMs, milliseconds);
    const last = history.samples.peekBack();
    if (last?.wallSeconds === wallSeconds) {
      if (last.milliseconds >= milliseconds) return;
      history.samples.pop();
    }
    history.samples.push({ wallSeconds, milliseconds });
    if (history.samples.length > SAMPLES_MAX) history.samples.shift();
  }

  /** Forgets the events named, or all if none is; answers how many there were. */
  reset(names: readonly string[]): number {
    const known = names.length === 0 ? [...this.events.keys()] : names;
    return known.filter((name) => this.events.delete(name)).length;
  }
}
