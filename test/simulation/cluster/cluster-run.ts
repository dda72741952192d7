/**
 * Whole clusters with clients in simulated worlds: seeded runs that end in a judgement. A run grows a cluster node by node,
 * lets clients loose on it, breaks what its kind says may break, mends everything, and asks whether each promise was kept.
 */
import { Prng } from "#torus/base/prng.js";
import type { ConfigValues } from "#torus/config/config.js";
import type { World } from "#torus/host/sim/world.js";
import { textOf } from "../../support/reply.js";
import { worldOf } from "../../support/world.js";
import { Chronicle } from "./chronicle.js";
import { ClusterClient } from "./client.js";
import { Counter } from "./counter.js";
import { Disturbance } from "./disturbance.js";
import { Fleet, NODE_PORT } from "./fleet.js";
import { ask } from "./questions.js";
import { contentOf, judgePair, keysOf, Script, type SharedKeys, unexpected } from "./script.js";
import { Violation } from "./violation.js";
import { Walker } from "./walker.js";

/**
 * - `calm`: nodes join and leave, and nothing fails: no command may notice.
 * - `network`: datagrams get lost, ways are cut, streams break, processes stand still.
 * - `crashes`: processes crash and machines lose power; logs are synced before replies leave.
 * - `turmoil`: all of that, and links are sealed with a secret now and then.
 */
export type Kind = "calm" | "network" | "crashes" | "turmoil";
export const kinds: readonly Kind[] = ["calm", "network", "crashes", "turmoil"];

export interface ClusterRun {
  readonly kind: Kind;
  readonly seed: number;
}

/** How long a cluster may take until all agree again, once everything is mended. */
const AGREEMENT_MS = 60_000;
/** The longer messages take, the more happens while they are on their way. */
const WIRE_SPEEDS = [
  { latencyMs: 0.2, jitterMs: 0.6 },
  { latencyMs: 2, jitterMs: 10 },
];
/** One client hardly rests. */
const HASTY_MS = 40;
const WALK_MS = 60_000;
const TICK_MS = 250;
const STABLE_KEYS = 60;
const DATABASES = 2;
const STABLE_PREFIX = "stable:";

/** Runs a cluster. Throws, telling how to replay it and what happened, if a promise is broken. */
export async function runCluster({ kind, seed }: ClusterRun): Promise<void> {
  const run = new Run({ kind, seed });
  const broken = await run.play().catch((error: Error) => error);
  if (broken === undefined) return;
  // The same again, with an eye on the key whose promise was broken.
  const key = broken instanceof Violation ? broken.key : undefined;
  const again = new Run({ kind, seed, key });
  await again.play().catch(() => {});
  const replay = `npm run simulate -- cluster-${kind} --from ${seed} --seeds 1`;
  throw new Error(`${kind} seed ${seed}: ${broken.message}\nreplay: ${replay}\n${again}`, { cause: broken });
}

class Run {
  readonly #kind: Kind;
  readonly #world: World;
  readonly #prng: Prng;
  readonly #chronicle: Chronicle;
  readonly #fleet: Fleet;
  readonly #shared: SharedKeys;
  readonly #scripts: Script[] = [];
  readonly #clients: ClusterClient[] = [];
  readonly #walker: Walker;
  /** The keys of a run are all in one database. */
  readonly #database: number;
  #broken: unknown;

