/**
 * Probes under way: a ping, after a while the same through relays, and in the end an answer or none. Which member is probed
 * when, and what an outcome means, others know (swim.ts).
 */
import type { Random } from "../host/random.js";
import type { NodeId } from "./member.js";
import type { Timings } from "./presets.js";

interface Probe {
  readonly target: NodeId;
  readonly sequence: number;
  relaysAtMs: number;
  failsAtMs: number;
  relaysAsked: number;
  nacks: number;
}

export type ProbeStep =
  /** No answer yet: relays are to be asked. */
  { readonly kind: "ask-relays"; readonly target: NodeId; readonly sequence: number } | FailedProbe;

/** No answer. `silentRelays` of `relaysAsked` said nothing at all, which speaks against ourselves. */
export interface FailedProbe {
  readonly kind: "failed";
  readonly target: NodeId;
  readonly relaysAsked: number;
  readonly silentRelays: number;
}

/** One a period is usual; more are under way when members are doubted. Beyond these a doubt waits for its turn. */
const PROBES_MAX = 32;

export class Prober {
  private readonly probes = new Map<number, Probe>();

  constructor(
    private readonly timings: Timings,
    private readonly random: Random,
  ) {}

  /**
   * Begins a probe and answers the sequence number for its ping; undefined if it is probed already, or too many are.
   * `slowness` is how much longer than usual to wait; with `relaysAtOnce` the direct answer is not waited for.
   */
  begin(
    target: NodeId,
    { nowMs, slowness, relaysAtOnce }: { nowMs: number; slowness: number; relaysAtOnce: boolean },
  ): number | undefined {
    if (this.probes.size >= PROBES_MAX || this.isProbing(target)) return undefined;
    const { probeIntervalMs, probeTimeoutMs } = this.timings;
    const sequence = this.random.uint32();
    if (this.probes.has(sequence)) return undefined;
    this.probes.set(sequence, {
      target,
      sequence,
      relaysAtMs: relaysAtOnce ? nowMs : nowMs + probeTimeoutMs * slowness,
      failsAtMs: nowMs + probeIntervalMs * slowness,
      relaysAsked: 0,
      nacks: 0,
    });
    return sequence;
  }

  relaysAsked(sequence: number, count: number): void {
    const probe = this.probes.get(sequence);
    if (probe !== undefined) probe.relaysAsked = count;
  }

  /** Says whether the answer was waited for. It may come through a relay, so the number alone counts. */
  acked(sequence: number): boolean {
    return this.probes.delete(sequence);
  }

  nacked(sequence: number): void {
    const probe = this.probes.get(sequence);
    if (probe !== undefined) probe.nacks++;
  }

  /** Time that did not pass for us: nothing that was answered meanwhile could be heard. */
  postpone(ms: number): void {
    for (const probe of this.probes.values()) {
      probe.relaysAtMs += ms;
      probe.failsAtMs += ms;
    }
  }

  nextMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { relaysAtMs, failsAtMs } of this.probes.values()) {
      nextMs = Math.min(nextMs, relaysAtMs, failsAtMs);
    }
    return nextMs;
  }

  due(nowMs: number): ProbeStep[] {
    const steps: ProbeStep[] = [];
    for (const probe of this.probes.values()) {
      const { target, sequence, relaysAsked } = probe;
      if (probe.failsAtMs <= nowMs) {
        this.probes.delete(sequence);
        const silentRelays = Math.max(0, relaysAsked - probe.nacks);
        steps.push({ kind: "failed", target, relaysAsked, silentRelays });
      } else if (probe.relaysAtMs <= nowMs) {
        probe.relaysAtMs = Number.POSITIVE_INFINITY;
        steps.push({ kind: "ask-relays", target, sequence });
      }
    }
    return steps;
  }

  private isProbing(target: NodeId): boolean {
    for (const probe of this.probes.values()) if (probe.target === target) return true;
    return false;
  }
}
