/**
 * From the bytes of a name to its command, without making a string of them. Beside each declaration stands what
 * dispatch needs of it in the shape that it needs it, computed once at start.
 */
import type { DurationHistogram } from "../base/duration-histogram.js";
import type { Call } from "../commands/call.js";
import type { Across, Command, CommandFlag } from "../commands/command.js";
import type { SessionCall } from "../commands/session.js";

/** Flags that dispatch asks for, as bits. */
export const WRITE = 1;
export const DENY_OOM = 2;
export const NO_AUTH = 8;
/** Runs at once between MULTI and EXEC. */
export const UNQUEUED = 16;
/** May not be queued. */
export const NO_MULTI = 32;
export const MAY_REPLICATE = 64;
/** Runs the transaction: what holds for the commands in it holds for it. */
export const EXECUTES = 128;
/** Counts as use of its keys whatever the client asked for. */
export const ALWAYS_TOUCHES = 256;
/** May run while what was kept is being read. */
export const WHILE_LOADING = 512;
/** Its reply depends on all that was ever written. */
export const SEES_ALL = 1024;
/** Refused as a write is. */
export const TELLS_TROUBLE = 2048;
/** Watches its keys. */
export const WATCHES = 4096;
/** What it does lasts as long as the connection. */
export const CHANGES_CONNECTION = 8192;

/** MONITOR leaves it out. */
export const UNSHOWN = 16384;
/** Not for clients that monitor. */
export const USES_KEYS = 32768;
/** It is about the node that the client is connected to. */
export const CONCERNS_NODE = 65536;
/** May be used by a client of RESP2 that is subscribed to something. */
export const WHILE_SUBSCRIBED = 131_072;
/** Its reply comes whatever CLIENT REPLY says. */
export const PUSHES_REPLY = 262_144;
/** Waits for what its client has asked of other nodes before. */
export const SETTLES_FIRST = 524_288;

/** May wait until a key changes. */
export const BLOCKING = 1_048_576;

const BIT_BY_FLAG: Partial<Record<CommandFlag, number>> = {
  // What operators do they do to the node that they are connected to.
  admin: UNSHOWN | CONCERNS_NODE,
  skip_monitor: UNSHOWN,
  readonly: USES_KEYS,
  write: WRITE | USES_KEYS,
  denyoom: DENY_OOM,
  blocking: BLOCKING,
  no_auth: NO_AUTH,
  no_multi: NO_MULTI,
  may_replicate: MAY_REPLICATE | USES_KEYS,
  loading: WHILE_LOADING,
};

const LOWER_CASE = 0x20;

/** A command as dispatch sees it, with its statistics. */
export class Entry {
  readonly bits: number;
  readonly arity: number;
  readonly run: ((call: SessionCall) => void) | ((call: Call) => void) | null;
  readonly subcommands: ReadonlyMap<string, Entry> | null;
  /** Which argument its first key is; 0 if it has none, or none by which it is decided where it is executed. */
  readonly firstKey: number;
  /** Whether that is the same argument each time; else keys are found by a word before them, which `firstKey` is not behind. */
  readonly isFirstFixed: boolean;
  /** Whether that is its only key. */
  readonly hasOneKey: boolean;
  /** Whether its first argument is its only key. */
  readonly isFirstItsKey: boolean;
  readonly across: Across | null;
  /** With so many arguments, its name included, or fewer, it takes about as long each time. */
  readonly constantUpTo: number;
  calls = 0;
  microseconds = 0;
  rejected = 0;
  failed = 0;
  /** How long it took, of the calls that were timed since the option `latency-tracking` says so; null if there is none. */
  durations: DurationHistogram | null = null;

