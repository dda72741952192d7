/** Leaves of batches only what concerns some slots, for a node that does not own all slots of whoever executed them. */
import { assert } from "../../base/assert.js";
import { ByteReader } from "../../base/byte-reader.js";
import { ByteWriter } from "../../base/byte-writer.js";
import type { Checksum } from "../../base/crc32.js";
import { SLOT_COUNT } from "../../base/key-hash.js";
import { BATCH_HEAD_BYTES, beginBatch, endBatch, walkBatches } from "../../delta/batch.js";
import { PATCH, readDelta } from "../../delta/delta-codec.js";
import { RecordCursor } from "../../delta/record-cursor.js";
import { SlotSet } from "../slot-set.js";

/** A batch is never longer: see change-stream.ts. */
const BATCH_BYTES_MAX = 2 ** 32 - 1;

/** The slots that the one wants and the other does not; null wants all. */
export function addedSlots({ from, to }: Record<"from" | "to", SlotFilter | null>): readonly number[] {
  const added: number[] = [];
  if (from?.isOf(to) === true) return added;
  for (let slot = 0; slot < SLOT_COUNT && from !== null; slot++) {
    if (!from.wants(slot) && to?.wants(slot) !== false) added.push(slot);
  }
  return added;
}

/** A checksum of the slots that are wanted: the same for the same ones. */
export function checkOf(filter: SlotFilter | null, checksum: Checksum): number {
  const wanted = Uint8Array.from({ length: SLOT_COUNT }, (_, slot) =>
    filter?.wants(slot) === false ? 0 : 1,
  );
  return checksum(wanted, 0, wanted.length);
}

export class SlotFilter {
  readonly #slots: SlotSet;
  readonly #record = new RecordCursor();
  // The delta that was read last: where it ends, and whether it is wanted.
  #end = 0;
  #isDeltaWanted = false;

  /** A set must not change any more: of many owners and many steps of a change it is one and the same. */
  constructor(slots: Iterable<number>) {
    this.#slots = slots instanceof SlotSet ? slots : new SlotSet(slots);
  }

  /** Whether both want the same slots because they are one set. */
  isOf(other: SlotFilter | null): boolean {
    return other !== null && this.#slots === other.#slots;
  }

  wants(slot: number): boolean {
    return this.#slots.has(slot);
  }

  /** Appends what is left of whole batches: views of them where a batch stays whole, else one that is made anew. */
  filter(batches: Buffer, into: Buffer[]): void {
    // Of batches one behind the other that stay whole.
    let start = 0;
    let at = 0;
    while (at < batches.length) {
      const { end } = walkBatches(batches, at, 1);
      const wanted = this.#countWanted(batches, at, end);
      if (wanted !== "all") {
        if (start < at) into.push(batches.subarray(start, at));
        if (wanted === "some") into.push(this.#part(batches, at, end));
        start = end;
      }
      at = end;
    }
    if (start < at) into.push(batches.subarray(start, at));
  }

  #countWanted(bytes: Buffer, start: number, end: number): "all" | "some" | "none" {
    let hasWanted = false;
    let hasOthers = false;
    for (let at = start + BATCH_HEAD_BYTES + 1; at < end; at = this.#end) {
      this.#read(bytes, at, end);
      if (this.#isDeltaWanted) hasWanted = true;
      else hasOthers = true;
    }
    if (!hasWanted) return "none";
    return hasOthers ? "some" : "all";
  }

  /** A batch of those deltas that are wanted. */
  #part(bytes: Buffer, start: number, end: number): Buffer {
    const writer = new ByteWriter({ capacityBytes: end - start, bytesMax: BATCH_BYTES_MAX });
    const batch = beginBatch(writer);
    for (let at = start + BATCH_HEAD_BYTES + 1; at < end; at = this.#end) {
      this.#read(bytes, at, end);
      if (this.#isDeltaWanted) writer.range({ bytes, start: at, end: this.#end });
    }
    endBatch(writer, batch);
    return writer.written();
  }

  #read(bytes: Buffer, at: number, end: number): void {
    if (bytes[at]! < PATCH) {
      const record = this.#record;
      assert(record.read(bytes, at, end), "batches were made here, or looked at when they came");
      this.#end = record.end;
      this.#isDeltaWanted = this.wants(record.slot);
      return;
    }
    const reader = new ByteReader({ bytes, start: at, end });
    const delta = readDelta(reader);
    assert(delta !== undefined, "batches were made here, or looked at when they came");
    this.#end = reader.at;
    this.#isDeltaWanted = !("slot" in delta) || delta.slot === null || this.wants(delta.slot);
  }
}
