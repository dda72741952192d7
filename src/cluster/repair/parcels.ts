/** Parcels on their way, at the side that answers: those that are fetched from it, and those that are delivered to it. */
import type { Cancel, Timers } from "../../host/timers.js";
import type { Parcel } from "./shipment.js";

/** Of one node: it has as many under way as it does things at a time. The oldest goes first. */
const PARCELS_MAX = 8;
/** Nobody has asked for it for so long: it will not be asked for any more. */
const IDLE_MS = 30_000;

interface Kept<Thing> {
  readonly nodeId: string;
  readonly thing: Thing;
  cancel: Cancel;
}

/** What nodes have under way, by a number, until they are done with it or leave it alone. */
export class ParcelShelf<Thing> {
  readonly #timers: Timers;
  readonly #kept = new Map<number, Kept<Thing>>();
  #latest = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Answers its number, which is not 0. */
  put(nodeId: string, thing: Thing): number {
    const own = [...this.#kept].filter(([, kept]) => kept.nodeId === nodeId);
    for (const [number] of own.slice(0, own.length + 1 - PARCELS_MAX)) this.drop(number);
    const number = (this.#latest = (this.#latest + 1) >>> 0 || 1);
    this.#kept.set(number, { nodeId, thing, cancel: this.#expiry(number) });
    return number;
  }

  /** It is in use. Undefined if it is not there, or another node's. */
  get(nodeId: string, number: number): Thing | undefined {
    const kept = this.#kept.get(number);
    if (kept?.nodeId !== nodeId) return undefined;
    kept.cancel();
    kept.cancel = this.#expiry(number);
    return kept.thing;
  }

  drop(number: number): void {
    this.#kept.get(number)?.cancel();
    this.#kept.delete(number);
  }

  close(): void {
    for (const number of [...this.#kept.keys()]) this.drop(number);
  }

  #expiry(number: number): Cancel {
    return this.#timers.after(IDLE_MS, () => this.drop(number));
  }
}

/** Bytes of a parcel from an offset on, which may be a view. */
export function partOf({ head, body }: Parcel, offset: number, bytesMax: number): Buffer {
  const end = offset + bytesMax;
  if (offset >= head.length) return body.subarray(offset - head.length, end - head.length);
  if (end <= head.length) return head.subarray(offset, end);
  return Buffer.concat([head.subarray(offset), body.subarray(0, end - head.length)]);
}

/** What has come of a parcel. */
export class ParcelAssembly {
  readonly bytes: Buffer;
  #length = 0;

  constructor(total: number) {
    this.bytes = Buffer.allocUnsafeSlow(total);
  }

  get total(): number {
    return this.bytes.length;
  }

  /** Of the bytes that came. */
  get length(): number {
    return this.#length;
  }

  get isWhole(): boolean {
    return this.#length === this.bytes.length;
  }

  /** Adds what comes next, or what came before; false if something is missing between. */
  add(offset: number, bytes: Uint8Array): boolean {
    if (offset > this.#length || offset + bytes.length > this.bytes.length) return false;
    this.bytes.set(bytes, offset);
    this.#length = Math.max(this.#length, offset + bytes.length);
    return true;
  }
}