  /** `name` is the full one: `client|list`. */
  constructor(
    readonly name: string,
    readonly command: Command,
  ) {
    let bits = command.unqueued ? UNQUEUED : 0;
    if (command.executes) bits |= EXECUTES;
    if (command.alwaysTouches) bits |= ALWAYS_TOUCHES;
    if (command.seesAll) bits |= SEES_ALL;
    if (command.tellsTrouble) bits |= TELLS_TROUBLE;
    if (command.watches) bits |= WATCHES;
    if (command.whileSubscribed) bits |= WHILE_SUBSCRIBED;
    if (command.pushesReply) bits |= PUSHES_REPLY;
    if (command.settlesFirst) bits |= SETTLES_FIRST;
    // What transactions change of it ends with EXEC.
    if (command.changesConnection && command.group !== "transactions") bits |= CHANGES_CONNECTION;
    if (command.concernsNode) bits |= CONCERNS_NODE;
    for (const flag of command.flags) bits |= BIT_BY_FLAG[flag] ?? 0;
    this.bits = bits;
    this.arity = command.arity;
    this.constantUpTo = constantUpTo(command);
    this.run = command.kind === "container" ? null : command.run;
    const [keys, ...moreKeys] = command.keys ?? [];
    this.firstKey = command.staysHere ? 0 : (keys?.first ?? 0);
    this.across = command.across ?? null;
    this.hasOneKey = keys?.first === keys?.last && moreKeys.length === 0;
    this.isFirstFixed = keys?.behind === undefined;
    this.isFirstItsKey = this.hasOneKey && this.firstKey === 1;
    const { subcommands } = command;
    this.subcommands =
      subcommands === undefined
        ? null
        : new Map(subcommands.map((child) => [child.name, new Entry(`${name}|${child.name}`, child)]));
  }

  accepts(argumentCount: number): boolean {
    return this.arity < 0 ? argumentCount >= -this.arity : argumentCount === this.arity;
  }

  /** This entry and its subcommands'. */
  *all(): Iterable<Entry> {
    yield this;
    if (this.subcommands) for (const child of this.subcommands.values()) yield* child.all();
  }

  resetStats(): void {
    this.calls = 0;
    this.microseconds = 0;
    this.rejected = 0;
    this.failed = 0;
    this.durations = null;
  }
}

/**
 * With up to how many arguments a command takes constant time, or nearly: then it is timed by sample (docs/decisions/0003). What Redis calls
 * fast is that for one element, as LPUSH and ZADD are, or for none named, as LPOP.
 */
function constantUpTo({ kind, flags, complexity, arity }: Command): number {
  const isFast = flags.includes("fast");
  if (kind !== "data" && !isFast) return 0;
  if (complexity === "O(1)") return Number.MAX_SAFE_INTEGER;
  return isFast ? Math.abs(arity) : 0;
}

interface Bucket {
  readonly name: Buffer;
  readonly entry: Entry;
}

export class CommandIndex {
  readonly entries: readonly Entry[];
  readonly #buckets: (Bucket | undefined)[];
  readonly #mask: number;

  constructor(commands: Iterable<Command>) {
    this.entries = Array.from(commands, (command) => new Entry(command.name, command));
    let size = 16;
    while (size < this.entries.length * 4) size *= 2;
    this.#mask = size - 1;
    this.#buckets = Array.from({ length: size }, () => undefined);
    for (const entry of this.entries) {
      const name = Buffer.from(entry.name, "latin1");
      let at = hashName(name, 0, name.length) & this.#mask;
      while (this.#buckets[at] !== undefined) at = (at + 1) & this.#mask;
      this.#buckets[at] = { name, entry };
    }
  }

  /** The command of a name in whichever case; undefined if there is none. */
  find(bytes: Buffer, start: number, end: number): Entry | undefined {
    let at = hashName(bytes, start, end) & this.#mask;
    for (;;) {
      const bucket = this.#buckets[at];
      if (bucket === undefined) return undefined;
      if (isName(bucket.name, bytes, start, end)) return bucket.entry;
      at = (at + 1) & this.#mask;
    }
  }

  *all(): Iterable<Entry> {
    for (const entry of this.entries) yield* entry.all();
  }
}

/** Setting the bit of lower case also maps some signs onto others; `isName` tells them apart. */
function hashName(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++) hash = Math.imul(hash, 31) + (bytes[i]! | LOWER_CASE);
  return hash ^ (hash >>> 7);
}

function isName(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i]!;
    if (byte === name[i]) continue;
    if (byte < 0x41 || byte > 0x5a || (byte | LOWER_CASE) !== name[i]) return false;
  }
  return true;
}
