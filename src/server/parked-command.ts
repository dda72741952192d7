/** A command that waits at this node, which executes for its keys. */
import type { Wait, WaitKind } from "../commands/blocking.js";
import type { Cancel } from "../host/timers.js";
import type { RecordType } from "../keyspace/record.js";
import type { Client } from "./client.js";
import type { Entry } from "./command-index.js";

export interface ParkedCommandOptions {
  readonly client: Client;
  readonly entry: Entry;
  readonly kind: WaitKind;
  readonly wait: Wait;
  /** The whole request, which is executed again. */
  readonly request: Buffer;
  readonly database: number;
  /** The client does not want the reply. */
  readonly isSilent: boolean;
}

export class ParkedCommand implements ParkedCommandOptions {
  readonly client: Client;
  readonly entry: Entry;
  readonly kind: WaitKind;
  readonly wait: Wait;
  readonly request: Buffer;
  readonly database: number;
  readonly isSilent: boolean;
  /** The keys, each once. */
  readonly keys: ParkedKey[] = [];
  cancelDeadline: Cancel = () => {};

  constructor(options: ParkedCommandOptions) {
    this.client = options.client;
    this.entry = options.entry;
    this.kind = options.kind;
    this.wait = options.wait;
    this.request = options.request;
    this.database = options.database;
    this.isSilent = options.isSilent;
  }
}

/** A key that somebody waits for. */
export class ParkedKey {
  /** Who waits, and by which argument of his, in the order in which they came. */
  readonly argumentByCommand = new Map<ParkedCommand, number>();
  /** How many wait in which way: a handful of ways, however many wait. */
  readonly #kinds = new Map<WaitKind, number>();

  constructor(
    readonly name: string,
    readonly database: number,
    readonly bytes: Buffer,
    readonly slot: number,
    /** As the keyspace hashes it. */
    readonly hash: number,
  ) {}

  /**
   * Whether a key of this type, undefined if there is none, is something that somebody waits for. `isSpent`: those who would take of it
   * would find nothing.
   */
  concerns(type: RecordType | undefined, isSpent = false): boolean {
    for (const kind of this.#kinds.keys()) if (wants(kind, type) && !(isSpent && kind.takes)) return true;
    return false;
  }

  add(parked: ParkedCommand, argument: number): void {
    if (this.argumentByCommand.has(parked)) return;
    this.argumentByCommand.set(parked, argument);
    this.#kinds.set(parked.kind, (this.#kinds.get(parked.kind) ?? 0) + 1);
    parked.keys.push(this);
  }

  /** Answers whether nobody waits any more. */
  remove(parked: ParkedCommand): boolean {
    this.argumentByCommand.delete(parked);
    const others = this.#kinds.get(parked.kind)! - 1;
    if (others > 0) this.#kinds.set(parked.kind, others);
    else this.#kinds.delete(parked.kind);
    return this.argumentByCommand.size === 0;
  }
}

export function wants({ type: wanted, hearsOfLoss }: WaitKind, type: RecordType | undefined): boolean {
  return type === wanted || hearsOfLoss === true;
}
