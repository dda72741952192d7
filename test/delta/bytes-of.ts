/** Canonical bytes as text, to compare states by: two are equal if and only if these are. */
import { ByteWriter } from "#torus/base/byte-writer.js";
import type { Delta } from "#torus/delta/delta.js";
import { writeDelta } from "#torus/delta/delta-codec.js";
import type { RecordState } from "#torus/delta/record-state.js";

export function bytesOfDelta(delta: Delta): string {
  const writer = new ByteWriter({ bytesMax: 1e6 });
  writeDelta(writer, delta);
  return writer.written().toString("hex");
}

export function bytesOf(state: RecordState | undefined): string {
  if (state === undefined) return "nothing";
  return bytesOfDelta({ kind: "record", db: 0, slot: 0, key: Buffer.alloc(0), state });
}
