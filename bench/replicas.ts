/** Several processes that hold the same keys: what tells that they do, and the rival's way to have some. */
import { setTimeout as pause } from "node:timers/promises";
import type { Bench } from "./bench.js";
import { Connection } from "./resp.js";
import { type Contender, type Server, startServer } from "./servers.js";

/** Copying a million keys takes a second or two; more than this and it hangs. */
const settleMsMax = 60_000;
const lookMs = 20;

/** A primary of the rival's, and the replicas that copy all it has. */
export interface Replicated {
  readonly primary: Server;
  readonly replicas: readonly Server[];
}

/** Runs `use` with so many replicas linked to a primary, and stops them all whatever happens. */
export async function withReplicas<Value>(
  { children }: Bench,
  { rival, count, kept }: { rival: Contender; count: number; kept: readonly string[] },
  use: (replicated: Replicated) => Promise<Value>,
): Promise<Value> {
  const started: Server[] = [];
  const start = async (more: readonly string[]): Promise<Server> => {
    const server = await startServer(children, rival, { flags: [...kept, ...more] });
    started.push(server);
    return server;
  };
  try {
    const primary = await start(["--repl-diskless-sync-delay", "0"]);
    const replicas: Server[] = [];
    while (replicas.length < count)
      replicas.push(await start(["--replicaof", "127.0.0.1", String(primary.port)]));
    for (const replica of replicas) await untilInfo(replica, "master_link_status:up");
    return await use({ primary, replicas });
  } finally {
    for (const server of started) await server.stop();
  }
}

/** Resolves when a node of a replicated cluster has caught up with the others, by its own word. */
export function whenInSync(node: Server): Promise<void> {
  return untilInfo(node, "torus_in_sync:yes");
}

/** Resolves when all slots have as many copies as they are to have, none of which lacks anything, as all of these nodes see it. */
export async function whenCopiesAre(nodes: readonly Server[]): Promise<void> {
  for (const node of nodes) await untilInfo(node, "torus_copies_status:ok");
}

/** Resolves when a line of INFO replication is there. */
async function untilInfo({ name, port }: Server, line: string): Promise<void> {
  const deadlineMs = performance.now() + settleMsMax;
  const connection = await Connection.open(port);
  try {
    for (;;) {
      const lines = (await connection.call("INFO", "replication")).split("\r\n");
      if (lines.includes(line)) return;
      if (performance.now() > deadlineMs)
        throw new Error(`${name} did not say ${line} within ${settleMsMax} ms, but:\n${lines.join("\n")}`);
      await pause(lookMs);
    }
  } finally {
    connection.close();
  }
}

/**
 * Resolves when `copies` others have all that a server executed until now: behind a write of its own, of a key that this server executes, WAIT
 * tells.
 */
export async function whenCopied({ name, port }: Server, key: string, copies: number): Promise<void> {
  const connection = await Connection.open(port);
  try {
    await connection.call("SET", key, "copied");
    const acknowledged = Number(await connection.call("WAIT", String(copies), String(settleMsMax)));
    if (acknowledged < copies) throw new Error(`${name} was copied by ${acknowledged} of ${copies} others`);
  } finally {
    connection.close();
  }
}
