/**
 * Time, as the rest of the system may see it. Two clocks on purpose: the wall clock may step under our
 * feet and serves only what users mean by a date; durations and time-outs come from the monotonic one.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch, whole. May jump either way. */
  wallMs(): number;
  /** Milliseconds with a fraction, from an arbitrary start. Never goes back. */
  monotonicMs(): number;
}
