import { Prng } from "#torus/base/prng.js";
import type { World } from "#torus/host/sim/world.js";
import { SimReplica, type SimReplicaOptions } from "../../support/sim-replica.js";
import { worldOf } from "../../support/world.js";

/** Two owners of all slots: a ships to b what it executes, and b has nothing yet. */
export interface ShippingPair {
  readonly world: World;
  readonly prng: Prng;
  readonly a: SimReplica;
  readonly b: SimReplica;
}

export interface ShippingPairOptions {
  readonly a?: SimReplicaOptions;
  readonly b?: SimReplicaOptions;
}

/** Resolves when the link between them is up. */
export async function shippingPair(seed: string, options: ShippingPairOptions = {}): Promise<ShippingPair> {
  const world = worldOf(seed);
  const a = await SimReplica.start(world, "a", options.a);
  const b = await SimReplica.start(world, "b", options.b);
  a.shipTo(["b"]);
  await world.advance(50);
  return { world, prng: new Prng(seed), a, b };
}
