import * as cluster from "#torus/cluster/cluster.js";
import { type ConfigValues, makeConfig } from "#torus/config/config.js";
import type { SimHost } from "#torus/host/sim/sim-host.js";
import type { World } from "#torus/host/sim/world.js";
import { type RunningNode, runNode } from "#torus/node.js";
import { pairsOf } from "./pairs-of.js";
import { SimCaller } from "./sim-caller.js";
import { until } from "./until.js";
import { worldOf } from "./world.js";

export const NODE_PORT = 6379;

export interface SimNodeOptions {
  readonly config?: ConfigValues;
  /** What the host is called by others. */
  readonly name?: string;
  readonly configFile?: string;
}

/** Any host may do anything. */
const OPEN: ConfigValues = {
  bind: "0.0.0.0",
  port: NODE_PORT,
  protectedMode: "no",
  enableDebugCommand: "yes",
};

/** The whole node, as it is, on a simulated host. */
export class SimNode {
  /** What the node stopped with; `undefined` within stands for SHUTDOWN. */
  readonly stops: unknown[] = [];

  private constructor(
    readonly world: World,
    readonly host: SimHost,
    readonly running: RunningNode,
    stops: unknown[],
  ) {
    this.stops = stops;
  }

  /** Reachable by all hosts, unprotected unless the configuration says otherwise. */
  static async start(world: World, options: SimNodeOptions = {}): Promise<SimNode> {
    const host = world.host(options.name ?? "node");
    const stops: unknown[] = [];
    let close = async (): Promise<void> => {};
    const running = await world.complete(
      runNode({
        host,
        config: makeConfig({ ...OPEN, ...options.config }),
        configFile: options.configFile ?? "",
        loadCluster: async () => cluster,
        stopped(error) {
          stops.push(error);
          // What it could not do is said to whoever closes it, too.
          close().catch(() => {});
        },
      }),
    );
    close = () => running.close();
    return new SimNode(world, host, running, stops);
  }

  /** The same, of a cluster: a new one, unless the configuration says whom to join. */
  static member(world: World, name: string, config: ConfigValues = {}): Promise<SimNode> {
    const member = {
      clusterEnabled: "yes",
      clusterAnnounceIp: name,
      nodeName: name,
      membershipPreset: "local",
    } as const;
    return SimNode.start(world, { name, config: { ...member, ...config } });
  }

  /** A node in a world of its own. */
  static alone(config: ConfigValues = {}, seed: string | number = 1): Promise<SimNode> {
    return SimNode.start(worldOf(seed), { config });
  }

  /** A connection from a host, which is another one unless said otherwise. */
  connect(from = "client"): Promise<SimCaller> {
    return SimCaller.connect(this.world, from, { host: this.host.name, port: this.running.port });
  }

  /** Calls without a socket: the reply, or the error line after a minus. */
  async call(...args: readonly (string | number)[]): Promise<unknown> {
    const settled = this.running.client.call(...args).catch((error: Error) => `-${error.message}`);
    return this.world.complete(settled);
  }

  /** A map that TORUS answers. */
  async told(...args: readonly string[]): Promise<Record<string, unknown>> {
    return pairsOf(await this.call("TORUS", ...args));
  }

  /** Lets time pass until it has taken over its share of the slots. */
  async whenActive(): Promise<void> {
    const isActive = async () => (await this.told("STATUS")).lifecycle === "active";
    await until(this.world, isActive, { times: 60, stepMs: 1000 });
  }

  /** A field of INFO. */
  async info(field: string): Promise<string> {
    const text = String(await this.call("INFO", "everything"));
    const line = text.split("\r\n").find((candidate) => candidate.startsWith(`${field}:`));
    if (line === undefined) throw new Error(`INFO has no field ${field}`);
    return line.slice(field.length + 1);
  }

  close(): Promise<void> {
    return this.world.complete(this.running.close());
  }
}
