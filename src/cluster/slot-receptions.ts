/**
 * Takes slots over from another node: applies what that node tells of them (transfer-messages.ts), and answers for it. What comes is
 * applied as it stands, in order, and goes into this node's own log in the same form; clients see none of it until the slots are taken.
 *
 * Each message is answered before the next is looked at, whatever `open`s cross each other on their way.
 */
import { ByteReader } from "../base/byte-reader.js";
import { PATCH, readDelta } from "../delta/delta-codec.js";
import { RecordCursor } from "../delta/record-cursor.js";
import type { PersistenceView } from "../durability/persistence-view.js";
import { applyDelta } from "../keyspace/delta-application.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { PackingLimits } from "../keyspace/packing-limits.js";
import { RecordLoader } from "../keyspace/record-loader.js";
import type { SlotDisposal } from "./slot-disposal.js";
import { SlotSet } from "./slot-set.js";
import { COPY, type Message, OPEN, readMessage, SETTLE, writeAnswer } from "./transfer-messages.js";

export interface SlotReceptionOptions {
  readonly keyspace: Keyspace;
  readonly limits: () => PackingLimits;
  readonly persistence: PersistenceView;
  readonly disposal: SlotDisposal;
  /** The slots that are to move here from a node in a change of that name; undefined if this node knows of none. */
  readonly expected: (from: string, change: string) => readonly number[] | undefined;
  /** Whether this node has taken a slot already. */
  readonly isTaken: (slot: number) => boolean;
  /** Makes the slots this node's own. Resolves when it will remember that; false if it is not the time. */
  readonly take: (change: string, slots: readonly number[]) => Promise<boolean>;
}

/** What comes from one node. */
interface Reception {
  readonly change: string;
  readonly session: number;
  /** Those that may be told of. */
  readonly expected: SlotSet;
  /** Of the last message. */
  number: number;
  /** Whether nothing is left of what was told before. */
  isClean: boolean;
  /** A flush on this node took away what was told. */
  isBroken: boolean;
}

/** Where a delta ends that was applied, and of which slot it is. */
interface Applied {
  readonly slot: number;
  readonly end: number;
}

/** Whether a slot may be told of. */
type MayTell = (slot: number) => boolean;

export class SlotReceptions {
  bytesReceived = 0;
  readonly #options: SlotReceptionOptions;
  readonly #receptions = new Map<string, Reception>();
  readonly #record = new RecordCursor();
  /** By node, the message at hand. */
  readonly #atHand = new Map<string, Promise<unknown>>();
  #unfollow: (() => void) | undefined;

  constructor(options: SlotReceptionOptions) {
    this.#options = options;
  }

  /** Answers a message from a node. Rejects if it makes no sense. */
  answer(bytes: Buffer, from: string): Promise<Uint8Array> {
    const message = readMessage(bytes);
    if (message === undefined) return Promise.reject(new Error("the message is malformed"));
    const answered = (this.#atHand.get(from) ?? Promise.resolve()).then(() => this.#answer(message, from));
    this.#atHand.set(
      from,
      answered.catch(() => {}),
    );
    return answered;
  }

  /** The change is over, or was given up. */
  end(): void {
    this.#receptions.clear();
    this.#unfollow?.();
    this.#unfollow = undefined;
  }

