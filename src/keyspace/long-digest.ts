/** Digests one long record, in steps of bounded time, while commands go on between them. */
import { Digest64 } from "../base/digest64.js";
import { type Location, NOWHERE } from "./arena.js";
import type { Database } from "./database.js";
import { EntryWalk, STEP_BYTES } from "./entry-walk.js";
import { type RecordType, TYPE_NONE, TYPE_TEXT } from "./record.js";
import { type AsOf, DigestSum, isHusk, isLong, type Lanes, RecordDigest, takeHead } from "./record-digest.js";

/** Times that a record is begun anew because it got another life. */
const RESTARTS_MAX = 3;
const ALL_FIELDS = { from: 0, end: 2 ** 32 };

/** Where a key lies, whatever becomes of its record. */
export interface KeyLocator {
  readonly database: Database;
  readonly slot: number;
  readonly hash: number;
  readonly key: Buffer;
}

/** The record of a key, whoever sees it. Not through the keyspace: to open a key may be to let it expire. */
export function locate({ database, slot, hash, key }: KeyLocator): Location {
  return database.index.find(slot, hash, key, 0, key.length);
}

export class LongDigest implements Lanes {
  low = 0;
  high = 0;
  /** The record as of the last step; NOWHERE if it is gone. */
  at: Location = NOWHERE;
  readonly #digest = new Digest64();
  readonly #sum = new DigestSum();
  // What was begun: a record of that type and life.
  #type: RecordType = TYPE_NONE;
  #lifeClock = 0;
  #lifeOrigin = 0;
  #begun = 0;
  #entries: EntryWalk | undefined;
  /** Bytes of the text. */
  #taken = 0;

  constructor(
    readonly place: KeyLocator,
    readonly atMs: number,
  ) {}

  /** False if the digest is done, or the record gone. */
  step(): boolean {
    const { database } = this.place;
    const at = (this.at = locate(this.place));
    if (at === NOWHERE) return false;
    if (!isLong(database, at) || isHusk(database, at, this.atMs)) {
      const digest = new RecordDigest();
      digest.take(database, at, this.#asOf());
      this.#end(digest);
      return false;
    }
    if (!this.#isBegun(at)) this.#begin(at);
    // It changes faster than it can be digested. By what it has so far it differs from whatever there is elsewhere, as it does in truth.
    if (this.#begun > RESTARTS_MAX) return this.#finish();
    return this.#type === TYPE_TEXT ? this.#takeText(at) : this.#takeEntries(at);
  }

  #asOf(): AsOf {
    const { database, slot } = this.place;
    return { atMs: this.atMs, birth: database.birthFloors.version(slot) };
  }

  #isBegun(at: Location): boolean {
    const { records } = this.place.database;
    return (
      this.#type === records.type(at) &&
      this.#lifeClock === records.lifeClock(at) &&
      this.#lifeOrigin === records.lifeOrigin(at)
    );
  }

  #begin(at: Location): void {
    const { database } = this.place;
    const { records } = database;
    this.#type = records.type(at);
    this.#lifeClock = records.lifeClock(at);
    this.#lifeOrigin = records.lifeOrigin(at);
    this.#begun++;
    this.#taken = 0;
    this.#sum.begin();
    this.#entries = new EntryWalk({ ...ALL_FIELDS, birth: this.#asOf().birth }, (entry) =>
      this.#sum.add(entry),
    );
    takeHead(this.#digest, database, at, this.#type);
    if (this.#type === TYPE_TEXT) this.#digest.word(records.bodyLength(at));
  }

  #takeText(at: Location): boolean {
    const { bytes, start, end } = this.place.database.records.body(at);
    const from = start + this.#taken;
    const to = Math.min(from + STEP_BYTES, end);
    this.#digest.bytes(bytes, from, to);
    this.#taken = to - start;
    return to < end || this.#finish();
  }

  #takeEntries(at: Location): boolean {
    const { database } = this.place;
    if (this.#entries!.step(database, at)) return true;
    // Its register may have changed since.
    takeHead(this.#digest, database, at, this.#type);
    this.#sum.endIn(this.#digest);
    return this.#finish();
  }

  #finish(): false {
    this.#digest.finish();
    this.#end(this.#digest);
    return false;
  }

  #end({ low, high }: Lanes): void {
    this.low = low;
    this.high = high;
  }
}
