/** Clusters of our own nodes, each a process of its own, that a row measures. */
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { ReplyValue } from "#torus/protocol/reply-decoder.js";
import type { Bench } from "./bench.js";
import type { Role } from "./pinning.js";
import { Connection } from "./resp.js";
import { type Contender, freePort, type Server, startServer, withoutDisk } from "./servers.js";
import { isSharedBy, type SlotOwners, slotOwnersOf } from "./slot-owners.js";

export interface Cluster {
  /** The founder first, then in the order in which they joined. */
  readonly nodes: readonly Server[];
  readonly owners: SlotOwners;
}

/** What is measured here is what it costs that keys lie on several nodes, not that each lies on more than one. */
const oneCopy = ["--cluster-enabled", "yes", "--replication-factor", "1"];

/** An empty node has its slots after a second or two; more than this and the change hangs. */
const settleMsMax = 60_000;
const lookMs = 50;

/** Our server, if flags may be added to its command: without them there is no cluster. */
export function ourNode({ contenders, note }: Bench): Contender | undefined {
  const ours = contenders.find(({ side }) => side === "ours");
  if (ours?.takesFlags) return ours;
  note("  LEFT OUT: the command that --ours names takes no flags of a cluster");
  return undefined;
}

/** Runs `use` with a cluster of each size alive, none knowing of another, and stops them all whatever happens. */
export async function withClusters<Value>(
  bench: Bench,
  { node, sizes, role }: { node: Contender; sizes: readonly number[]; role: Role },
  use: (clusters: readonly Cluster[]) => Promise<Value>,
): Promise<Value> {
  const started: Server[] = [];
  const start = async (flags: readonly string[]): Promise<Server> => {
    const all = [...withoutDisk, ...oneCopy, ...flags];
    const server = await startServer(bench.children, node, { flags: all, role });
    started.push(server);
    return server;
  };
  try {
    const clusters: Cluster[] = [];
    for (const size of sizes) clusters.push(await startCluster(start, size));
    return await use(clusters);
  } finally {
    for (const server of started) await server.stop();
  }
}

async function startCluster(
  start: (flags: readonly string[]) => Promise<Server>,
  size: number,
): Promise<Cluster> {
  const seedPort = await freePort();
  const nodes = [await start(["--cluster-port", String(seedPort)])];
  let owners = await settled(nodes);
  // One after the other: so every node knows its share before the next one changes it.
  while (nodes.length < size) {
    const clusterPort = String(await freePort());
    nodes.push(await start(["--cluster-port", clusterPort, "--join", `127.0.0.1:${seedPort}`]));
    owners = await settled(nodes);
  }
  return { nodes, owners };
}

/** Resolves when the nodes share all slots, all of them say so in the same way, and nothing moves any more. */
async function settled(nodes: readonly Server[]): Promise<SlotOwners> {
  const deadlineMs = performance.now() + settleMsMax;
  const ports = nodes.map(({ port }) => port);
  for (;;) {
    const owners = await agreedOwners(nodes).catch((error: Error) => error);
    // A node serves clients a moment before it knows of its cluster.
    if (!(owners instanceof Error) && owners !== undefined && isSharedBy(owners, ports)) return owners;
    if (performance.now() > deadlineMs) {
      const why = owners instanceof Error ? `: ${owners.message}` : "";
      throw new Error(`${nodes.length} nodes did not come to share the slots within ${settleMsMax} ms${why}`);
    }
    await pause(lookMs);
  }
}

/** Undefined as long as the nodes differ, or something moves. */
async function agreedOwners(nodes: readonly Server[]): Promise<SlotOwners | undefined> {
  const views = await Promise.all(nodes.map(viewOf));
  const owners = views[0]?.owners;
  return views.every((view) => !view.isChanging && isDeepStrictEqual(view.owners, owners))
    ? owners
    : undefined;
}

interface View {
  readonly owners: SlotOwners;
  readonly isChanging: boolean;
}

async function viewOf({ port }: Server): Promise<View> {
  const connection = await Connection.open(port);
  try {
    const owners = slotOwnersOf(await connection.ask("CLUSTER", "SLOTS"));
    const status = fieldsOf(await connection.ask("TORUS", "STATUS"));
    return { owners, isChanging: status.get("change") !== null };
  } finally {
    connection.close();
  }
}

/** Of a map as RESP2 has it: names and values in turn. */
function fieldsOf(reply: ReplyValue): ReadonlyMap<ReplyValue, ReplyValue | undefined> {
  if (!Array.isArray(reply)) throw new TypeError("the reply has no fields");
  const list = reply as readonly ReplyValue[];
  return new Map(list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1]] as const] : [])));
}
