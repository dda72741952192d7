/**
 * All records of a node and the one way to reach them. A caller opens a key and then reads or changes *the open key*;
 * everything is synchronous and in place. What a data type does with its body is in a file of its own (text.ts,
 * counter.ts, open-entries.ts, ...); here is what all types share: opening, placing, lives, expiry, removal. Long because all
 * of these keep the same state of the open key.
 *
 * Invariant: every change of a visible record ends in `changed()`, so that watchers and the dirty count miss none.
 * Invariant: locations and views are valid only until the next change: records move.
 */
import { assert } from "../base/assert.js";
import { copyBytes } from "../base/bytes.js";
import { KeyHasher, SLOT_COUNT } from "../base/key-hash.js";
import type { KeyEventKind } from "../config/key-events.js";
import type { HybridClock } from "../delta/hybrid-clock.js";
import { ORIGIN_NONE, VERSION_ZERO, type Version } from "../delta/version.js";
import type { AccessClock } from "./access-clock.js";
import { type Location, NOWHERE, UNIT_BITS, UNIT_MASK } from "./arena.js";
import { Database } from "./database.js";
import { isGhost } from "./ghost.js";
import type { Journal } from "./journal.js";
import type { KeyEventListener } from "./key-event-listener.js";
import { OpenEntries } from "./open-entries.js";
import { OpenList } from "./open-list.js";
import { OpenStream } from "./open-stream.js";
import {
  ACCESS,
  BODY_LENGTH,
  DEADLINE,
  EXPIRED,
  HEADER_BYTES,
  KEY_LENGTH,
  LIFE_CLOCK,
  ORIGIN_SHIFT,
  OUTSIDE,
  OUTSIDE_BYTES,
  REGISTER_CLOCK,
  REGISTER_ORIGIN,
  REGISTER_SIZE_MASK,
  REGISTER_SIZE_SHIFT,
  type RecordType,
  registerBytes,
  STRUCTURE,
  TYPE_FLAGS_ORIGIN,
  TYPE_LIST,
  TYPE_NONE,
  TYPE_STREAM,
  TYPE_TEXT,
  typeOf,
} from "./record.js";
import type { Records } from "./records.js";
import type { Sightings } from "./sightings.js";
import { clockAfterExpiry, succeed } from "./succession.js";
import { Watchers } from "./watchers.js";

export interface KeyspaceOptions {
  readonly databases: number;
  /** 16 bits that tell this node's versions from others'. */
  readonly origin: number;
  readonly clock: HybridClock;
  readonly access: AccessClock;
  /** 32-bit words of the cluster's hash seed. */
  readonly seedWord: () => number;
}

export interface KeyspaceStats {
  hits: number;
  misses: number;
  expired: number;
  evicted: number;
}

export class Keyspace {
  readonly databases: Database[];
  /** By slot, 1 if clients do not see here what is in it. */
  readonly #isHidden = new Uint8Array(SLOT_COUNT);
  /** How many slots are hidden: to be changed by `hideSlot` alone. */
  hiddenSlots = 0;
  /** By slot, since when clients see what is in it; null if that is always. */
  #seenSinceMs: Float64Array | null = null;
  readonly clock: HybridClock;
  /** Changes only if another node turns out to have the same. */
  origin: number;
  readonly access: AccessClock;
  readonly hasher: KeyHasher;
  readonly watchers = new Watchers();
  readonly stats: KeyspaceStats = { hits: 0, misses: 0, expired: 0, evicted: 0 };
  journal: Journal | null = null;
  /** Hears of events by the names that Redis gives them; null while nobody wants to. */
  events: KeyEventListener | null = null;
  /** Who is told which slots are looked at. */
  sightings: Sightings | null = null;
  /** Whether deleted and expired records leave tombstones and husks behind: only other owners need them. */
  keepTombstones = false;
  /** Whether what has expired, though it is not seen, stays as it is: that of slots for which another node executes. */
  leavesExpired = false;
  /** How often this node has started, which tells its contributions to counters apart; 0 while nothing outlives a run. */
  boot = 0;
  /** Changes since the last snapshot, as Redis counts `rdb_changes_since_last_save`. */
  dirty = 0;
  /** The version of the latest SWAPDB, by which one that comes again is known. */
  lastSwap: Version = VERSION_ZERO;
  /** The time of this tick in milliseconds, by the hybrid clock: what deadlines are compared with. */
  nowMs = 0;

  /** The database that the next `open` looks in. */
  database: Database;
  /** The records of that database. */
  records: Records;

