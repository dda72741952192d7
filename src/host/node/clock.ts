/** The clocks of the machine. */
import type { Clock } from "../clock.js";

export const nodeClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
