import { ByteWriter } from "#torus/base/byte-writer.js";
import { slotOf } from "#torus/base/key-hash.js";
import { beginBatch, endBatch } from "#torus/delta/batch.js";
import { writeDelta } from "#torus/delta/delta-codec.js";
import { noExpiry } from "#torus/delta/record-state.js";

const KEY = Buffer.from("city");

const LIFE = { clock: 1_760_000_000_000 * 2048 + 1, origin: 7 };
/** The slot of the record in the examples of pages on formats. */
export const CITY_SLOT = slotOf(KEY, 0, KEY.length);

/** One batch that says that `city` is `Roma`. */
export function cityBatch(): Buffer {
  const writer = new ByteWriter({ bytesMax: 1000 });
  const start = beginBatch(writer);
  const body = { kind: "text", bytes: Buffer.from("Roma") } as const;
  const state = { life: LIFE, expiry: noExpiry(LIFE), body };
  writeDelta(writer, { kind: "record", db: 0, slot: CITY_SLOT, key: KEY, state });
  endBatch(writer, start);
  return writer.written();
}
