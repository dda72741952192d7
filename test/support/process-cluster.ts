/** A cluster of `torus server` processes on the loopback interface, each with a data directory and a log that is synced before replies. */
import type { ChildServer } from "./child-server.js";
import { ScratchDirectory, spawnOn, torus } from "./kept-node.js";
import { type Reply, textOf } from "./reply.js";
import type { ServerOptions } from "./target.js";
import { PATIENCE_MS, WireClient } from "./wire-client.js";

const READY = /ready to accept connections.*\bport=(\d+) clusterPort=(\d+)(?: httpPort=(\d+))?/;
const SLOTS = 16_384;
const LOOK_AGAIN_MS = 50;
/** Changes of owners follow each other: on a busy machine each takes some seconds. */
const SHARE_MS_MAX = 2 * PATIENCE_MS;

/** One of them. Its ports stay the same when it is started again. */
export interface ProcessNode {
  readonly name: string;
  readonly port: number;
  readonly clusterPort: number;
  /** Of its first life; 0 if it has none. */
  readonly httpPort: number;
  server: ChildServer;
  /** It runs, and nobody has frozen it. */
  isUp: boolean;
}

export class ProcessCluster {
  readonly nodes: ProcessNode[] = [];
  readonly #directory: ScratchDirectory;
  readonly #options: ServerOptions;
  #named = 0;