  constructor({ kind, seed, key }: ClusterRun & { readonly key?: string | undefined }) {
    this.#kind = kind;
    this.#prng = new Prng(`cluster ${kind} ${seed}`);
    this.#world = worldOf(`cluster ${kind} ${seed}`, { wireSpeed: this.#prng.pick(WIRE_SPEEDS) });
    this.#database = this.#prng.below(DATABASES);
    this.#chronicle = new Chronicle(this.#world, key);
    this.#fleet = new Fleet({
      world: this.#world,
      chronicle: this.#chronicle,
      config: configOf(kind, this.#prng),
      broken: (error) => this.#breaks(error),
    });
    this.#shared = {
      registers: [],
      diaries: [],
      counters: [new Counter("counter:0"), new Counter("counter:1")],
      watched: [new Counter("watched:0"), new Counter("watched:1")],
      stable: Array.from({ length: STABLE_KEYS }, (_, i) => `${STABLE_PREFIX}${i}`),
    };
    this.#walker = new Walker({
      prefix: STABLE_PREFIX,
      keys: this.#shared.stable,
      database: this.#database,
    });
  }

  toString(): string {
    return `${this.#chronicle}\n${this.#fleet}\n${this.#fleet.logs()}`;
  }

  async play(): Promise<void> {
    const prng = this.#prng;
    await this.#form(prng.below(3));
    await this.#writeStable();
    this.#letLoose(2 + prng.below(3));
    const disturbance = new Disturbance({
      world: this.#world,
      fleet: this.#fleet,
      prng: prng.fork("disturbance"),
      chronicle: this.#chronicle,
      kind: this.#kind,
    });
    for (let steps = 3 + prng.below(6); steps > 0; steps--) {
      disturbance.step();
      await this.#pass(prng.below(prng.pick([300, 1500, 5000])));
    }
    disturbance.mend();
    this.#chronicle.note("all is mended");
    await this.#agree();
    await this.#finishWalk();
    await this.#quiet();
    await this.#judge();
    await this.#fleet.close();
  }

  /** The founder and so many others that have joined before there are clients. */
  async #form(others: number): Promise<void> {
    this.#fleet.add();
    await this.#agree();
    for (let i = 0; i < others; i++) this.#fleet.add();
    await this.#agree();
  }

  #letLoose(count: number): void {
    for (let i = 0; i < count; i++) {
      const name = `c${i}`;
      const prng = this.#prng.fork(name);
      const isPlain = i === 0;
      const script = new Script({ name, prng, shared: this.#shared, database: this.#database, isPlain });
      this.#scripts.push(script);
      const pace = isPlain ? { depth: 20, restMs: HASTY_MS } : { depth: prng.pick([1, 4, 20]), restMs: 400 };
      this.#clients.push(this.#client(name, { prng, errands: script, ...pace }));
    }
    const prng = this.#prng.fork("walker");
    this.#clients.push(this.#client("walker", { prng, errands: this.#walker, depth: 1, restMs: 30 }));
  }

  #client(
    name: string,
    part: Pick<ConstructorParameters<typeof ClusterClient>[0], "prng" | "errands" | "depth" | "restMs">,
  ): ClusterClient {
    return new ClusterClient({
      ...part,
      world: this.#world,
      name,
      chronicle: this.#chronicle,
      pickNode: () => {
        const { serving } = this.#fleet;
        return serving.length === 0 ? undefined : { host: part.prng.pick(serving), port: NODE_PORT };
      },
      // Who goes to a node that is about to end may be there too late.
      mayFail: (node) => this.#kind !== "calm" || !this.#fleet.isStaying(node),
      broken: (violation) => this.#breaks(violation),
    });
  }

  #breaks(violation: unknown): void {
    this.#broken ??= violation;
  }

  /** Lets time pass, and looks after what must never take long. */
  async #pass(ms: number): Promise<void> {
    const untilMs = this.#world.nowMs + ms;
    do {
      await this.#world.run({ untilMs: Math.min(untilMs, this.#world.nowMs + TICK_MS) });
      if (this.#broken !== undefined) throw this.#broken;
      for (const client of this.#clients) client.expectInTime();
    } while (this.#world.nowMs < untilMs);
  }

  /** All nodes come to share the slots, and to know it. */
  async #agree(): Promise<void> {
    const untilMs = this.#world.nowMs + AGREEMENT_MS;
    for (;;) {
      await this.#pass(TICK_MS);
      const why = await this.#fleet.unsettled();
      if (why === undefined) return;
      if (this.#world.nowMs > untilMs) throw new Violation(`no agreement after ${AGREEMENT_MS} ms: ${why}`);
    }
  }

  /** A walk over the keys, begun before or now, comes to its end. */
  async #finishWalk(): Promise<void> {
    const untilMs = this.#world.nowMs + WALK_MS;
    const { walks } = this.#walker;
    while (this.#walker.walks === walks) {
      await this.#pass(TICK_MS);
      if (this.#world.nowMs > untilMs)
        throw new Violation(`a walk over the keys took more than ${WALK_MS} ms`);
    }
  }

  /** All that clients have asked is answered. */
  async #quiet(): Promise<void> {
    for (const client of this.#clients) client.stop();
    while (this.#clients.some((client) => !client.isIdle)) await this.#pass(TICK_MS);
    for (const client of this.#clients) client.close();
    await this.#pass(TICK_MS);
  }

  get #select(): readonly string[] {
    return ["SELECT", String(this.#database)];
  }

  async #writeStable(): Promise<void> {
    const writes = [this.#select, ...this.#shared.stable.map((key) => ["SET", key, key])];
    for (const reply of await ask(this.#world, this.#fleet.serving[0]!, writes)) {
      if (textOf(reply) !== "OK") throw unexpected(reply, "OK");
    }
  }

  /** All that was promised is there, whichever node is asked. */
  async #judge(): Promise<void> {
    const { registers, diaries, counters, watched, stable } = this.#shared;
    const pairs = this.#scripts.flatMap((script) => script.pairs);
    const single = [...registers, ...diaries, ...counters, ...watched].map(({ key }) => key);
    const commands = [
      this.#select,
      ...[...single, ...stable].map((key) => ["GET", key]),
      ...pairs.map((pair) => ["MGET", ...keysOf(pair)]),
    ];
    for (const name of this.#fleet.serving) {
      const replies = [...(await ask(this.#world, name, commands))];
      const next = () => replies.shift()!;
      next();
      for (const register of registers) register.shown(contentOf(next()), register.floor);
      for (const diary of diaries) diary.shown(contentOf(next()) ?? "", diary.acknowledged);
      for (const counter of [...counters, ...watched]) counter.judge(Number(contentOf(next()) ?? 0));
      for (const key of stable) if (contentOf(next()) !== key) throw new Violation(`${key} is gone`);
      for (const pair of pairs) judgePair(pair, next(), pair.floor);
    }
  }
}

function configOf(kind: Kind, prng: Prng): ConfigValues {
  const isKept = kind === "crashes" || kind === "turmoil" || prng.chance(0.3);
  const isSealed = kind === "turmoil" && prng.chance(0.2);
  return {
    membershipPreset: "local",
    databases: String(DATABASES),
    appendonly: isKept ? "yes" : "no",
    appendfsync: "always",
    save: "",
    ...(isSealed ? { clusterSecret: "secret" } : {}),
  };
}
