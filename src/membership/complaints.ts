/** Warnings that anyone can cause at will: each kind is logged at most once in a while, with how often it happened since. */
import type { Clock } from "../host/clock.js";
import type { Address } from "../host/datagrams.js";
import type { Log, LogValues } from "../host/log.js";

const INTERVAL_MS = 60_000;

export class Complaints {
  private readonly byKind = new Map<string, { saidAtMs: number; unsaid: number }>();

  constructor(
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  /** `kind` is one of a few texts of the program's own. */
  warn(kind: string, message: string, values: LogValues): void {
    const nowMs = this.clock.monotonicMs();
    const said = this.byKind.get(kind);
    if (said !== undefined && nowMs - said.saidAtMs < INTERVAL_MS) {
      said.unsaid++;
      return;
    }
    this.log.warn(message, { ...values, timesBefore: said?.unsaid || undefined });
    this.byKind.set(kind, { saidAtMs: nowMs, unsaid: 0 });
  }
}

export function addressName({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
