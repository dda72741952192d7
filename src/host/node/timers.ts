import type { Cancel, Timers } from "../timers.js";

/** What `setTimeout` can count: a longer delay would overflow its 32 bits and fire at once. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** Timers of the event loop, none of which keeps the process alive. */
export const nodeTimers: Timers = { after, afterTurn, every };

function after(delayMs: number, fire: () => void): Cancel {
  const deadlineMs = performance.now() + delayMs;
  let timeout: NodeJS.Timeout;
  const arm = () => {
    const leftMs = deadlineMs - performance.now();
    if (leftMs > TIMEOUT_MAX_MS - 1) {
      timeout = setTimeout(arm, TIMEOUT_MAX_MS);
    } else {
      // The loop's clock drops the fraction of a millisecond, so that a timer may fire up to one too
      // early; one more keeps the promise of `after`.
      timeout = setTimeout(fire, Math.ceil(leftMs) + 1);
    }
    timeout.unref();
  };
  arm();
  return () => clearTimeout(timeout);
}

/** Runs in the phase of the loop that follows the one in which it polls for events. */
function afterTurn(fire: () => void): void {
  setImmediate(fire);
}

function every(periodMs: number, fire: () => void): Cancel {
  let cancel: Cancel;
  const arm = () => {
    cancel = after(periodMs, () => {
      // Armed first, so that a `fire` that throws or cancels leaves the right state behind.
      arm();
      fire();
    });
  };
  arm();
  return () => cancel();
}
