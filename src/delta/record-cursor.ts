/**
 * Reads record deltas (delta-codec.ts) where they lie, without making anything of them: for who loads millions. It doubts
 * its input as `readDelta` does, but for the body, whose form is the business of who uses it.
 */
import { SLOT_COUNT } from "../base/key-hash.js";
import { DB_MAX } from "./delta.js";
import { HAS_DEADLINE, HAS_REGISTER, PATCH } from "./delta-codec.js";
import { RANK_MAX, RANKS } from "./record-state.js";
import { VERSION_BYTES } from "./version.js";

/** Tag, database, slot, at least one byte of key length, the life. */
const BYTES_MIN = 15;
const KEY_LENGTH_AT = 4;
const TWO_32 = 2 ** 32;
/** High words of safe integers are below this. */
const SAFE_HIGH = 2 ** 21;
const VARINT_SCALE_MAX = 2 ** 49;

/** One serves any number of records, one at a time. Offsets are those of the bytes that it read. */
export class RecordCursor {
  rank = 0;
  db = 0;
  slot = 0;
  keyStart = 0;
  keyEnd = 0;
  lifeOrigin = 0;
  registerOrigin = 0;
  bodyStart = 0;
  bodyEnd = 0;
  /** Behind the delta. */
  end = 0;
  // [clock of the life, deadline, clock of the register]. A typed array, so that none is boxed.
  readonly #numbers = new Float64Array(3);
  #at = 0;

  get lifeClock(): number {
    return this.#numbers[0]!;
  }

  /** In milliseconds since the epoch; 0 for none. */
  get deadlineMs(): number {
    return this.#numbers[1]!;
  }

  get registerClock(): number {
    return this.#numbers[2]!;
  }

  /** Reads the record at `at`; false if the bytes before `end` do not begin with one. */
  read(bytes: Buffer, at: number, end: number): boolean {
    const tag = bytes[at]!;
    if (tag >= PATCH || end - at < BYTES_MIN) return false;
    const numbers = this.#numbers;
    this.rank = tag & RANK_MAX;
    this.db = bytes[at + 1]!;
    this.slot = bytes[at + 2]! | (bytes[at + 3]! << 8);
    if (this.db > DB_MAX || this.slot >= SLOT_COUNT) return false;
    this.#at = at + KEY_LENGTH_AT;
    const keyLength = this.#varint(bytes, end);
    this.keyStart = this.#at;
    this.keyEnd = this.#at + keyLength;
    if (keyLength < 0 || end - this.keyEnd < VERSION_BYTES) return false;
    const life = clockAt(bytes, this.keyEnd);
    numbers[0] = life;
    this.lifeOrigin = originAt(bytes, this.keyEnd);
    this.#at = this.keyEnd + VERSION_BYTES;
    numbers[1] = 0;
    if (tag & HAS_DEADLINE) {
      const deadline = this.#varint(bytes, end);
      if (deadline <= 0) return false;
      numbers[1] = deadline;
    }
    numbers[2] = life;
    this.registerOrigin = this.lifeOrigin;
    if (tag & HAS_REGISTER && !this.#readRegister(bytes, end)) return false;
    if (life < 0) return false;
    return this.#readBody(bytes, end);
  }

  #readRegister(bytes: Buffer, end: number): boolean {
    if (end - this.#at < VERSION_BYTES) return false;
    const clock = clockAt(bytes, this.#at);
    this.#numbers[2] = clock;
    this.registerOrigin = originAt(bytes, this.#at);
    this.#at += VERSION_BYTES;
    return clock >= 0 && (clock !== this.lifeClock || this.registerOrigin !== this.lifeOrigin);
  }

  #readBody(bytes: Buffer, end: number): boolean {
    const length = this.rank === RANKS.none ? 0 : this.#varint(bytes, end);
    this.bodyStart = this.#at;
    this.bodyEnd = this.end = this.#at + length;
    return length >= 0 && this.end <= end;
  }

  /** A varint in its shortest form; -1 if there is none before `end`. */
  #varint(bytes: Buffer, end: number): number {
    let at = this.#at;
    if (at < end && bytes[at]! < 0x80) {
      this.#at = at + 1;
      return bytes[at]!;
    }
    let value = 0;
    for (let scale = 1; scale <= VARINT_SCALE_MAX && at < end; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte >= 0x80) continue;
      if ((byte === 0 && scale > 1) || !Number.isSafeInteger(value)) return -1;
      this.#at = at;
      return value;
    }
    return -1;
  }
}

/** -1 if it is no safe integer. */
function clockAt(bytes: Buffer, at: number): number {
  const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  const high =
    (bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24)) >>> 0;
  return high < SAFE_HIGH ? high * TWO_32 + (low >>> 0) : -1;
}

function originAt(bytes: Buffer, at: number): number {
  return bytes[at + 8]! | (bytes[at + 9]! << 8);
}
