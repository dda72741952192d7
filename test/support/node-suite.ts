import { connectTo, type ServerOptions, type Target } from "./target.js";
import { startTorus } from "./torus-node.js";
import type { WireClient } from "./wire-client.js";

/** A node for the cases of one suite, and the connections that they open: all are closed behind each case. */
export class NodeSuite {
  #target: Target | undefined;
  readonly #clients: WireClient[] = [];

  /** Call it within `describe`: a node with these options is there before each case, and gone after it. */
  constructor(options: ServerOptions = {}) {
    beforeEach(async () => {
      this.#target = await startTorus(options);
    });
    afterEach(async () => {
      for (const client of this.#clients.splice(0)) await client.close();
      await this.#target?.close();
      this.#target = undefined;
    });
  }

  async connect(): Promise<WireClient> {
    if (this.#target === undefined) throw new Error("the node is not running yet");
    const client = await connectTo(this.#target);
    this.#clients.push(client);
    return client;
  }
}
