/**
 * Applications of a cluster of processes: ioredis clients that write with a majority of the owners, and know what must be there whatever
 * happens to a minority of them. One that loses its connection goes to another node.
 */
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { Prng } from "#torus/base/prng.js";
import { type Fate, Register } from "../../simulation/cluster/register.js";
import { Violation } from "../../simulation/cluster/violation.js";
import type { ProcessCluster, ProcessNode } from "../../support/process-cluster.js";
import { PATIENCE_MS } from "../../support/wire-client.js";

const HOST = "127.0.0.1";
const CLIENTS = 6;
const REGISTERS = 20;
const COUNTERS = 4;
/** Keys that are read with one command. */
const READ_AT_ONCE = 500;
/** A frozen node answers nothing: its clients leave it then. */
const COMMAND_TIMEOUT_MS = 2000;
/** Between the writes of a client, so that the machine has time left for what is done to the nodes; and after one that failed. */
const PACE_MS = 5;
const PAUSE_MS = 20;
const REFUSED = /^(TRYAGAIN|CLUSTERDOWN|LOADING|NOREPLICAS) /;
const DOUBTFUL = /^(INDOUBT|NOQUORUM) |^Connection is closed\.$|^Command timed out$/;

/** What clients know of a counter. */
interface Count {
  readonly key: string;
  sent: number;
  acknowledged: number;
  refused: number;
}

export class QuorumLoad {
  readonly #cluster: ProcessCluster;
  /** Keys that are set once, each to its own name, and what became of that. */
  readonly #once = new Map<string, Fate>();
  readonly #registers: Register[] = [];
  readonly #counters: readonly Count[];
  readonly #running: Promise<unknown>;
  #acknowledged = 0;
  #isEnding = false;
  #waiting: { readonly count: number; readonly resolve: () => void } | undefined;

