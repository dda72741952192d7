/**
 * Members that did not answer, and how long they have to say that they live. Suspicion is long at first and shrinks as
 * others confirm it (Lifeguard, section IV.B): one accuser may be the one who is ill, four hardly are.
 */
import { ACCUSERS_MAX } from "./claim.js";
import type { NodeId } from "./member.js";
import type { Timings } from "./presets.js";

/** So many times what a probe may take who is accused on strong evidence has to say that it lives. */
const ANSWER_TIMEOUTS = 2;

interface Suspicion {
  startMs: number;
  readonly accusers: NodeId[];
  minMs: number;
  readonly maxMs: number;
  /** Confirmations that shorten it all the way. */
  wanted: number;
  deadlineMs: number;
}

export class Suspicions {
  private readonly byId = new Map<NodeId, Suspicion>();

  constructor(private readonly timings: Timings) {}

  get count(): number {
    return this.byId.size;
  }

  accusersOf(id: NodeId): readonly NodeId[] {
    return this.byId.get(id)?.accusers ?? [];
  }

  /** `members` take part in the cluster now. */
  begin(id: NodeId, { members, nowMs }: { members: number; nowMs: number }): void {
    const { confirmations, suspicionMaxFactor } = this.timings;
    const minMs = suspicionMinMs(members, this.timings);
    // Neither the suspect nor the first accuser can confirm.
    const wanted = Math.max(0, Math.min(confirmations, members - 2));
    const maxMs = wanted === 0 ? minMs : minMs * suspicionMaxFactor;
    this.byId.set(id, { startMs: nowMs, accusers: [], minMs, maxMs, wanted, deadlineMs: nowMs + maxMs });
  }

  /** Says whether the accuser is a new one, and worth telling others. */
  accuse(id: NodeId, accuser: NodeId): boolean {
    const suspicion = this.byId.get(id);
    if (suspicion === undefined || accuser === id) return false;
    const { accusers, wanted } = suspicion;
    if (accusers.includes(accuser) || accusers.length > wanted || accusers.length === ACCUSERS_MAX)
      return false;
    accusers.push(accuser);
    suspicion.deadlineMs = suspicion.startMs + timeoutMs(suspicion, accusers.length - 1);
    return true;
  }

  /**
   * The evidence is strong: nobody has to confirm it, and nobody else need hear of it first. The suspect, who is told directly, still has
   * time to answer.
   */
  hasten(id: NodeId): void {
    const suspicion = this.byId.get(id);
    if (suspicion === undefined) return;
    const { probeTimeoutMs } = this.timings;
    suspicion.wanted = 0;
    suspicion.minMs = Math.min(suspicion.minMs, ANSWER_TIMEOUTS * probeTimeoutMs);
    suspicion.deadlineMs = suspicion.startMs + suspicion.minMs;
  }

  end(id: NodeId): void {
    this.byId.delete(id);
  }

  /** Time that did not pass for us: nothing that was said meanwhile could be heard. */
  postpone(ms: number): void {
    for (const suspicion of this.byId.values()) {
      suspicion.startMs += ms;
      suspicion.deadlineMs += ms;
    }
  }

  nextMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { deadlineMs } of this.byId.values()) nextMs = Math.min(nextMs, deadlineMs);
    return nextMs;
  }

  /** Members whose time is up. They stay until `end`. */
  due(nowMs: number): NodeId[] {
    const due: NodeId[] = [];
    for (const [id, { deadlineMs }] of this.byId) if (deadlineMs <= nowMs) due.push(id);
    return due;
  }
}

/**
 * Some probe periods, in which others find out for themselves, and the time that news takes to all: for the suspicion to
 * reach its suspect, and for the refutation to come back. An epidemic that each infected member passes on to three others a round has
 * reached everyone after about log2(n) rounds, for any n that matters here.
 */
export function suspicionMinMs(members: number, timings: Timings): number {
  const { suspicionPeriods, probeIntervalMs, gossipIntervalMs } = timings;
  const rounds = Math.ceil(Math.log2(Math.max(members, 2)));
  return suspicionPeriods * probeIntervalMs + 2 * rounds * gossipIntervalMs;
}

function timeoutMs({ minMs, maxMs, wanted }: Suspicion, confirmations: number): number {
  if (confirmations >= wanted) return minMs;
  return maxMs - (maxMs - minMs) * (Math.log(confirmations + 1) / Math.log(wanted + 1));
}
