/**
 * Clients whose commands wait at this node for keys that it executes for (commands/blocking.ts). It hears of every change of such a key, by whatever
 * cause, and tries the commands again in Redis's order: keys in the order in which they changed, and for each key clients in the order in which they
 * came. What one is served with may be a change that others wait for. That happens when the command, or the transaction, is over that made the
 * change, before any other is executed; what no command has changed is looked at when the turn of the loop is over.
 *
 * Those who wait at another node are known to that one. Here it is known of them when they have waited long enough (`deadlines`).
 */
import type { Wait, WaitKind } from "../commands/blocking.js";
import { TEXT_BYTES_MAX } from "../commands/call.js";
import type { SessionCall } from "../commands/session.js";
import type { Clock } from "../host/clock.js";
import type { Timers } from "../host/timers.js";
import { NOWHERE } from "../keyspace/arena.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { RecordType } from "../keyspace/record.js";
import type { Follower } from "../keyspace/watchers.js";
import { ReplyError, TEXT_TOO_LONG } from "../protocol/reply-error.js";
import { buildRequest } from "../protocol/request-builder.js";
import type { Client } from "./client.js";
import { ParkedCommand, ParkedKey, wants } from "./parked-command.js";
import { WaitDeadlines } from "./wait-deadlines.js";

/** Of a changed key it is told by so many bits of its hash, nearly always, that nobody waits for it. */
const FILTER_BITS = 14;
const FILTER_MASK = (1 << FILTER_BITS) - 1;
const NO_FILTER = new Uint32Array(0);

export interface ParkedClientsOptions {
  readonly keyspace: Keyspace;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Runs what no client asked for: what it throws stops the node. */
  readonly guard: (work: () => void) => void;
  /** Sets the clocks for what is done now. */
  readonly beginTurn: () => void;
}

export class ParkedClients implements Follower {
  /** When those have waited for long enough who wait here or elsewhere. */
  readonly deadlines: WaitDeadlines;
  readonly #options: ParkedClientsOptions;
  readonly #keyspace: Keyspace;
  readonly #keysByName = new Map<string, ParkedKey>();
  /** How many keys there are by the last bits of their hash. */
  #filter = NO_FILTER;
  /** Those that changed, in order, and for which nothing was tried since. */
  readonly #ready = new Set<ParkedKey>();
  #isServing = false;
  /** Nothing may be served at present: a pause, or the log has no room. */
  #isHeldBack = false;
  #isServiceDue = false;
  #unfollow: (() => void) | undefined;
  /** What is to be done when the turn of the loop is over. */
  #later: (() => void)[] = [];

  constructor(options: ParkedClientsOptions) {
    this.#options = options;
    this.#keyspace = options.keyspace;
    this.deadlines = new WaitDeadlines(options);
  }

  /** Whether a key that somebody waits for has changed, and may be tried. */
  get hasReady(): boolean {
    return this.#ready.size > 0 && !this.#isHeldBack;
  }

  /** Parks the command at hand, or answers at once if it may not wait. */
  park(call: SessionCall, kind: WaitKind, wait: Wait): void {
    const client = call.session as Client;
    if (client.transaction !== null) {
      kind.writeNothing(call.reply, false);
      return;
    }
    for (let argument = wait.first; argument < wait.end; argument++) {
      if (call.length(argument) > TEXT_BYTES_MAX) throw new ReplyError(TEXT_TOO_LONG);
    }
    const parked = new ParkedCommand({
      client,
      entry: client.lastEntry!,
      kind,
      wait,
      request: kept(wait.request ?? buildRequest(call.bytes, call.marks, call.count)),
      database: call.keyspace.database.number,
      isSilent: client.replyMode !== "on",
    });
    for (let argument = wait.first; argument < wait.end; argument++) {
      this.#await(parked, argument, call.copy(argument));
    }
    this.#unfollow ??= this.#keyspace.watchers.follow(this);
    const untilMs = client.parking.begin(parked);
    parked.cancelDeadline = this.deadlines.at(untilMs, () => client.parking.end("timeout"));
  }