  constructor(cluster: ProcessCluster) {
    this.#cluster = cluster;
    this.#counters = Array.from({ length: COUNTERS }, (_, i) => {
      return { key: `counter:${i}`, sent: 0, acknowledged: 0, refused: 0 };
    });
    this.#running = Promise.all(Array.from({ length: CLIENTS }, (_, i) => this.#work(`client-${i}`)));
    this.#running.catch(() => {});
  }

  /** Resolves when so many more writes are acknowledged. Rejects as soon as a promise is broken, or if they never are. */
  async acknowledged(more: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve, reject) => {
      this.#waiting = { count: this.#acknowledged + more, resolve };
      timer = setTimeout(() => reject(new Error("no writes are acknowledged any more")), PATIENCE_MS);
    });
    await Promise.race([enough, this.#running]).finally(() => clearTimeout(timer));
  }

  /** Asks each of these nodes for all that was written. Writing goes on meanwhile. */
  async verify(nodes: readonly ProcessNode[]): Promise<void> {
    for (const node of nodes) {
      const client = await open(node);
      try {
        await this.#verifyOnce(client);
        await this.#verifyRegisters(client);
        await this.#verifyCounters(client);
      } finally {
        client.disconnect();
      }
    }
  }

  /** No more is written. Rejects if a promise was broken. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
  }

  // ---- Writing ----

  async #work(name: string): Promise<void> {
    const prng = new Prng(name);
    const registers = Array.from({ length: REGISTERS }, (_, i) => new Register(`${name}:${i}`));
    this.#registers.push(...registers);
    for (let number = 0; !this.#isEnding; ) {
      const client = await this.#connect(prng);
      while (client?.status === "ready" && !this.#isEnding) {
        const kind = prng.below(3);
        if (kind === 0) await this.#setOnce(client, `once:${name}:${number++}`);
        else if (kind === 1) await this.#set(client, prng.pick(registers));
        else await this.#increment(client, prng.pick(this.#counters));
        await pause(PACE_MS);
      }
      client?.disconnect();
    }
  }

  /** A client of some node, whose writes are to be on a majority; undefined if that one is not there. */
  async #connect(prng: Prng): Promise<Redis | undefined> {
    const node = prng.pick(this.#cluster.living);
    try {
      const client = await open(node);
      await client.call("TORUS", "CONSISTENCY", "quorum");
      return client;
    } catch (error) {
      fateOf(error);
      await pause(PAUSE_MS);
      return undefined;
    }
  }

  async #setOnce(client: Redis, key: string): Promise<void> {
    this.#once.set(key, "sent");
    this.#once.set(key, await this.#fate(client, () => client.set(key, key)));
  }

  async #set(client: Redis, register: Register): Promise<void> {
    const value = `${register.key}=${register.last + 1}`;
    const write = register.write(value);
    register.settle(write, await this.#fate(client, () => client.set(register.key, value)));
  }

  async #increment(client: Redis, count: Count): Promise<void> {
    count.sent++;
    const fate = await this.#fate(client, () => client.incr(count.key));
    if (fate === "done") count.acknowledged++;
    if (fate === "refused") count.refused++;
  }

  /** What becomes of a write. A client whose write is in doubt is not used any more: it may be executed behind later ones. */
  async #fate(client: Redis, write: () => Promise<unknown>): Promise<Fate> {
    try {
      await write();
      this.#acknowledge();
      return "done";
    } catch (error) {
      const fate = fateOf(error);
      if (fate === "doubtful") client.disconnect();
      await pause(PAUSE_MS);
      return fate;
    }
  }

  #acknowledge(): void {
    this.#acknowledged++;
    if (this.#waiting !== undefined && this.#acknowledged >= this.#waiting.count) this.#waiting.resolve();
  }

  // ---- Reading ----

  async #verifyOnce(client: Redis): Promise<void> {
    const keys = [...this.#once].flatMap(([key, fate]) => (fate === "done" ? [key] : []));
    for (let i = 0; i < keys.length; i += READ_AT_ONCE) {
      const some = keys.slice(i, i + READ_AT_ONCE);
      for (const [j, value] of (await values(client, some)).entries()) {
        if (value !== some[j]) throw new Violation(`${value} is there, where its own name must be`, some[j]!);
      }
    }
  }

  async #verifyRegisters(client: Redis): Promise<void> {
    const floors = this.#registers.map(({ floor }) => floor);
    const shown = await values(
      client,
      this.#registers.map(({ key }) => key),
    );
    for (const [i, register] of this.#registers.entries()) register.shown(shown[i] ?? undefined, floors[i]!);
  }

  async #verifyCounters(client: Redis): Promise<void> {
    const least = this.#counters.map(({ acknowledged }) => acknowledged);
    const shown = await values(
      client,
      this.#counters.map(({ key }) => key),
    );
    for (const [i, { key, sent, refused }] of this.#counters.entries()) {
      const value = Number(shown[i] ?? 0);
      if (value < least[i]! || value > sent - refused)
        throw new Violation(`${value} is there: not from ${least[i]} to ${sent - refused}`, key);
    }
  }
}

/** A client that does nothing by itself: no command is sent twice. Rejects if the node is not there. */
async function open({ port }: ProcessNode): Promise<Redis> {
  const client = new Redis({
    ...{ host: HOST, port, lazyConnect: true, enableReadyCheck: false },
    ...{ retryStrategy: () => null, commandTimeout: COMMAND_TIMEOUT_MS, connectTimeout: COMMAND_TIMEOUT_MS },
  });
  // Commands reject for the same reason.
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** Of these keys. Asks again as long as some node cannot say. */
async function values(client: Redis, keys: readonly string[]): Promise<(string | null)[]> {
  const untilMs = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await client.mget(...keys);
    } catch (error) {
      if (client.status !== "ready" || Date.now() > untilMs) throw error;
      fateOf(error);
      await pause(PAUSE_MS);
    }
  }
}

/** Rethrows what no command may be answered. */
function fateOf(error: unknown): Fate {
  const { message } = error as Error;
  if (REFUSED.test(message)) return "refused";
  if (DOUBTFUL.test(message)) return "doubtful";
  throw error;
}
