/**
 * Writes entries into the collection of the open key, whatever its form, and changes the form when it outgrows its limits:
 * from packed to a table, never back, as in Redis. It knows nothing of who decides on versions, or listens.
 *
 * A packed set of nothing but integers is kept in their order, as Redis keeps it and shows it; with the first other member, or
 * one too many, it becomes a set like any other, for good. A packed sorted set is in the order of its scores.
 */
import type { ByteRange } from "../base/bytes.js";
import { parseInt64 } from "../base/int64.js";
import type { Entry } from "../delta/packed-entries.js";
import type { Version } from "../delta/version.js";
import { type Location, NOWHERE } from "./arena.js";
import { restructure } from "./collection.js";
import { PACKED, tableOf } from "./entries-body.js";
import { EntryReader } from "./entry-reader.js";
import type { Keyspace } from "./keyspace.js";
import { type EntryOrder, PackedEntriesEditor } from "./packed-entries-editor.js";
import { type PackingLimit, type PackingLimits, packingLimit } from "./packing-limits.js";
import { STRUCTURE, TYPE_FLAGS_ORIGIN, TYPE_SET, TYPE_ZSET, typeOf, UNORDERED } from "./record.js";

export class EntryWriter {
  #keyspace!: Keyspace;
  #limits!: PackingLimits;
  /** `integers`: the collection is a packed set of nothing else, in ascending order. */
  #order: EntryOrder = "none";
  /** Up to where it stays packed as it is. */
  #limit!: PackingLimit;
  /** The table that the collection is, or `PACKED`: then `#packed` edits it. */
  #table = PACKED;
  readonly #packed = new PackedEntriesEditor();
  readonly #reader = new EntryReader();

  /** Begins to write into the open collection. */
  open(keyspace: Keyspace, limits: PackingLimits): void {
    this.#keyspace = keyspace;
    this.#limits = limits;
    this.#table = tableOf(keyspace.database, keyspace.at);
    this.#setOrder();
    if (this.#table === PACKED) this.#packed.open(keyspace, this.#order);
  }

  /** Begins with no entry in the open record, a collection without contents whose body is nothing but room. */
  create(keyspace: Keyspace, limits: PackingLimits, base: Version): void {
    this.#keyspace = keyspace;
    this.#limits = limits;
    this.#table = PACKED;
    this.#setOrder();
    this.#packed.create(keyspace, this.#order, base);
  }

  /** Ends what `open` or `create` began: until now the record was not to be looked at. */
  close(): void {
    if (this.#table === PACKED) this.#packed.close();
  }

  get isPacked(): boolean {
    return this.#table === PACKED;
  }

  /** The entry of a field as written so far; undefined if it has none. Valid until the next call. */
  find(field: ByteRange): Entry | undefined {
    const { database, at, hasher } = this.#keyspace;
    const reader = this.#reader;
    if (this.#table === PACKED) reader.openPacked(this.#packed.body);
    else reader.open(database, at);
    return reader.find(field, hasher) ? reader : undefined;
  }

  /** Writes an entry with a value unless there is such a field, which clients can see. Answers whether it did. */
  add(entry: Entry): boolean {
    if (this.#table === PACKED) return !this.#packed.holds(entry.field) && this.write(entry);
    const { database, hasher } = this.#keyspace;
    const { fields } = database;
    const at = this.#findInTable(entry.field);
    if (at !== NOWHERE && !fields.isMark(at)) return false;
    return fields.write(this.#table, hasher.hash, at, entry);
  }

  /** Writes an entry in place of the one of its field. Answers whether there is a live field more than before. */
  write(entry: Entry): boolean {
    if (this.#order === "integers" && !isInteger(entry.field)) this.#disorder();
    if (this.#table === PACKED) {
      if (!this.#isLong(entry)) {
        const isAdded = this.#packed.put(entry);
        const mayBeLonger = isAdded || entry.value === null;
        if (mayBeLonger && this.#packed.hasMoreThan(this.#limit.entries)) this.#outgrow();
        return isAdded;
      }
      this.#spread();
    }
    const { database, hasher } = this.#keyspace;
    const at = this.#findInTable(entry.field);
    return database.fields.write(this.#table, hasher.hash, at, entry);
  }

  /** Removes the live field of a mark, which stays in its place if asked. Answers whether there was such a field. */
  remove(mark: Entry, leavesMark: boolean): boolean {
    if (this.#table === PACKED) return this.#packed.remove(mark, leavesMark);
    const { database, hasher } = this.#keyspace;
    const { fields } = database;
    const at = this.#findInTable(mark.field);
    if (at === NOWHERE || fields.isMark(at)) return false;
    if (leavesMark) fields.write(this.#table, hasher.hash, at, mark);
    else fields.remove(this.#table, at);
    return true;
  }

  /** The entry of a field in the table; the hasher then has the field's hash. */
  #findInTable({ bytes, start, end }: ByteRange): Location {
    const { database, hasher } = this.#keyspace;
    hasher.digest(bytes, start, end);
    return database.fields.find(this.#table, hasher.hash, bytes, start, end);
  }

  #isLong({ field, value }: Entry): boolean {
    const bytesMax = this.#limit.bytes;
    if (field.end - field.start > bytesMax) return true;
    // A score is never long.
    return this.#order !== "scores" && value !== null && value.end - value.start > bytesMax;
  }

  #setOrder(): void {
    const { records, at } = this.#keyspace;
    const word1 = records.word1(at);
    const type = typeOf(word1);
    const areIntegers = type === TYPE_SET && (word1 & (UNORDERED | STRUCTURE)) === 0;
    this.#order = areIntegers ? "integers" : type === TYPE_ZSET ? "scores" : "none";
    this.#limit = packingLimit(this.#limits, type, areIntegers);
  }

  /** There are more packed entries than may be as they are. */
  #outgrow(): void {
    if (this.#order === "integers") this.#disorder();
    else this.#spread();
  }

  /** Lets the ordered set be one of any members, as far as those that it has may stay packed in that. */
  #disorder(): void {
    const { records, at } = this.#keyspace;
    records.setWord(at, TYPE_FLAGS_ORIGIN, records.word1(at) | UNORDERED);
    this.#packed.disorder();
    this.#setOrder();
    if (this.#packed.hasMoreThan(this.#limit.entries)) this.#spread();
  }

  /** Turns packed entries into a table. */
  #spread(): void {
    this.#packed.close();
    const keyspace = this.#keyspace;
    const { database, hasher } = keyspace;
    const { fields } = database;
    const reader = this.#reader;
    this.#table = fields.create(this.#order === "scores");
    reader.open(database, keyspace.at);
    while (reader.next()) {
      const at = this.#findInTable(reader.field);
      fields.write(this.#table, hasher.hash, at, reader);
    }
    restructure(keyspace, this.#table);
  }
}

function isInteger({ bytes, start, end }: ByteRange): boolean {
  return parseInt64(bytes, start, end) !== undefined;
}
