import { nodeAfterPromises } from "#torus/host/node/after-promises.js";
import { nodeCipher } from "#torus/host/node/cipher.js";
import { createWorld, type World, type WorldOptions } from "#torus/host/sim/world.js";

/** A simulated world for a test. */
export function worldOf(
  seed: string | number,
  options: Omit<WorldOptions, "seed" | "afterPromises" | "cipher"> = {},
): World {
  return createWorld({ seed, afterPromises: nodeAfterPromises, cipher: nodeCipher, ...options });
}
