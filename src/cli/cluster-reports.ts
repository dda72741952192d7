/** What a node says of its cluster in TORUS STATUS, MEMBERS and RING, read from replies in RESP2. Knows nothing of how it is shown. */
import type { Redis } from "ioredis";
import type { ChangePhase, PlacementChange } from "../cluster/placement.js";
import type { CopyState } from "../cluster/replication-view.js";
import type { Lifecycle, NodeId, Status } from "../membership/member.js";
import { CommandFailure } from "./connection-options.js";

/** A change of owners that is under way. Slots and bytes are those that the node which was asked has a part in. */
export interface ChangeReport {
  readonly kind: PlacementChange["kind"];
  readonly phase: ChangePhase;
  /** Who joins, leaves or is forgotten. */
  readonly node: NodeId;
  readonly name: string;
  /** Who is forgotten together with it. */
  readonly others: readonly NodeId[];
  readonly slots: number;
  readonly slotsDone: number;
  readonly bytesShipped: number;
}

/** The comparison of copies with another owner. */
export interface RepairReport {
  readonly slots: number;
  readonly slotsCompared: number;
}

/** Another owner of the slots of the node that was asked, and what it has of what that node executed. */
export interface PeerReport {
  readonly id: NodeId;
  readonly name: string;
  readonly copy: CopyState;
  readonly lagBytes: number;
  readonly lagRecords: number;
  readonly lagMs: number;
  readonly repair: RepairReport | null;
}

export interface ReplicationReport {
  /** Copies that are wanted, that there are nodes for, and that slots with the fewest have at present. */
  readonly factor: number;
  readonly placed: number;
  readonly copies: number;
  /** Whether the node has caught up. */
  readonly inSync: boolean;
  readonly peers: readonly PeerReport[];
}

export interface StatusReport {
  readonly node: NodeId;
  readonly name: string;
  /** Null as long as the node has found no cluster. */
  readonly cluster: string | null;
  readonly lifecycle: Lifecycle;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly membersAlive: number;
  readonly membersSuspect: number;
  readonly membersDead: number;
  readonly placementEpoch: number;
  readonly change: ChangeReport | null;
  /** Slots that this node executes. */
  readonly slots: number;
  /** Whether every slot has a node that executes it. */
  readonly covered: boolean;
  /** What the node lacks, and what is weaker than it should be, in its words. */
  readonly missing: readonly string[];
  readonly warnings: readonly string[];
  /** Null in a cluster that keeps one of everything. */
  readonly replication: ReplicationReport | null;
  readonly linksUp: number;
  readonly linksDown: number;
  /** How many times longer than usual the node waits before it suspects others. */
  readonly slowness: number;
}

export interface MemberReport {
  readonly id: NodeId;
  readonly name: string;
  /** Whether it is the node that was asked. */
  readonly self: boolean;
  readonly lifecycle: Lifecycle;
  readonly status: Status;
  /** For how long it has had that status. */
  readonly sinceMs: number;
  readonly host: string;
  /** 0 for none, as the other ports. */
  readonly port: number;
  readonly clusterPort: number;
  readonly httpPort: number;
  readonly zone: string;
  readonly weight: number;
  readonly slots: number;
  /** How the node that was asked reaches it. */
  readonly link: "self" | "up" | "down" | "none";
  /** Whether it says that it has caught up; null in a cluster that keeps one of everything. */
  readonly inSync: boolean | null;
  /** What it has of what the node that was asked executed; `none` if they share no slots. */
  readonly copy: CopyState | "here" | "none";
  /** Null where it cannot lag. */
  readonly lagBytes: number | null;
  readonly lagMs: number | null;
}

/** Slots `first` to `last` are executed by a node. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly id: NodeId;
  readonly name: string;
}

export async function askStatus(redis: Redis): Promise<StatusReport> {
  const fields = fieldsOf(await askTorus(redis, "STATUS"));
  const { covered, change, replication, slowness } = fields;
  return {
    ...fields,
    covered: covered === 1,
    change: change === null ? null : fieldsOf(change),
    replication: replication === null ? null : replicationOf(replication),
    slowness: Number(slowness),
  } as unknown as StatusReport;
}

function replicationOf(reply: unknown): Record<string, unknown> {
  const fields = fieldsOf(reply);
  const { inSync, peers } = fields;
  return { ...fields, inSync: inSync === 1, peers: (peers as unknown[]).map(peerOf) };
}

function peerOf(reply: unknown): Record<string, unknown> {
  const fields = fieldsOf(reply);
  const { whole, received, repair } = fields;
  return {
    ...fields,
    whole: whole === 1,
    received: received === 1,
    repair: repair === null ? null : fieldsOf(repair),
  };
}

export async function askMembers(redis: Redis): Promise<readonly MemberReport[]> {
  return ((await askTorus(redis, "MEMBERS")) as unknown[]).map((member) => {
    const fields = fieldsOf(member);
    const { self, weight, inSync } = fields;
    return {
      ...fields,
      self: self === 1,
      weight: Number(weight),
      inSync: inSync === null ? null : inSync === 1,
    } as unknown as MemberReport;
  });
}

export async function askRing(redis: Redis): Promise<readonly SlotRange[]> {
  const ranges = (await askTorus(redis, "RING")) as [number, number, string, string][];
  return ranges.map(([first, last, id, name]) => ({ first, last, id, name }));
}

/** Sends a subcommand of TORUS. Rejects with a `ReplyError` of the node, or with a `CommandFailure` if it gives none that says anything. */
export async function askTorus(redis: Redis, ...words: readonly string[]): Promise<unknown> {
  try {
    return await redis.call("TORUS", ...words);
  } catch (error) {
    const { name, message } = error as Error;
    const { host, port } = redis.options;
    if (/^ERR unknown (sub)?command/i.test(message)) {
      throw new CommandFailure(
        `what answers at ${host}:${port} is no TorusKV node that knows TORUS ${words[0]}`,
      );
    }
    if (name !== "ReplyError") {
      throw new CommandFailure(`${host}:${port} did not answer TORUS ${words[0]}: ${message}`);
    }
    throw error;
  }
}

/** The fields of a map, which RESP2 carries as a flat list; `uptime-seconds` becomes `uptimeSeconds`. */
function fieldsOf(reply: unknown): Record<string, unknown> {
  const flat = reply as unknown[];
  const fields: Record<string, unknown> = {};
  for (let i = 0; i < flat.length; i += 2) {
    const name = String(flat[i]).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    fields[name] = flat[i + 1];
  }
  return fields;
}
