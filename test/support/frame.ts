import { OutgoingFrames } from "#torus/cluster/outgoing-frames.js";

/** A whole frame of its own. */
export function frameOf(kind: number, id: number, ...parts: readonly Uint8Array[]): Buffer {
  const frames = new OutgoingFrames();
  frames.add(kind, id, ...parts);
  return Buffer.from(frames.bytes.subarray(0, frames.byteLength));
}
