/** Clients of a cluster of processes that write as fast as they are answered, and know what must be there in the end. */
import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { Counter } from "../../simulation/cluster/counter.js";
import { type Fate, Register } from "../../simulation/cluster/register.js";
import { type ProcessCluster, type ProcessNode, valuesOf } from "../../support/process-cluster.js";
import { type Reply, textOf } from "../../support/reply.js";
import { encodeCommand } from "../../support/request.js";
import type { WireClient } from "../../support/wire-client.js";

/** Commands that a client sends at once: one client of each at every node. */
const DEPTHS = [1, 30];
const KEYS = 40;
const REFUSED = /^(TRYAGAIN|CLUSTERDOWN|LOADING) /;
const RECONNECT_MS = 20;

export interface LoadOptions {
  readonly nodes: readonly ProcessNode[];
  /** Commands may be refused or in doubt, and connections end. */
  readonly mayFail: boolean;
}

/** A command on its way. */
interface Sent {
  settle(fate: Fate, reply?: Reply): void;
}

export class Load {
  readonly #cluster: ProcessCluster;
  readonly #mayFail: boolean;
  readonly #counter = new Counter("counter");
  readonly #registers: Register[] = [];
  readonly #running: Promise<unknown>;
  #acknowledged = 0;
  #isEnding = false;
  #waiting: { readonly count: number; readonly resolve: () => void } | undefined;

  constructor(cluster: ProcessCluster, { nodes, mayFail }: LoadOptions) {
    this.#cluster = cluster;
    this.#mayFail = mayFail;
    const writers = nodes.flatMap((node) => DEPTHS.map((depth) => this.#write(node, depth)));
    this.#running = Promise.all(writers);
    this.#running.catch(() => {});
  }

  /** Resolves when so many more writes are acknowledged. Rejects as soon as a promise is broken. */
  async acknowledged(more: number): Promise<void> {
    const enough = new Promise<void>((resolve) => {
      this.#waiting = { count: this.#acknowledged + more, resolve };
    });
    await Promise.race([enough, this.#running]);
  }

  /** Ends the load, and asks every node whether all is there that was acknowledged, and nothing was done twice. */
  async verify(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
    for (const node of this.#cluster.nodes) {
      const client = await this.#cluster.connect(node);
      const values = valuesOf(await client.call("MGET", ...this.#registers.map(({ key }) => key)));
      for (const [i, register] of this.#registers.entries()) register.shown(values[i], register.floor);
      this.#counter.judge(Number(textOf(await client.call("GET", this.#counter.key))));
      await client.close();
    }
  }

  async #write(first: ProcessNode, depth: number): Promise<void> {
    const prng = new Prng(`${first.name} ${depth}`);
    const registers = Array.from({ length: KEYS }, (_, i) => new Register(`${first.name}-${depth}:${i}`));
    this.#registers.push(...registers);
    let client = await this.#cluster.connect(first);
    while (!this.#isEnding) {
      const sent: Sent[] = [];
      const requests: Buffer[] = [];
      for (let i = 0; i < depth; i++) {
        const { request, ...command } = prng.chance(0.3)
          ? this.#increment()
          : this.#set(prng.pick(registers));
        requests.push(request);
        sent.push(command);
      }
      client.send(Buffer.concat(requests));
      if (!(await this.#settle(client, sent))) client = await this.#reconnect(prng);
    }
    await client.close();
  }

  #set(register: Register): Sent & { readonly request: Buffer } {
    const value = `${register.key}=${register.last + 1}`;
    const write = register.write(value);
    return {
      request: encodeCommand(["SET", register.key, value]),
      settle: (fate) => register.settle(write, fate),
    };
  }

  #increment(): Sent & { readonly request: Buffer } {
    const counter = this.#counter;
    const { floor } = counter;
    counter.send();
    return {
      request: encodeCommand(["INCR", counter.key]),
      settle(fate, reply) {
        if (fate === "doubtful") counter.doubt();
        if (fate === "done") counter.acknowledge(Number(textOf(reply!)), floor);
      },
    };
  }

  /** False if the connection ended. */
  async #settle(client: WireClient, sent: readonly Sent[]): Promise<boolean> {
    let isOpen = true;
    for (const command of sent) {
      const reply = await client.replyOrClose();
      isOpen &&= reply !== "closed";
      const fate = reply === "closed" ? "doubtful" : fateOf(reply);
      if (!this.#mayFail) expect(fate, reply === "closed" ? reply : textOf(reply)).to.equal("done");
      command.settle(fate, reply === "closed" ? undefined : reply);
      if (fate === "done") this.#acknowledge();
    }
    return isOpen;
  }

  /** A connection to whichever node lets one in. */
  async #reconnect(prng: Prng): Promise<WireClient> {
    for (;;) {
      try {
        return await this.#cluster.connect(prng.pick(this.#cluster.nodes));
      } catch {
        // It is down, and the next try goes to another one, maybe.
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
      }
    }
  }

  #acknowledge(): void {
    this.#acknowledged++;
    if (this.#waiting !== undefined && this.#acknowledged >= this.#waiting.count) this.#waiting.resolve();
  }
}

function fateOf(reply: Reply): Fate {
  if (reply.kind !== "error") return "done";
  if (reply.text.startsWith("INDOUBT ")) return "doubtful";
  if (REFUSED.test(reply.text)) return "refused";
  throw new Error(`a reply that cannot be: ${reply.text}`);
}