  private constructor(directory: ScratchDirectory, options: ServerOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /** Resolves when so many nodes share the slots. */
  static async start(count: number, options: ServerOptions = {}): Promise<ProcessCluster> {
    const cluster = new ProcessCluster(await ScratchDirectory.make(), options);
    try {
      for (let i = 0; i < count; i++) await cluster.add();
      await cluster.whenShared();
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** Starts a node that joins the others. Resolves when it answers; it shares the slots later (`whenShared`). */
  async add(): Promise<ProcessNode> {
    const name = `n${++this.#named}`;
    const server = this.#spawn(name, { port: 0 });
    const [, port, clusterPort, httpPort = 0] = await printed(server, READY);
    const ports = { port: Number(port), clusterPort: Number(clusterPort), httpPort: Number(httpPort) };
    const node = { name, server, isUp: true, ...ports };
    this.nodes.push(node);
    return node;
  }

  get living(): ProcessNode[] {
    return this.nodes.filter(({ isUp }) => isUp);
  }

  /** Ends a process as a crash does, or as an operator (SIGTERM). */
  async kill(node: ProcessNode, signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    node.isUp = false;
    await node.server.kill(signal);
  }

  /** Starts a node again that was killed. Resolves when it answers. */
  async restart(node: ProcessNode): Promise<void> {
    node.server = this.#spawn(node.name, { port: node.port, "cluster-port": node.clusterPort });
    await printed(node.server, READY);
    node.isUp = true;
  }

  /** From now on a process does nothing, and all its connections stay. */
  freeze(node: ProcessNode): void {
    node.isUp = false;
    process.kill(node.server.pid, "SIGSTOP");
  }

  thaw(node: ProcessNode): void {
    process.kill(node.server.pid, "SIGCONT");
    node.isUp = true;
  }

  /** Has the others forget a node that was killed and will not come back. */
  async forget(node: ProcessNode): Promise<void> {
    const [survivor] = this.living;
    const { code, errors } = await torus(
      "forget",
      node.name,
      "--yes",
      "--node",
      `127.0.0.1:${survivor!.port}`,
    );
    if (code !== 0) throw new Error(`${node.name} is not forgotten: ${errors}`);
    this.nodes.splice(this.nodes.indexOf(node), 1);
  }

  /** Has a node hand over all that it has. Resolves when its process has ended. */
  async leave(node: ProcessNode): Promise<void> {
    const client = await this.connect(node);
    const reply = await client.call("TORUS", "LEAVE");
    if (textOf(reply) !== "OK") throw new Error(`${node.name} does not leave: ${textOf(reply)}`);
    const { code, output } = await node.server.ended();
    if (code !== 0) throw new Error(`${node.name} ended with ${code}: ${output}`);
    this.nodes.splice(this.nodes.indexOf(node), 1);
  }

  connect({ port }: ProcessNode): Promise<WireClient> {
    return WireClient.connect({ port });
  }

  /** Resolves when all nodes say the same of who executes for which slots, and that they all do for some. */
  whenShared(): Promise<void> {
    return this.#until(() => this.#unshared());
  }

  /** Resolves when all slots have as many copies as they are to have, none of which lacks anything, and owners are settled. */
  async whenCopied(): Promise<void> {
    await this.whenShared();
    await this.#until(() => this.#uncopied());
  }

  /** Ends all processes. */
  async close(): Promise<void> {
    await Promise.all(this.nodes.splice(0).map(({ server }) => server.kill()));
    await this.#directory.remove();
  }

  /** Why the slots are not shared as they are to be; undefined if they are. */
  async #unshared(): Promise<string | undefined> {
    let first: string | undefined;
    for (const node of this.nodes) {
      const client = await this.connect(node);
      const [ring, status] = [await client.call("TORUS", "RING"), await client.call("TORUS", "STATUS")];
      await client.close();
      const ranges = itemsOf(ring).map((range) => itemsOf(range).map((item) => textOf(item) ?? ""));
      const text = ranges.map(([from, to, id]) => `${from}-${to} ${id}`).join(", ");
      first ??= text;
      const owners = new Set(ranges.map(([, , id]) => id)).size;
      const slots = ranges.reduce((sum, [from, to]) => sum + Number(to) - Number(from) + 1, 0);
      if (text !== first || owners !== this.nodes.length || slots !== SLOTS) {
        return `${node.name} says that ${owners} nodes have ${slots} slots`;
      }
      if (fieldOf(status, "change") !== undefined) return `${node.name} says that owners change`;
    }
    return undefined;
  }

  /** The same for copies. */
  async #uncopied(): Promise<string | undefined> {
    for (const node of this.nodes) {
      const client = await this.connect(node);
      const info = textOf(await client.call("INFO", "replication")) ?? "";
      await client.close();
      if (!/^torus_copies_status:ok\r$/m.test(info)) return `${node.name} says of copies:\n${info}`;
    }
    return undefined;
  }

  /** Resolves when there is no reason any more why not. */
  async #until(whyNot: () => Promise<string | undefined>): Promise<void> {
    const untilMs = Date.now() + SHARE_MS_MAX;
    for (;;) {
      const why = await whyNot();
      if (why === undefined) return;
      if (Date.now() > untilMs) throw new Error(`${why}\n${this.#outputs()}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  #spawn(name: string, ports: ServerOptions): ChildServer {
    const join = this.nodes
      .filter((node) => node.name !== name)
      .map(({ clusterPort }) => `127.0.0.1:${clusterPort}`);
    return spawnOn(this.#directory.file(name), {
      bind: "127.0.0.1",
      "node-name": name,
      "membership-preset": "local",
      "http-port": -1,
      "replication-factor": 1,
      ...(join.length > 0 ? { join: join.join(",") } : {}),
      ...ports,
      ...this.#options,
    });
  }

  #outputs(): string {
    return this.nodes.map(({ name, server }) => `${name}:\n${server.output}`).join("\n");
  }
}

async function printed(server: ChildServer, pattern: RegExp): Promise<RegExpExecArray> {
  try {
    return await server.printed(pattern);
  } catch (error) {
    await server.kill();
    throw error;
  }
}

function itemsOf(reply: Reply): readonly Reply[] {
  if (reply.kind !== "array") throw new Error(`an array was expected, not ${reply.kind} ${textOf(reply)}`);
  return reply.items;
}

/** The texts of an array; undefined for nil. */
export function valuesOf(reply: Reply): readonly (string | undefined)[] {
  return itemsOf(reply).map(textOf);
}

/** A field of a map as RESP2 writes it; undefined if it is nil. */
function fieldOf(map: Reply, name: string): Reply | undefined {
  const items = itemsOf(map);
  const value = items[items.findIndex((item) => textOf(item) === name) + 1]!;
  return value.kind === "nil" || value.kind === "nil-array" ? undefined : value;
}
