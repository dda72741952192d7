/** For load clients that watch how long answers take. */
import { constants, setPriority } from "node:os";

/** So that waiting for a processor, with a loading client on the same one, does not pass for a stall of the server. */
export function beUrgent(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST);
  } catch {
    // Only root may. What is seen of an idle server, or of keys that nothing happens to, shows what this costs.
  }
}
