/** Clusters of our own nodes, each a process of its own, that a row measures. */
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { ReplyValue } from "#torus/protocol/reply-decoder.js";
import type { Bench } from "./bench.js";
import { ClusterNode } from "./cluster-node.js";
import type { Role } from "./pinning.js";
import { Connection } from "./resp.js";
import { type Contender, type Server, withoutDisk } from "./servers.js";
import { isSharedBy, type SlotOwners, slotOwnersOf } from "./slot-owners.js";

export interface Cluster {
  /** The founder first, then in the order in which they joined. */
  readonly nodes: readonly ClusterNode[];
  readonly owners: SlotOwners;
}

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

export interface ClusterOptions {
  readonly node: Contender;
  readonly role: Role;
  /** On how many nodes each key lies, where there are so many. */
  readonly copies: number;
  /** What each node keeps on disk, by its flags; nothing, if left out. */
  readonly kept?: readonly string[];
}

/** Runs `use` with a cluster of each size alive, none knowing of another, and stops them all whatever happens. */
export async function withClusters<Value>(
  bench: Bench,
  { sizes, ...options }: ClusterOptions & { readonly sizes: readonly number[] },
  use: (clusters: readonly Cluster[]) => Promise<Value>,
): Promise<Value> {
  const { node, role, copies, kept = withoutDisk } = options;
  const flags = [...kept, "--replication-factor", String(copies)];
  const started: ClusterNode[] = [];
  const start = async (seedPort?: number): Promise<ClusterNode> => {
    const one = await ClusterNode.start(bench, { node, role, flags, seedPort });
    started.push(one);
    return one;
  };
  try {
    const clusters: Cluster[] = [];
    for (const size of sizes) clusters.push(await startCluster(start, size));
    return await use(clusters);
  } finally {
    for (const one of started) await one.stop();
  }
}

async function startCluster(
  start: (seedPort?: number) => Promise<ClusterNode>,
  size: number,
): Promise<Cluster> {
  const founder = await start();
  const nodes = [founder];
  let owners = await settled(nodes);
  // One after the other: so every node knows its share before the next one changes it.
  while (nodes.length < size) {
    nodes.push(await start(founder.clusterPort));
    owners = await settled(nodes);
  }
  return { nodes, owners };
}

/** Resolves to who executes what when the nodes share all slots, all of them say so in the same way, and nothing moves any more. */
export async function settled(nodes: readonly Server[]): Promise<SlotOwners> {
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
