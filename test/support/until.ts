import type { World } from "#torus/host/sim/world.js";

export interface Looking {
  /** It is looked so often at the most, */
  readonly times: number;
  /** and so much simulated time passes in between. */
  readonly stepMs: number;
}

const OFTEN: Looking = { times: 600, stepMs: 50 };

/** Lets time pass until something is so. */
export async function until(
  world: World,
  isSo: () => Promise<boolean>,
  { times, stepMs }: Looking = OFTEN,
): Promise<void> {
  for (let i = 0; i < times; i++) {
    if (await isSo()) return;
    await world.advance(stepMs);
  }
  throw new Error("it does not come to that");
}
