/** Tells another owner what was received of a third node. */
import type { Checksum } from "../../base/crc32.js";
import type { Backlog } from "./backlog.js";
import { type PullRequest, writePulled } from "./replication-messages.js";
import { MESSAGE_BYTES } from "./shipper.js";
import { SlotFilter } from "./slot-filter.js";

/** The answer to a question: the next stretch of what concerns the slots that are asked for. */
export function told(
  backlog: Backlog | undefined,
  { from, slots }: PullRequest,
  checksum: Checksum,
): Uint8Array {
  if (!backlog?.covers(from)) return writePulled({ isFound: false, from, to: from, end: from }, [], checksum);
  const { end } = backlog;
  const stretch = backlog.read(from, MESSAGE_BYTES) ?? { parts: [], from, to: from };
  let { parts } = stretch;
  if (slots !== null) {
    const filter = new SlotFilter(slots);
    const wanted: Buffer[] = [];
    for (const part of parts) filter.filter(part, wanted);
    parts = wanted;
  }
  return writePulled({ isFound: true, from: stretch.from, to: stretch.to, end }, parts, checksum);
}
