/** The last slow commands: https://redis.io/docs/latest/commands/slowlog-get/ */
import Denque from "denque";
import type { Call } from "./call.js";
import type { Command } from "./command.js";

/** As Redis: what is logged of a command. */
const ARGUMENTS_MAX = 32;
const ARGUMENT_BYTES_MAX = 128;

export interface SlowlogEntry {
  readonly id: number;
  readonly wallSeconds: number;
  readonly microseconds: number;
  /** As `argumentsForLog` gives them. */
  readonly args: readonly Buffer[];
  readonly remote: string;
  readonly clientName: string;
}

export class Slowlog {
  readonly #entries = new Denque<SlowlogEntry>();
  #nextId = 0;

  /** `lengthMax` is read at each use, since CONFIG SET may change it. */
  constructor(private readonly lengthMax: () => number) {}

  get length(): number {
    return this.#entries.length;
  }

  add(entry: Omit<SlowlogEntry, "id">): void {
    this.#entries.unshift({ id: this.#nextId++, ...entry });
    while (this.#entries.length > this.lengthMax()) this.#entries.pop();
  }

  /** The newest entries, newest first. */
  newest(count: number): SlowlogEntry[] {
    return this.#entries.toArray().slice(0, count);
  }

  clear(): void {
    this.#entries.clear();
  }
}

/** Copies of a call's arguments that are neither many nor long nor secret. */
export function argumentsForLog(call: Call, command: Command): Buffer[] {
  const secrets = command.secrets?.(call) ?? [];
  const shown = call.count > ARGUMENTS_MAX ? ARGUMENTS_MAX - 1 : call.count;
  const args = Array.from({ length: shown }, (_, i) =>
    secrets.includes(i) ? Buffer.from("(redacted)") : shortened(call, i),
  );
  if (shown < call.count) args.push(Buffer.from(`... (${call.count - shown} more arguments)`));
  return args;
}

function shortened(call: Call, index: number): Buffer {
  const length = call.length(index);
  if (length <= ARGUMENT_BYTES_MAX) return call.copy(index);
  const start = call.start(index);
  const head = call.bytes.subarray(start, start + ARGUMENT_BYTES_MAX);
  return Buffer.concat([head, Buffer.from(`... (${length - ARGUMENT_BYTES_MAX} more bytes)`)]);
}