  async #answer(message: Message, from: string): Promise<Uint8Array> {
    if (message.kind === OPEN) return this.#open(message, from);
    const reception = this.#receptions.get(from);
    if (reception?.change !== message.change || reception.session !== message.session || reception.isBroken)
      return writeAnswer("reopen");
    if (!reception.isClean) return writeAnswer("later");
    // It came before, and the answer was lost.
    if (message.number === reception.number) return writeAnswer("accepted");
    if (message.number !== reception.number + 1) return writeAnswer("reopen");
    return this.#take(message, reception);
  }

  async #open({ change, session }: Message, from: string): Promise<Uint8Array> {
    const { expected, isTaken, disposal, keyspace } = this.#options;
    const known = this.#receptions.get(from);
    if (known?.change === change && known.session > session) return writeAnswer("reopen");
    const slots = expected(from, change);
    if (slots === undefined) return writeAnswer("later");
    const reception = {
      change,
      session,
      expected: new SlotSet(slots),
      number: 0,
      isClean: false,
      isBroken: false,
    };
    this.#receptions.set(from, reception);
    this.#unfollow ??= keyspace.watchers.follow({ changed() {}, flushed: () => this.#flushed() });
    // The answer does not wait for that: the other node may hold slots until it knows that they were not taken.
    void disposal.dispose(slots.filter((slot) => !isTaken(slot))).then(() => {
      reception.isClean = true;
    });
    return writeAnswer("accepted", new SlotSet(slots.filter(isTaken)).toString());
  }

  async #take(message: Message, reception: Reception): Promise<Uint8Array> {
    const { change, slots, number, kind } = message;
    this.bytesReceived += message.bytes.length;
    this.#apply(message, reception);
    // What was applied is not to be applied again, whatever becomes of the rest.
    if (kind === COPY) {
      reception.number = number;
      return writeAnswer("accepted");
    }
    await this.#lasts(kind === SETTLE);
    if (kind !== SETTLE) {
      if (reception.isBroken) return writeAnswer("reopen");
      if (!slots.every((slot) => reception.expected.has(slot))) throw new Error("a slot is not to be taken");
      if (!(await this.#options.take(change, slots))) return writeAnswer("later");
    }
    reception.number = number;
    return writeAnswer("accepted");
  }

  /**
   * Resolves when what was applied so far lasts: as this node's log promises to its clients, or, for the bulk of the copy, in any case.
   * The owner may have had it on its disk for long; that nobody waits for the disk here is no reason to risk it.
   */
  #lasts(isBulk: boolean): Promise<void> {
    const { persistence } = this.#options;
    const { position } = persistence;
    const isLasting = () => {
      if (persistence.log === null || !(isBulk || persistence.gates)) return true;
      return persistence.durablePosition >= position;
    };
    if (isLasting()) return Promise.resolve();
    return new Promise((resolve) => {
      const unsubscribe = persistence.subscribe(() => {
        if (!isLasting()) return;
        unsubscribe();
        resolve();
      });
    });
  }

  #apply({ bytes, start }: Message, { expected }: Reception): void {
    const { keyspace, limits, isTaken } = this.#options;
    const { nowMs, keepTombstones } = keyspace;
    const selected = keyspace.database.number;
    const loader = new RecordLoader(keyspace, limits);
    const mayTell = (slot: number) => expected.has(slot) && !isTaken(slot);
    // Nothing expires and no floor rises on the way: what is told is put where it belongs, and no more.
    keyspace.nowMs = 0;
    keyspace.keepTombstones = true;
    // An offer for other bytes at the same place could be mistaken for one for these.
    keyspace.hasher.forget();
    try {
      for (let from = start; from < bytes.length; ) {
        const { slot, end } =
          this.#loadRecord(loader, bytes, from, mayTell) ?? this.#applyDelta(bytes, from, mayTell);
        keyspace.journal?.applied({ bytes, start: from, end }, slot);
        from = end;
      }
    } finally {
      keyspace.nowMs = nowMs;
      keyspace.keepTombstones = keepTombstones;
      keyspace.select(selected);
      keyspace.journal?.ended();
    }
  }

  /** Nearly all is records, and a large collection comes in many that each join the last: in place, as when a log is read. Undefined if it takes a merge. */
  #loadRecord(loader: RecordLoader, bytes: Buffer, from: number, mayTell: MayTell): Applied | undefined {
    const record = this.#record;
    const { keyspace } = this.#options;
    if (bytes[from]! >= PATCH) return undefined;
    if (!record.read(bytes, from, bytes.length)) throw new Error("a delta is malformed");
    const { slot, end, db } = record;
    checkPlace(keyspace, db, mayTell(slot));
    keyspace.select(db);
    keyspace.peek(bytes, record.keyStart, record.keyEnd);
    const loading = slot === keyspace.slot ? loader.load(bytes, record) : "malformed";
    if (loading === "malformed") throw new Error("a delta is malformed");
    if (loading === "undecided") return undefined;
    keyspace.clock.observe(loader.newestClock);
    return { slot, end };
  }

  #applyDelta(bytes: Buffer, from: number, mayTell: MayTell): Applied {
    const { keyspace, limits } = this.#options;
    const reader = new ByteReader({ bytes, start: from, end: bytes.length });
    const delta = readDelta(reader);
    if (delta === undefined) throw new Error("a delta is malformed");
    const slot = "slot" in delta ? delta.slot : null;
    checkPlace(keyspace, "db" in delta ? delta.db : 0, slot !== null && mayTell(slot));
    switch (delta.kind) {
      // The records that came keep to their floors, so there is no need to look for some that do not.
      case "flush":
      case "collect": {
        const { flushFloors, birthFloors } = keyspace.databases[delta.db!]!;
        const { clock, origin } = delta.floor;
        (delta.kind === "flush" ? flushFloors : birthFloors).raise(slot!, clock, origin);
        keyspace.clock.observe(clock);
        break;
      }
      case "record":
      case "piece":
      case "drop":
        applyDelta(keyspace, limits(), delta);
        break;
      default:
        throw new Error(`a ${delta.kind} has no place in a copy`);
    }
    return { slot: slot!, end: reader.at };
  }

  #flushed(): void {
    for (const reception of this.#receptions.values()) reception.isBroken = true;
  }
}

/** Throws if a delta has no place in what is being told. */
function checkPlace({ databases }: Keyspace, db: number | null, isToldOf: boolean): void {
  if (!isToldOf) throw new Error("a delta is of a slot that does not move");
  if (db === null || db >= databases.length)
    throw new Error(
      "a delta is of a database that this node does not have: `databases` is to be the same on all nodes",
    );
}
