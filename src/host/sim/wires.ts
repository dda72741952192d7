import type { Prng } from "../../base/prng.js";
import type { Timeline } from "./timeline.js";
import type { Trace } from "./trace.js";

/** What all connections of a world share. */
export interface Wires {
  readonly timeline: Timeline;
  readonly trace: Trace;
  readonly prng: Prng;
  /** Every read of every connection goes through it. */
  readonly buffer: Buffer;
}

/** Bytes that may be on their way or unread at the peer: what the system takes from a writer ahead of the reader. */
export const WINDOW_BYTES = 256 * 1024;
