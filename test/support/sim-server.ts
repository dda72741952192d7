import { type ConfigValues, makeConfig } from "#torus/config/config.js";
import { ConfigStore } from "#torus/config/config-store.js";
import { HybridClock } from "#torus/delta/hybrid-clock.js";
import type { SimHost } from "#torus/host/sim/sim-host.js";
import type { World } from "#torus/host/sim/world.js";
import { AccessClock } from "#torus/keyspace/access-clock.js";
import { Keyspace } from "#torus/keyspace/keyspace.js";
import { LocalClient } from "#torus/server/local-client.js";
import { Server } from "#torus/server/server.js";
import { FakePersistence } from "./fake-persistence.js";
import { SimCaller } from "./sim-caller.js";
import { worldOf } from "./world.js";

const PORT = 6379;

/** Where a server is started: a machine of a world. */
export interface Place {
  readonly world: World;
  readonly name: string;
}

/** A server on a simulated host, with a log whose disk is in the hands of the test. */
export class SimServer {
  private constructor(
    readonly world: World,
    readonly host: SimHost,
    readonly server: Server,
    readonly keyspace: Keyspace,
    readonly persistence: FakePersistence,
    readonly config: ConfigStore,
    /** One entry for each SHUTDOWN, or fault. */
    readonly stops: unknown[],
  ) {}

  static async start(
    values: ConfigValues = {},
    place: Place = { world: worldOf(1), name: "node" },
  ): Promise<SimServer> {
    const { world, name } = place;
    const host = world.host(name);
    const config = new ConfigStore(
      makeConfig({ bind: "0.0.0.0", port: PORT, protectedMode: "no", ...values }),
    );
    const keyspace = new Keyspace({
      databases: config.current.databases,
      origin: 1,
      clock: new HybridClock(),
      access: new AccessClock(() => host.random.uint32()),
      seedWord: () => host.random.uint32(),
    });
    const persistence = new FakePersistence();
    persistence.record(keyspace);
    const stops: unknown[] = [];
    const server = new Server({
      host,
      config,
      keyspace,
      persistence,
      runId: "0".repeat(40),
      configFile: "",
      shutdown: () => stops.push(undefined),
      fail: (error) => stops.push(error),
    });
    await world.complete(server.listen());
    return new SimServer(world, host, server, keyspace, persistence, config, stops);
  }

  /** From now on replies leave at once, whatever the disk does. */
  replyAtOnce(): this {
    this.persistence.gates = false;
    this.server.gate.configure();
    return this;
  }

  connect(): Promise<SimCaller> {
    return SimCaller.connect(this.world, "client", { host: this.host.name, port: PORT });
  }

  /** A caller inside the process. */
  get local(): LocalClient {
    return new LocalClient(this.server);
  }

  /** Lets what is under way arrive. */
  settle(): Promise<void> {
    return this.world.advance(50);
  }

  /** A field of INFO. */
  async info(field: string): Promise<string | undefined> {
    const text = String(await this.world.complete(this.local.call("INFO", "everything")));
    const line = text.split("\r\n").find((candidate) => candidate.startsWith(`${field}:`));
    return line?.slice(field.length + 1);
  }
}
