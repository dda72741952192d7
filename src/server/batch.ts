/**
 * The next few requests of a pipeline, scanned ahead, so that the records they need can be fetched together.
 *
 * A look-up in a large keyspace is two cache misses one after the other, and they are half the time of a GET; but
 * those of different requests do not depend on each other. So the keys are hashed first, then all their cells are
 * read, then all their records, and the processor overlaps the misses. Nothing but time depends on it.
 */
import type { KeyHasher } from "../base/key-hash.js";
import { HERE } from "../cluster/slot-routes.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import { FETCH_MAX, RecordFetch } from "../keyspace/record-fetch.js";
import { COMPLETE, INCOMPLETE, type RequestScanner, type ScanResult } from "../protocol/request-scanner.js";

const REQUESTS_MAX = FETCH_MAX;
/** Requests with more arguments end a batch: copying their marks would cost more than is gained. */
const ARGUMENTS_MAX = 4;

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
  readonly #fetch = new RecordFetch();
  readonly #isHere = new Uint8Array(REQUESTS_MAX);
  #isWarm = false;

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

  /**
   * Fetches the records of the batch's keys, if the database is so large that it pays. `bySlot` are the routes of slots
   * (cluster/slot-routes.ts), null if this node executes everything.
   */
  warm(keyspace: Keyspace, database: number, bySlot: Uint16Array | null): void {
    const target = keyspace.databases[database]!;
    const count = this.size;
    this.#isWarm = count > 1 && RecordFetch.pays(target);
    if (!this.#isWarm) return;
    const { hasher } = keyspace;
    const { slots, hashes } = this.#fetch;
    for (let i = 0; i < count; i++) {
      // Nearly every command that has a key has it as its first argument.
      if (this.counts[i]! > 1) hasher.digest(this.bytes[i]!, this.marks[i]![2]!, this.marks[i]![3]!);
      slots[i] = hasher.slot;
      hashes[i] = hasher.hash;
    }
    if (bySlot !== null) for (let i = 0; i < count; i++) this.#isHere[i] = bySlot[slots[i]!] === HERE ? 1 : 0;
    this.#fetch.read(target, count);
  }

  /** Whether this node executes for the slot of a request's first argument; false also if that was not looked at. */
  isHere(request: number): boolean {
    return this.#isWarm && this.#isHere[request] === 1;
  }

  /** Whether two requests are the same command, of as many arguments. */
  isLike(request: number, other: number): boolean {
    if (this.counts[request] !== this.counts[other]) return false;
    const bytes = this.bytes[request]!;
    const otherBytes = this.bytes[other]!;
    const [start, end] = [this.marks[request]![0]!, this.marks[request]![1]!];
    const otherStart = this.marks[other]![0]!;
    if (this.marks[other]![1]! - otherStart !== end - start) return false;
    for (let i = 0; i < end - start; i++) if (bytes[start + i] !== otherBytes[otherStart + i]) return false;
    return true;
  }

  /** Saves the hasher from hashing the key of a request a second time. */
  offer(request: number, hasher: KeyHasher): void {
    if (!this.#isWarm) return;
    hasher.offer(
      this.bytes[request]!,
      this.marks[request]![2]!,
      this.#fetch.slots[request]!,
      this.#fetch.hashes[request]!,
    );
  }
}

const EMPTY = Buffer.alloc(0);
