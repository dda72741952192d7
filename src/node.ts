/**
 * The composition root: a configuration and a host become a running node. Nothing above knows how a node is put
 * together, nothing below knows that it is one.
 */
import { AdminPort } from "./admin/admin-port.js";
import type { Stage } from "./admin/sources.js";
import { Prng } from "./base/prng.js";
import type { Cluster, ClusterOptions } from "./cluster/cluster.js";
import { hasEarlierCluster } from "./cluster/earlier-cluster.js";
import type { Config } from "./config/config.js";
import { ConfigStore } from "./config/config-store.js";
import { HybridClock, msOfClock } from "./delta/hybrid-clock.js";
import { SteadyTime } from "./delta/steady-time.js";
import { DataDirectory } from "./durability/data-directory.js";
import { drawNodeFacts } from "./durability/node-file.js";
import { Persistence } from "./durability/persistence.js";
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
  /** How long a segment of the log gets; simulations have short ones, to see many. */
  readonly logSegmentBytes?: number;
  /** Where the code of the cluster comes from: loaded when it is needed, unless somebody has it at hand. */
  readonly loadCluster?: () => Promise<{ readonly Cluster: typeof Cluster }>;
  /** SHUTDOWN was called, or the node cannot go on (`error` says why): its owner is to close it. */
  readonly stopped: (error?: unknown) => void;
}

export interface RunningNode {
  /** The TCP port in fact bound; 0 if there is none. */
  readonly port: number;
  /** The port for other nodes, streams and datagrams; 0 if there is none. */
  readonly clusterPort: number;
  /** The port of `/healthz`, `/readyz` and `/metrics`; 0 if there is none. */
  readonly httpPort: number;
  /** Executes commands without a socket. */
  readonly client: LocalClient;
  /** Releases everything; resolves when ports are free again. */
  close(): Promise<void>;
}

/**
 * Starts a node; resolves when it has loaded what it kept. Rejects with a `HostError` if an endpoint cannot be bound or the
 * disk refuses, with `UnusableDirectory` or `DamagedFile` if what it kept cannot be used.
 */
export async function runNode({
  host,
  config,
  defaults,
  configFile,
  logSegmentBytes,
  loadCluster = () => import("./cluster/cluster.js"),
  stopped,
}: NodeSetup): Promise<RunningNode> {
  const store = new ConfigStore(config, defaults);
  const { random, log } = host;
  const { dir } = config;
  const directory = keepsSomething(config) ? await DataDirectory.open(host, dir) : undefined;
  const facts = directory?.facts ?? drawNodeFacts(random);
  const seed = Prng.fromState(facts.hashSeed);
  const time = new SteadyTime(() => host.clock.monotonicMs());
  // A node that comes to others takes its time from what it last knew until it has compared clocks: see cluster/clock-watch.ts.
  if (config.clusterEnabled) {
    time.limit = { wallMs: msOfClock(facts.clockCeiling), atMs: host.clock.monotonicMs() };
  }
  const keyspace = new Keyspace({
    databases: config.databases,
    origin: facts.origin,
    clock: new HybridClock(time),
    access: new AccessClock(() => random.uint32(), host.clock.monotonicMs()),
    seedWord: () => seed.uint32(),
  });
  keyspace.boot = facts.boot;
  const takeDirectory = () => DataDirectory.open(host, dir, facts);
  const persistence = new Persistence({
    host,
    config: store,
    keyspace,
    directory,
    takeDirectory,
    logSegmentBytes,
  });
  const server = new Server({
    host,
    config: store,
    keyspace,
    persistence,
    runId: Buffer.from(random.bytes(RUN_ID_BYTES)).toString("hex"),
    configFile,
    shutdown: () => stopped(),
    fail: (error) => stopped(error),
  });
  const clusterOptions: ClusterOptions = {
    host,
    config,
    current: () => store.current,
    keyspace,
    limits: () => store.current,
    persistence,
    maxClockOffsetMs: () => store.current.maxClockOffsetMs,
    facts,
    directory,
    broker: server.state.broker,
    tracking: server.state.tracking,
    serve: (session) => server.serveRuns(session),
    ended: stopped,
  };
  let cluster: Cluster | undefined;
  const joinCluster = async () => {
    if (!config.clusterEnabled || cluster !== undefined) return;
    const { Cluster } = await loadCluster();
    cluster = new Cluster(clusterOptions);
    server.join(cluster);
    await cluster.recall();
  };
  let stage: Stage = "starting";
  const sources = { node: server.state, keyspace, config: store, stage: () => stage };
  const admin = new AdminPort({ host, sources });
  const close = async () => {
    await server.close();
    await cluster?.close();
    await persistence.close();
    await admin.close();
  };
  try {
    // All slots of a node that is to found a cluster are its own: it serves before the rest of its code is loaded.
    const hadCluster = await hasEarlierCluster(host.files, directory?.path);
    if (hadCluster && !config.clusterEnabled) {
      const { Cluster } = await loadCluster();
      await Cluster.refuseAlone(host.files, config.dir);
    }
    if (hadCluster || config.join.length > 0) await joinCluster();
    else time.limit = null;
    await server.state.access.start();
    await server.listen();
    // The port answers from now on, if only that the node is loading.
    admin.openSoon();
    await persistence.start();
    await joinCluster();
    await cluster?.start(server.state.port);
    await admin.open();
  } catch (error) {
    await close();
    throw error;
  }
  const { port } = server.state;
  const clusterPort = cluster?.port ?? 0;
  const httpPort = admin.port;
  if (httpPort > 0) cluster?.announceHttpPort(httpPort);
  stage = "serving";
  const unixsocket = config.unixsocket || undefined;
  log.info("ready to accept connections", {
    port,
    unixsocket,
    clusterPort: clusterPort || undefined,
    httpPort: httpPort || undefined,
  });
  return {
    port,
    clusterPort,
    httpPort,
    client: new LocalClient(server),
    async close() {
      stage = "closing";
      await close();
      log.info("closed", { port });
    },
  };
}

/** A pure cache writes nothing, and needs no place to write to. */
function keepsSomething({ appendonly, save }: Config): boolean {
  return appendonly || save.length > 0;
}