  /** It waits no longer. */
  forget(parked: ParkedCommand): void {
    parked.cancelDeadline();
    for (const key of parked.keys) {
      if (!key.remove(parked)) continue;
      this.#keysByName.delete(key.name);
      this.#ready.delete(key);
      this.#filter[key.hash & FILTER_MASK]!--;
    }
    if (this.#keysByName.size > 0) return;
    this.#unfollow?.();
    this.#unfollow = undefined;
  }

  /** Other nodes execute from now on for slots that are `gone`: who waits for keys in them is to ask there. */
  lose(isGone: (slot: number) => boolean): void {
    const lost = new Set<ParkedCommand>();
    for (const { slot, argumentByCommand } of this.#keysByName.values()) {
      if (isGone(slot)) for (const parked of argumentByCommand.keys()) lost.add(parked);
    }
    for (const parked of lost) parked.client.parking.askAgain();
  }

  /** Does something when the turn of the loop is over: clients go on that have been served in that of another. */
  afterTurn(work: () => void): void {
    this.#later.push(work);
    this.#comeBack();
  }

  // ---- What happens to keys ----

  changed(keyspace: Keyspace): void {
    if (this.#filter[keyspace.hash & FILTER_MASK] === 0) return;
    const { bytes, start, end, database } = keyspace;
    if (end - start > TEXT_BYTES_MAX) return;
    const key = this.#keysByName.get(nameOf(database.number, bytes, start, end));
    if (key?.concerns(typeOfOpen(keyspace))) this.#mark(key);
  }

  /** What will be there then is not known yet. */
  flushed(): void {
    for (const key of this.#keysByName.values()) this.#mark(key);
  }

  /** Tries the commands that wait for keys that have changed. Not while replies of another client are in the writer. */
  serve(): void {
    // What one is served with may call for others: they are found by the call under way.
    if (this.#isServing || !this.hasReady) return;
    this.#isServing = true;
    // A key that is marked meanwhile comes to stand behind the others.
    for (const key of this.#ready) {
      if (this.#serveKey(key)) continue;
      this.#isHeldBack = true;
      break;
    }
    this.#isServing = false;
  }

  /** The reason may be gone for which nothing could be served. */
  retry(): void {
    this.#isHeldBack = false;
    if (this.#ready.size > 0) this.#comeBack();
  }

  close(): void {
    this.deadlines.close();
  }

  // ---- Its parts ----

  #await(parked: ParkedCommand, argument: number, bytes: Buffer): void {
    const { database } = parked;
    const name = nameOf(database, bytes, 0, bytes.length);
    let key = this.#keysByName.get(name);
    if (key === undefined) {
      const keyspace = this.#keyspace;
      keyspace.peek(bytes, 0, bytes.length);
      key = new ParkedKey(name, database, kept(bytes), keyspace.slot, keyspace.hash);
      this.#keysByName.set(name, key);
      if (this.#filter === NO_FILTER) this.#filter = new Uint32Array(FILTER_MASK + 1);
      this.#filter[key.hash & FILTER_MASK]!++;
    }
    key.add(parked, argument);
  }

  #mark(key: ParkedKey): void {
    this.#ready.add(key);
    this.#comeBack();
  }

  /** False if nobody can be served at present. */
  #serveKey(key: ParkedKey): boolean {
    this.#ready.delete(key);
    let type = this.#typeOf(key);
    // Of what is of this type nothing is left to take.
    let isSpent = false;
    let isWanted = key.concerns(type);
    // Nobody comes meanwhile. Thousands may wait behind the one who is served: nothing is done for them.
    for (const [{ kind, client }, argument] of key.argumentByCommand) {
      if (!isWanted) break;
      if (!wants(kind, type) || (isSpent && kind.takes)) continue;
      const outcome = client.parking.retry(argument);
      if (outcome === "held-back") {
        this.#putFirst(key);
        return false;
      }
      if (outcome === "served") type = this.#typeOf(key);
      else if (outcome === "waits" && kind.takes) isSpent = true;
      isWanted = key.concerns(type, isSpent);
    }
    return true;
  }

  /** Of what type the key is now, undefined if it does not exist. */
  #typeOf({ database, bytes }: ParkedKey): RecordType | undefined {
    const keyspace = this.#keyspace;
    keyspace.select(database);
    keyspace.peek(bytes, 0, bytes.length);
    return typeOfOpen(keyspace);
  }

  /** It keeps its place before those that have changed after it. */
  #putFirst(key: ParkedKey): void {
    const others = [...this.#ready];
    this.#ready.clear();
    for (const each of [key, ...others]) this.#ready.add(each);
  }

  #comeBack(): void {
    if (this.#isServiceDue) return;
    this.#isServiceDue = true;
    const { timers, guard, beginTurn } = this.#options;
    timers.afterTurn(() => {
      this.#isServiceDue = false;
      guard(() => {
        if (this.#ready.size > 0) beginTurn();
        this.serve();
        const later = this.#later;
        this.#later = [];
        for (const work of later) work();
      });
    });
  }
}

/** The type of the open key, undefined if it does not exist. */
function typeOfOpen({ at, records }: Keyspace): RecordType | undefined {
  return at === NOWHERE ? undefined : records.type(at);
}

/** A copy in memory of its own: many clients that wait for long would each keep a piece of memory that others have left. */
function kept(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

function nameOf(database: number, bytes: Buffer, start: number, end: number): string {
  return `${database}:${bytes.toString("latin1", start, end)}`;
}
