import type { ClusterView } from "#torus/cluster/cluster-view.js";
import type { ReplicationView } from "#torus/cluster/replication-view.js";
import type { ConfigValues } from "#torus/config/config.js";
import type { World } from "#torus/host/sim/world.js";
import { Chronicle } from "../simulation/cluster/chronicle.js";
import { Fleet } from "../simulation/cluster/fleet.js";
import { worldOf } from "./world.js";

/** What a cluster may take in simulated time to get where a test waits for it. */
const PATIENCE_MS = 60_000;
const STEP_MS = 50;

/** Whole nodes of a cluster that keeps three copies, called `n1`, `n2` and so on, on simulated hosts. */
export class ReplicatedNodes {
  #broken: unknown;
  readonly fleet: Fleet;

  private constructor(
    readonly world: World,
    config: ConfigValues,
  ) {
    this.fleet = new Fleet({
      world,
      chronicle: new Chronicle(world),
      config: { replicationFactor: 3, membershipPreset: "local", appendonly: "yes", ...config },
      broken: (error) => (this.#broken = error),
    });
  }

  /** Resolves once all of so many nodes own slots. */
  static async start(
    count: number,
    config: ConfigValues = {},
    seed: string | number = "copies that are seen",
  ): Promise<ReplicatedNodes> {
    const nodes = new ReplicatedNodes(worldOf(seed), config);
    for (let i = 0; i < count; i++) nodes.fleet.add();
    await nodes.until(async () => (await nodes.fleet.unsettled()) === undefined);
    return nodes;
  }

  /** Lets time pass until something is so, which is looked at every so many milliseconds. */
  async until(isSo: () => boolean | Promise<boolean>, stepMs = STEP_MS): Promise<void> {
    const endMs = this.world.nowMs + PATIENCE_MS;
    while (!(await isSo())) {
      if (this.#broken !== undefined) throw this.#broken;
      if (this.world.nowMs > endMs)
        throw new Error(`it does not come about\n${this.fleet}\n${this.fleet.logs()}`);
      await this.world.advance(stepMs);
    }
  }

  /** Starts a node that crashed, and lets time pass until it can be looked into. */
  async restart(name: string): Promise<void> {
    const before = this.fleet.interiorOf(name);
    this.fleet.start(name);
    await this.until(() => this.fleet.interiorOf(name) !== before);
  }

  viewOf(name: string): ClusterView {
    return this.fleet.interiorOf(name)!.view;
  }

  copiesOf(name: string): ReplicationView {
    return this.viewOf(name).replication!;
  }

  idOf(name: string): string {
    return this.fleet.interiorOf(name)!.nodeId;
  }

  /** Resolves with the reply, or rejects with the error. */
  call(name: string, ...args: readonly string[]): Promise<unknown> {
    return this.world.complete(this.fleet.runningNode(name).client.call(...args));
  }

  close(): Promise<void> {
    return this.fleet.close();
  }
}
