/** A node of a cluster as a process that may be killed, stopped and started again: it keeps its ports and its directory. */
import type { Bench } from "./bench.js";
import type { Role } from "./pinning.js";
import { type Contender, freePort, type Server, startServer } from "./servers.js";

export interface NodeOptions {
  readonly node: Contender;
  readonly role: Role;
  /** All but where it is to be found, and by whom. */
  readonly flags: readonly string[];
  /** The cluster port of a member; undefined for who founds the cluster. */
  readonly seedPort: number | undefined;
}

export class ClusterNode implements Server {
  private constructor(
    private server: Server,
    private readonly start: () => Promise<Server>,
    private readonly remove: () => void,
    readonly clusterPort: number,
  ) {}

  static async start({ children }: Bench, options: NodeOptions): Promise<ClusterNode> {
    const { node, role, flags, seedPort } = options;
    const directory = children.temporaryDirectory();
    const [port, clusterPort] = [await freePort(), await freePort()];
    const join = seedPort === undefined ? [] : ["--join", `127.0.0.1:${seedPort}`];
    const all = [...flags, "--cluster-enabled", "yes", "--cluster-port", String(clusterPort), ...join];
    const start = (): Promise<Server> => startServer(children, node, { flags: all, directory, role, port });
    const remove = (): void => children.removeDirectory(directory);
    return new ClusterNode(await start(), start, remove, clusterPort);
  }

  get side(): Server["side"] {
    return this.server.side;
  }

  get name(): string {
    return this.server.name;
  }

  get port(): number {
    return this.server.port;
  }

  get pid(): number {
    return this.server.pid;
  }

  /** Of its present life. */
  get firstPongMs(): number {
    return this.server.firstPongMs;
  }

  kill(): Promise<void> {
    return this.server.kill();
  }

  /** After `kill`, on the same ports and with what it kept. Resolves when it answers. */
  async restart(): Promise<void> {
    this.server = await this.start();
  }

  /** From now on it does nothing at all, while its connections stay: as a machine that swaps, or a virtual one that is moved. */
  freeze(): void {
    process.kill(this.pid, "SIGSTOP");
  }

  thaw(): void {
    process.kill(this.pid, "SIGCONT");
  }

  /** For good, whatever its state. */
  async stop(): Promise<void> {
    await this.server.stop();
    this.remove();
  }
}