  /** The open key: its bytes, place and record (NOWHERE if it does not exist). */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  slot = 0;
  hash = 0;
  at: Location = NOWHERE;
  /** The invisible record of the open key: see ghost.ts. */
  ghost: Location = NOWHERE;
  /** The open key's value if it is a hash or a set, or one to be. */
  readonly openEntries = new OpenEntries(this);
  readonly openList = new OpenList(this);
  readonly openStream = new OpenStream(this);

  constructor(options: KeyspaceOptions) {
    this.clock = options.clock;
    this.origin = options.origin;
    this.access = options.access;
    this.hasher = new KeyHasher(options.seedWord);
    this.databases = Array.from({ length: options.databases }, (_, number) => this.newDatabase(number));
    this.database = this.databases[0]!;
    this.records = this.database.records;
  }

  /** Whether there is nothing at all, not even what is left of a key. */
  get isEmpty(): boolean {
    return this.databases.every(({ index }) => index.isEmpty);
  }

  /** Hashes keys by another seed from now on, so that they lie as they do on the other nodes of a cluster. It must be empty. */
  reseed(seedWord: () => number): void {
    assert(this.isEmpty, "keys lie by the hashes that they had when they came");
    this.hasher.reseed(seedWord);
  }

  /** One without keys. */
  newDatabase(number: number): Database {
    return new Database(number, this.#isHidden);
  }

  /**
   * Takes what is in a slot out of clients' sight, or lets them see it: KEYS, DBSIZE, expiry and eviction pass by slots that
   * other nodes execute, though there may be copies of them here, not whole yet, or no longer of use.
   */
  hideSlot(slot: number, isHidden: boolean): void {
    if ((this.#isHidden[slot] !== 0) === isHidden) return;
    for (const database of this.databases) database.recount(slot);
    this.#isHidden[slot] = isHidden ? 1 : 0;
    this.#seenSinceMs ??= new Float64Array(SLOT_COUNT);
    this.#seenSinceMs[slot] = this.nowMs;
    this.hiddenSlots += isHidden ? 1 : -1;
  }

  isHidden(slot: number): boolean {
    return this.#isHidden[slot] !== 0;
  }

  /** Starts a tick: time stands still until the next one. */
  tick(wallMs: number): void {
    this.clock.tick(wallMs);
    this.nowMs = this.clock.nowMs();
  }

  /** Chooses the database for what follows. */
  select(number: number): void {
    this.database = this.databases[number]!;
    this.records = this.database.records;
  }

  /** Opens a key to change it. Answers its record, NOWHERE if there is none or it just expired. */
  open(bytes: Buffer, start: number, end: number): Location {
    const at = this.peek(bytes, start, end);
    if (at !== NOWHERE) this.touch(at);
    return at;
  }

  /** Opens a key to read it, and counts a hit or a miss. */
  read(bytes: Buffer, start: number, end: number): Location {
    const at = this.peek(bytes, start, end);
    if (at !== NOWHERE) {
      this.stats.hits++;
      this.touch(at);
    } else {
      this.#missed();
    }
    return at;
  }

  /** Opens a key to ask about it: counts a hit or a miss, and leaves its access clock alone. */
  look(bytes: Buffer, start: number, end: number): Location {
    const at = this.peek(bytes, start, end);
    if (at !== NOWHERE) this.stats.hits++;
    else this.#missed();
    return at;
  }

  /** The same without telling anybody of a miss. */
  inspect(bytes: Buffer, start: number, end: number): Location {
    const at = this.peek(bytes, start, end);
    if (at !== NOWHERE) this.stats.hits++;
    else this.stats.misses++;
    return at;
  }

  /** Opens a key and leaves its access clock and the statistics alone. */
  peek(bytes: Buffer, start: number, end: number): Location {
    const { hasher, database } = this;
    hasher.digest(bytes, start, end);
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    const slot = (this.slot = hasher.slot);
    const hash = (this.hash = hasher.hash);
    if (this.sightings !== null) this.sightings.saw(slot);
    this.ghost = NOWHERE;
    const at = (this.at = database.index.find(slot, hash, bytes, start, end));
    if (at === NOWHERE) return NOWHERE;
    const slab = this.records.arena.slabs[at >>> UNIT_BITS]!;
    const word1 = slab.words[((at & UNIT_MASK) << 1) + TYPE_FLAGS_ORIGIN]!;
    if ((word1 & REGISTER_SIZE_MASK) !== 0) {
      const deadline = slab.doubles[(at & UNIT_MASK) + DEADLINE]!;
      if (deadline !== 0 && deadline <= this.nowMs && typeOf(word1) !== TYPE_NONE) {
        if (this.leavesExpired) return (this.at = NOWHERE);
        this.expireOpen();
      }
    }
    if (this.keepTombstones) this.#hideGhost();
    return this.at;
  }

  /** Writes the access clock of a record, for eviction and OBJECT IDLETIME and FREQ. */
  touch(at: Location): void {
    const slab = this.records.arena.slabs[at >>> UNIT_BITS]!;
    const word = ((at & UNIT_MASK) << 1) + ACCESS;
    slab.words[word] = this.access.touched(slab.words[word]!);
  }

  /**
   * Gives the open key a record of a new life (`clock` of this node) with room for `bodyLength` bytes, which the
   * caller writes at `records.body(at)`. What was there before is gone. `deadlineMs` 0 means no expiry.
   */
  place(type: RecordType, clock: number, deadlineMs: number, bodyLength: number): Location {
    const isNew = this.at === NOWHERE;
    const at = this.placeRaw(type, 0, deadlineMs === 0 ? 0 : 8, bodyLength);
    const slab = this.records.arena.slabs[at >>> UNIT_BITS]!;
    const unit = at & UNIT_MASK;
    slab.words[(unit << 1) + TYPE_FLAGS_ORIGIN]! |= this.origin << ORIGIN_SHIFT;
    slab.doubles[unit + LIFE_CLOCK] = clock;
    if (deadlineMs !== 0) {
      slab.doubles[unit + DEADLINE] = deadlineMs;
      this.database.expiringCount++;
      this.database.noteDeadline(this.slot, deadlineMs);
    }
    if (isNew) this.happened("new", "new");
    return at;
  }

  /**
   * The mechanical part of `place`: a cell for the open key with header (life and register not yet set), key bytes
   * and room for the body, and the index pointing at it. The old record's body is freed.
   */
  placeRaw(type: RecordType, flags: number, registerSize: number, bodyLength: number): Location {
    const { records, database } = this;
    const keyLength = this.end - this.start;
    const isOutside = bodyLength > OUTSIDE_BYTES && (flags & STRUCTURE) === 0;
    const inside = isOutside || flags & STRUCTURE ? 0 : bodyLength;
    const bytes = HEADER_BYTES + registerSize + keyLength + inside;
    const old = this.at !== NOWHERE ? this.at : this.ghost;
    let access = this.access.initial();
    let at = old;
    // Where the record stays in its cell, and its register as long as it is, the key is where it has to be.
    let hasKey = false;
    if (old === NOWHERE) {
      at = records.arena.allocate(bytes);
      database.index.insert(this.slot, this.hash, at);
    } else {
      access = this.access.overwritten(records.word(old, ACCESS), access);
      // First of all, since there may be no memory: then nothing has changed.
      if (!records.fits(old, bytes)) at = records.arena.allocate(bytes);
      this.#releaseBody(old);
      if (this.at !== NOWHERE && records.deadline(old) !== 0) database.expiringCount--;
      if (at !== old) {
        database.index.replace(at);
        records.arena.free(old);
      } else {
        hasKey = registerBytes(records.word1(old)) === registerSize;
      }
    }
    if (this.at === NOWHERE) database.countKey(this.slot, 1);
    const slab = records.arena.slabs[at >>> UNIT_BITS]!;
    const unit = at & UNIT_MASK;
    const word = unit << 1;
    slab.words[word + ACCESS] = access;
    slab.words[word + TYPE_FLAGS_ORIGIN] =
      type | flags | (registerSize << (REGISTER_SIZE_SHIFT - 3)) | (isOutside ? OUTSIDE : 0);
    slab.words[word + KEY_LENGTH] = keyLength;
    slab.words[word + BODY_LENGTH] = isOutside ? records.createOutside(bodyLength) : bodyLength;
    if (!hasKey)
      copyBytes(this.bytes, this.start, this.end, slab.bytes, (unit << 3) + HEADER_BYTES + registerSize);
    this.at = at;
    this.ghost = NOWHERE;
    return at;
  }

  /** Changes register size and body length of the open record, which may move: see `Records.reshape`. */
  reshape(registerSize: number, bodyLength?: number): Location {
    const to = this.records.reshape(this.at, registerSize, bodyLength);
    if (to !== this.at) {
      this.database.index.replace(to);
      this.at = to;
    }
    return to;
  }

  /** EXPIRE and PERSIST: sets the deadline of the open key within its life; 0 takes it off. */
  setDeadline(deadlineMs: number): void {
    this.writeRegister(deadlineMs, this.clock.next(), this.origin);
    this.journal?.deadlineSet();
    this.changed();
  }

  /** Writes the expiry register of the open record, in the smallest form. */
  writeRegister(deadlineMs: number, clock: number, origin: number): void {
    const { records, database } = this;
    const isOfLife = clock === records.lifeClock(this.at) && origin === records.lifeOrigin(this.at);
    const size = isOfLife ? (deadlineMs === 0 ? 0 : 8) : origin === records.lifeOrigin(this.at) ? 16 : 24;
    const before = records.deadline(this.at);
    if (registerBytes(records.word1(this.at)) !== size) this.reshape(size);
    if (before !== 0) database.expiringCount--;
    const slab = records.slab(this.at);
    const unit = this.at & UNIT_MASK;
    if (size >= 8) slab.doubles[unit + DEADLINE] = deadlineMs;
    if (size >= 16) slab.doubles[unit + REGISTER_CLOCK] = clock;
    if (size === 24) slab.words[(unit << 1) + REGISTER_ORIGIN] = origin;
    if (deadlineMs !== 0) {
      database.expiringCount++;
      database.noteDeadline(this.slot, deadlineMs);
    }
  }

  /** DEL of the open key, which must be visible. `changes` is how many Redis would count. */
  remove(changes = 1): void {
    const clock = this.clock.next();
    this.bury(clock, this.origin);
    this.journal?.removed(clock);
    this.changed(changes);
  }

  /** The same for lack of memory. */
  evict(): void {
    const clock = this.clock.next();
    this.bury(clock, this.origin);
    this.journal?.removed(clock);
    this.stats.evicted++;
    this.#changedByItself();
    this.happened("evicted", "evicted");
  }

  /** Ends the open record's life with a tombstone, or without one where no other owner could need it. */
  bury(clock: number, origin: number): void {
    if (!this.keepTombstones) {
      this.drop(clock + 1);
      return;
    }
    this.#becomeGhost(0);
    this.records.setLife(this.ghost, clock, origin);
  }

  /** Frees the open record and raises the birth floor of its slot: to this clock, of no origin, if that is higher. */
  drop(birthClock: number): void {
    const { database, records } = this;
    const at = this.at !== NOWHERE ? this.at : this.ghost;
    if (at === NOWHERE) return;
    if (this.at !== NOWHERE) {
      database.countKey(this.slot, -1);
      if (records.deadline(at) !== 0) database.expiringCount--;
    }
    this.#releaseBody(at);
    database.index.remove(this.slot);
    records.arena.free(at);
    database.birthFloors.raise(this.slot, birthClock, ORIGIN_NONE);
    this.at = NOWHERE;
    this.ghost = NOWHERE;
  }

  /** Takes the open record out of clients' sight and leaves it as it is: the key is absent, its record the ghost. */
  hide(): void {
    const { records, database, at } = this;
    if (records.deadline(at) !== 0) database.expiringCount--;
    database.countKey(this.slot, -1);
    this.ghost = at;
    this.at = NOWHERE;
  }

  /** The open record's deadline has passed. It makes no version: every owner sees the same deadline. */
  expireOpen(): void {
    const { records, at } = this;
    // What expired before it was seen here another node has told of, which executed for the slot then.
    const isNews = this.#seenSinceMs === null || records.deadline(at) >= this.#seenSinceMs[this.slot]!;
    if (!this.keepTombstones) this.drop(clockAfterExpiry(this.database, at));
    // An emptied collection to which another owner gave a deadline: nobody misses it.
    else if (isGhost(this.database, at)) return;
    // Who extends a deadline has the whole of a text, but may lack another owner's part of anything else.
    else if (records.type(at) === TYPE_TEXT) this.#becomeGhost(registerBytes(records.word1(at)));
    else this.conceal();
    this.stats.expired++;
    this.#changedByItself();
    if (isNews) this.happened("expired", "expired");
  }

  /** Takes the open record, whose deadline has passed, out of clients' sight with all that it holds: docs/decisions/0005. */
  conceal(): void {
    const { records, at } = this;
    records.setWord(at, TYPE_FLAGS_ORIGIN, records.word1(at) | EXPIRED);
    this.hide();
  }

  /**
   * Gives the open, absent key a record for a write of version `clock` that joins a life: that of what the key left
   * behind, else the floor of its slot. With the flag `STRUCTURE` in place of a length there is its handle.
   */
  placeBorn(type: RecordType, clock: number, bodyLength: number, flags = 0): Location {
    if (this.ghost === NOWHERE) {
      const floors = this.database.birthplaces(this.slot);
      const at = this.placeRaw(type, flags, 0, bodyLength);
      this.records.setLife(at, floors.clock(this.slot), floors.origin(this.slot));
      this.happened("new", "new");
      return at;
    }
    const { life, expiry } = succeed(this, type, clock);
    const at = this.placeRaw(type, flags, 0, bodyLength);
    this.records.setLife(at, life.clock, life.origin);
    this.writeRegister(expiry.deadlineMs, expiry.version.clock, expiry.version.origin);
    this.happened("new", "new");
    return this.at;
  }

  /** Frees about `budget` entries, or blocks of elements, of large collections that were given up. Answers how many it freed. */
  releaseSlice(budget: number): number {
    let freed = 0;
    for (const { fields, lists, streams } of this.databases) {
      if (fields.queuedEntries > 0 && freed < budget) freed += fields.releaseSlice(budget - freed);
      if (lists.queuedBlocks > 0 && freed < budget) freed += lists.releaseSlice(budget - freed);
      if (streams.queuedBlocks > 0 && freed < budget) freed += streams.releaseSlice(budget - freed);
    }
    return freed;
  }

  /** SWAPDB: what was in one database is now in the other. */
  swap(one: number, other: number, version = { clock: this.clock.next(), origin: this.origin }): void {
    const [first, second] = [this.databases[one]!, this.databases[other]!];
    this.watchers.flushed(this, first, second);
    this.watchers.flushed(this, second, first);
    first.number = other;
    second.number = one;
    this.databases[one] = second;
    this.databases[other] = first;
    this.lastSwap = version;
    this.dirty++;
    this.journal?.swapped(one, other, version.clock);
  }

  /** FLUSHDB: ends all lives of a database. */
  flush(number: number): void {
    const database = this.databases[number]!;
    const clock = this.clock.next();
    this.watchers.flushed(this, database);
    this.dirty += database.size;
    database.clear();
    database.flushFloors.raiseAll(clock, this.origin);
    if (database === this.database) this.records = database.records;
    this.journal?.flushed(number, clock, null);
  }

  /** To be called after every change of the open key; `changes` is how many Redis would count. */
  changed(changes = 1): void {
    this.dirty += changes;
    if (this.watchers.count !== 0) this.watchers.changed(this);
  }

  /** The same of what no command has done, in whose turn ever it is found: its time has come, or memory is short. */
  #changedByItself(): void {
    if (this.watchers.count !== 0) this.watchers.changed(this, true);
  }

  /**
   * To be called when something has happened to the open key of which Redis tells subscribers: what kind of event, and its name. It
   * changes nothing, and the open key stays open.
   */
  happened(kind: KeyEventKind, event: string): void {
    // Of what another node executes that one tells.
    if (this.events !== null && !this.isHidden(this.slot)) this.events.happened(kind, event);
  }

  /** Keys in all databases. */
  get size(): number {
    let size = 0;
    for (const database of this.databases) size += database.size;
    return size;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const database of this.databases) bytes += database.usedBytes;
    return bytes;
  }

  /** Leaves only header, key and `registerSize` bytes of register of the open record. */
  #becomeGhost(registerSize: number): void {
    const { records, database } = this;
    if (records.deadline(this.at) !== 0) database.expiringCount--;
    this.#releaseBody(this.at);
    const slab = records.slab(this.at);
    const word = ((this.at & UNIT_MASK) << 1) + TYPE_FLAGS_ORIGIN;
    slab.words[word]! &= REGISTER_SIZE_MASK | (0xffff << ORIGIN_SHIFT);
    slab.words[((this.at & UNIT_MASK) << 1) + BODY_LENGTH] = 0;
    this.ghost = this.reshape(registerSize, 0);
    this.at = NOWHERE;
    database.countKey(this.slot, -1);
  }

  #missed(): void {
    this.stats.misses++;
    this.happened("keymiss", "keymiss");
  }

  #hideGhost(): void {
    if (this.at === NOWHERE || !isGhost(this.database, this.at)) return;
    this.ghost = this.at;
    this.at = NOWHERE;
  }

  #releaseBody(at: Location): void {
    const word1 = this.records.word1(at);
    if (word1 & OUTSIDE) this.records.releaseOutside(this.records.word(at, BODY_LENGTH));
    else if (word1 & STRUCTURE) {
      const { fields, lists, streams } = this.database;
      const type = typeOf(word1);
      const structures = type === TYPE_LIST ? lists : type === TYPE_STREAM ? streams : fields;
      structures.release(this.records.word(at, BODY_LENGTH));
    }
  }
}
