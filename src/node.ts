/**
 * The composition root: a configuration and a host become a running node. Nothing above knows how a node is put
 * together, nothing below knows that it is one.
 */
import { Prng } from "./base/prng.js";
import type { Config } from "./config/config.js";
import { ConfigStore } from "./config/config-store.js";
import { HybridClock } from "./delta/hybrid-clock.js";
import { ORIGIN_MAX } from "./delta/version.js";
import { NothingKept } from "./durability/nothing-kept.js";
import type { Host } from "./host/host.js";
import { AccessClock } from "./keyspace/access-clock.js";
import { Keyspace } from "./keyspace/keyspace.js";
import { LocalClient } from "./server/local-client.js";
import { Server } from "./server/server.js";

const RUN_ID_BYTES = 20;

export interface NodeSetup {
  readonly host: Host;
  readonly config: Config;
  /** What the configuration would be if nobody had said anything; the library's defaults if absent. */
  readonly defaults?: Config;
  /** For CONFIG REWRITE; empty if there is none. */
  readonly configFile: string;
  /** SHUTDOWN was called, or the node cannot go on (`error` says why): its owner is to close it. */
  readonly stopped: (error?: unknown) => void;
}

export interface RunningNode {
  /** The TCP port in fact bound; 0 if there is none. */
  readonly port: number;
  /** Executes commands without a socket. */
  readonly client: LocalClient;
  /** Releases everything; resolves when ports are free again. */
  close(): Promise<void>;
}

/** Starts a node. Rejects with a `HostError` if an endpoint cannot be bound. */
export async function runNode({
  host,
  config,
  defaults,
  configFile,
  stopped,
}: NodeSetup): Promise<RunningNode> {
  const store = new ConfigStore(config, defaults);
  const { random, log } = host;
  const seed = Prng.fromState([random.uint32(), random.uint32(), random.uint32(), random.uint32() | 1]);
  const keyspace = new Keyspace({
    databases: config.databases,
    origin: 1 + (random.uint32() % ORIGIN_MAX),
    clock: new HybridClock(),
    access: new AccessClock(() => random.uint32()),
    seedWord: () => seed.uint32(),
  });
  const server = new Server({
    host,
    config: store,
    keyspace,
    persistence: new NothingKept(host.clock.wallMs()),
    runId: Buffer.from(random.bytes(RUN_ID_BYTES)).toString("hex"),
    configFile,
    shutdown: () => stopped(),
    fail: (error) => stopped(error),
  });
  await server.listen();
  const client = new LocalClient(server);
  const { port } = server.state;
  log.info("ready to accept connections", { port, unixsocket: config.unixsocket || undefined });
  return {
    port,
    client,
    async close() {
      await server.close();
      log.info("closed", { port });
    },
  };
}
