/**
 * The next few requests of a pipeline, scanned ahead, so that the records they need can be fetched together.
 *
 * A look-up in a large keyspace is two cache misses one after the other, and they are half the time of a GET; but
 * those of different requests do not depend on each other. So the keys are hashed first, then all their cells are
 * read, then all their records, and the processor overlaps the misses. Nothing but time depends on it.
 */
import type { KeyHasher } from "../base/key-hash.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { COMPLETE, INCOMPLETE, type RequestScanner, type ScanResult } from "../protocol/request-scanner.js";

/** About as many misses as a processor has under way at once. */
const REQUESTS_MAX = 16;
/** Requests with more arguments end a batch: copying their marks would cost more than is gained. */
const ARGUMENTS_MAX = 4;
/** A smaller keyspace is in the cache by itself. */
const KEYS_MIN = 16 * 1024;

export class Batch {
  /** Requests in the batch. */
  size = 0;
  /** What the scanner said after the last of them; COMPLETE if there may be more. */
  result: ScanResult = INCOMPLETE;
  /** Of each request: where its arguments lie, their marks and number, where it ends in the source. */
  readonly bytes: Buffer[] = Array.from({ length: REQUESTS_MAX }, () => EMPTY);
  readonly marks: Int32Array[] = Array.from(
    { length: REQUESTS_MAX },
    () => new Int32Array(2 * ARGUMENTS_MAX),
  );
  readonly counts = new Int32Array(REQUESTS_MAX);
  readonly ends = new Int32Array(REQUESTS_MAX);
  readonly #own = [...this.marks];
  readonly #slots = new Int32Array(REQUESTS_MAX);
  readonly #hashes = new Int32Array(REQUESTS_MAX);
  readonly #homes = new Int32Array(REQUESTS_MAX);
  readonly #locations = new Int32Array(REQUESTS_MAX);
  #isWarm = false;
  /** Where the values read go, so that no compiler may leave the reads out. */
  sink = 0;

  /** Scans up to `requestsMax` requests. */
  fill(scanner: RequestScanner, requestsMax: number): void {
    let size = 0;
    let result: ScanResult = COMPLETE;
    const most = Math.min(requestsMax, REQUESTS_MAX);
    while (size < most) {
      result = scanner.next();
      if (result !== COMPLETE) break;
      const { count, marks } = scanner;
      this.bytes[size] = scanner.bytes;
      this.counts[size] = count;
      this.ends[size] = scanner.position;
      if (count > ARGUMENTS_MAX || scanner.bytes !== scanner.source) {
        // The last of its batch may use what the scanner overwrites: it is executed before the next scan.
        this.marks[size++] = marks;
        break;
      }
      const own = (this.marks[size] = this.#own[size]!);
      for (let i = 0; i < count << 1; i++) own[i] = marks[i]!;
      size++;
    }
    this.size = size;
    this.result = result;
  }

  /** Fetches the records of the batch's keys, if the database is so large that it pays. */
  warm(keyspace: Keyspace, database: number): void {
    const { index, records, size } = keyspace.databases[database]!;
    this.#isWarm = this.size > 1 && size >= KEYS_MIN;
    if (!this.#isWarm) return;
    const { hasher } = keyspace;
    const slots = this.#slots;
    const hashes = this.#hashes;
    const homes = this.#homes;
    const locations = this.#locations;
    const count = this.size;
    for (let i = 0; i < count; i++) {
      // Nearly every command that has a key has it as its first argument.
      if (this.counts[i]! > 1) hasher.digest(this.bytes[i]!, this.marks[i]![2]!, this.marks[i]![3]!);
      slots[i] = hasher.slot;
      hashes[i] = hasher.hash;
    }
    let sink = 0;
    for (let i = 0; i < count; i++) homes[i] = index.home(slots[i]!, hashes[i]!);
    for (let i = 0; i < count; i++) sink ^= index.warm(homes[i]!);
    for (let i = 0; i < count; i++) locations[i] = index.glance(slots[i]!, hashes[i]!, homes[i]!);
    for (let i = 0; i < count; i++) sink ^= records.warm(locations[i]!);
    this.sink = sink;
  }

  /** Saves the hasher from hashing the key of a request a second time. */
  offer(request: number, hasher: KeyHasher): void {
    if (!this.#isWarm) return;
    hasher.offer(
      this.bytes[request]!,
      this.marks[request]![2]!,
      this.#slots[request]!,
      this.#hashes[request]!,
    );
  }
}

const EMPTY = Buffer.alloc(0);
