/**
 * Clusters with several copies of each key, in simulated worlds: seeded runs in which clients write at every level while nodes come,
 * go and fail as the kind of the run says. Then all is mended, and what was promised is held against what is there.
 */
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { Prng } from "#torus/base/prng.js";
import type { ConfigValues } from "#torus/config/config.js";
import type { World } from "#torus/host/sim/world.js";
import { stateOf } from "../../support/keyspace-contents.js";
import { worldOf } from "../../support/world.js";
import { Chronicle } from "../cluster/chronicle.js";
import { ClusterClient } from "../cluster/client.js";
import { Fleet, NODE_PORT } from "../cluster/fleet.js";
import { ask } from "../cluster/questions.js";
import { textsOf } from "../cluster/script.js";
import { Violation } from "../cluster/violation.js";
import { type Difference, difference } from "./copies.js";
import { Faults } from "./faults.js";
import { type Kind, type KindOfRun, kinds } from "./kinds.js";
import { type Leaf, shownBy } from "./leaf.js";
import { DATABASE, FLUSHED_DATABASE, Ledger } from "./ledger.js";
import { Lens } from "./lens.js";
import type { Level } from "./level.js";
import { Workload } from "./workload.js";

export interface ReplicatedRun {
  readonly kind: Kind;
  readonly seed: number;
  /** Of each key, as far as there are nodes. */
  readonly copies: number;
}

/** How long a cluster may take, once everything is mended, until all agree again and all copies are the same. */
const AGREEMENT_MS = 60_000;
/** What a command may take where nodes stand still for seconds, beside all deadlines. */
const COMMAND_MS = 30_000;
const TICK_MS = 250;
const LENS_TICK_MS = 5;
/** How long clients go on once all is mended. */
const SETTLED_MS = 1000;
/** Unless a run is told otherwise (scripts/few-slots.ts). */
const USUAL_SLOTS = 16_384;
/** Messages of two speeds: the longer they take, the more happens while they are on their way. */
const WIRE_SPEEDS = [
  { latencyMs: 0.2, jitterMs: 0.6 },
  { latencyMs: 2, jitterMs: 10 },
];

/** Runs a cluster. Throws, telling how to replay it and what happened, if a promise is broken. */
export async function runReplicated(of: ReplicatedRun): Promise<void> {
  const run = new Run(of);
  const broken = await run.play().catch((error: Error) => error);
  if (broken === undefined) return;
  const key = broken instanceof Violation ? broken.key : undefined;
  const told = key === undefined ? run : await playAgain(of, key);
  const { kind, seed, copies } = of;
  const family = copies === 1 ? "unreplicated" : "replicated";
  const slots = SLOT_COUNT === USUAL_SLOTS ? "" : ` --slots ${SLOT_COUNT}`;
  const replay = `npm run simulate -- ${family}-${kind} --from ${seed} --seeds 1${slots}`;
  const what = `${family} ${kind} seed ${seed}: ${broken.message}`;
  throw new Error(`${what}\nreplay: ${replay}\n${told}`, { cause: broken });
}

/** The same again, with an eye on the key whose promise was broken. */
async function playAgain(of: ReplicatedRun, key: string): Promise<Run> {
  const run = new Run(of, key);
  await run.play().catch(() => {});
  return run;
}

class Run {
  readonly #of: ReplicatedRun;
  readonly #kind: KindOfRun;
  readonly #world: World;
  readonly #prng: Prng;
  readonly #chronicle: Chronicle;
  readonly #fleet: Fleet;
  readonly #ledger: Ledger;
  readonly #clients: ClusterClient[] = [];
  readonly #lens: Lens | undefined;
  /** From then on all is mended and agreed on: nothing that is sent may be refused any more. */
  #settledAtMs = Number.POSITIVE_INFINITY;
  #broken: unknown;

  constructor(of: ReplicatedRun, key?: string) {
    const name = `replicated ${of.kind} ${of.copies} ${of.seed}`;
    this.#of = of;
    this.#kind = kinds[of.kind];
    this.#prng = new Prng(name);
    this.#world = worldOf(name, { wireSpeed: this.#prng.pick(WIRE_SPEEDS) });
    this.#chronicle = new Chronicle(this.#world, key);
    this.#fleet = new Fleet({
      world: this.#world,
      chronicle: this.#chronicle,
      config: this.#config(),
      broken: (error) => this.#breaks(error),
    });
    this.#lens =
      key === undefined ? undefined : new Lens(this.#fleet, this.#chronicle, key.split(" ", 1)[0]!);
    this.#ledger = new Ledger(this.#kind);
  }

  toString(): string {
    return `${this.#chronicle}\n${this.#fleet}\n${this.#fleet.logs()}`;
  }

  async play(): Promise<void> {
    const prng = this.#prng;
    await this.#form(3 + prng.below(3));
    this.#letLoose(2 + prng.below(3));
    const faults = new Faults({
      world: this.#world,
      fleet: this.#fleet,
      prng: prng.fork("faults"),
      chronicle: this.#chronicle,
      faults: this.#kind.faults,
    });
    for (let steps = 4 + prng.below(10); steps > 0; steps--) {
      faults.step();
      await this.#pass(prng.below(prng.pick(this.#kind.pausesMs)));
      this.#forgetMaybe(0.3);
    }
    faults.mend();
    this.#chronicle.note("all is mended");
    await this.#agree();
    this.#settledAtMs = this.#world.nowMs;
    this.#chronicle.note("all agree");
    await this.#pass(SETTLED_MS);
    await this.#quiet();
    await this.#agree();
    await this.#judge();
    await this.#fleet.close();
  }

  /** The founder, and then the others at once. */
  async #form(count: number): Promise<void> {
    this.#fleet.add();
    await this.#agree();
    for (let i = 1; i < count; i++) this.#fleet.add();
    await this.#agree();
  }

  #letLoose(count: number): void {
    const { kept } = this.#kind;
    const isAlone = this.#of.copies === 1;
    const loses = this.#kind.faults.some((fault) => fault === "process" || fault === "disk");
    // One copy is a majority.
    const confirming: readonly Level[] = isAlone ? ["one", "quorum"] : ["quorum"];
    for (let i = 0; i < count; i++) {
      const name = `c${i}`;
      const prng = this.#prng.fork(name);
      const errands = new Workload({
        name,
        prng,
        ledger: this.#ledger,
        nowMs: () => this.#world.nowMs,
        kept,
        sessions: this.#of.copies === 1 ? kept : this.#kind.sessions,
        confirming,
        holdersOf: loses ? undefined : (leaf) => this.#holdersOf(leaf),
      });
      const client = new ClusterClient({
        world: this.#world,
        name,
        prng,
        chronicle: this.#chronicle,
        errands,
        pickNode: () => {
          const { serving } = this.#fleet;
          return serving.length === 0 ? undefined : { host: prng.pick(serving), port: NODE_PORT };
        },
        mayFail: (node, sentAtMs) => this.#mayFail(node, sentAtMs),
        depth: prng.pick([1, 1, 4, 12]),
        restMs: 250,
        commandMs: COMMAND_MS,
        broken: (violation) => this.#breaks(violation),
      });
      this.#clients.push(client);
    }
  }

  #holdersOf(leaf: Leaf): number {
    return this.#fleet.alive.filter((name) => {
      const { keyspace } = this.#fleet.interiorOf(name) ?? {};
      return keyspace && leaf.isIn(stateOf(keyspace, keyspace.databases[DATABASE]!, leaf.place.key)?.body);
    }).length;
  }

  /** Whether a node may refuse a command, or leave it in doubt. Who goes to one that is about to end may be there too late. */
  #mayFail(node: string, sentAtMs: number): boolean {
    return (this.#kind.faults.length > 0 && sentAtMs < this.#settledAtMs) || !this.#fleet.isStaying(node);
  }

  #breaks(violation: unknown): void {
    this.#broken ??= violation;
  }

  /** Lets time pass, and looks after what must never take long. */
  async #pass(ms: number): Promise<void> {
    const untilMs = this.#world.nowMs + ms;
    const tickMs = this.#lens === undefined ? TICK_MS : LENS_TICK_MS;
    do {
      await this.#world.run({ untilMs: Math.min(untilMs, this.#world.nowMs + tickMs) });
      this.#lens?.look();
      if (this.#broken !== undefined) throw this.#broken;
      for (const client of this.#clients) client.expectInTime();
    } while (this.#world.nowMs < untilMs);
  }

  /** An operator takes out of the cluster who lost its disk, at some time. */
  #forgetMaybe(chance: number): void {
    const { serving, hasLost } = this.#fleet;
    if (hasLost && serving.length > 0 && this.#prng.chance(chance))
      this.#fleet.forgetLost(this.#prng.pick(serving));
  }

  /** All nodes come to share the slots, and to know it, and all owners of a slot hold the same. */
  async #agree(): Promise<void> {
    const startMs = this.#world.nowMs;
    for (;;) {
      // To ask all takes a while of the real time.
      await this.#pass(TICK_MS + (this.#world.nowMs - startMs) / 8);
      this.#forgetMaybe(1);
      const why = await this.#unsettled();
      if (why === undefined) return;
      if (this.#world.nowMs > startMs + AGREEMENT_MS)
        throw new Violation(`no agreement after ${AGREEMENT_MS} ms: ${why.what}`, why.key);
    }
  }

  async #unsettled(): Promise<Difference | undefined> {
    const why = this.#fleet.hasLost
      ? "a node that is gone for good is still a member"
      : await this.#fleet.unsettled();
    if (why !== undefined) return { what: why, key: undefined };
    // What clients write meanwhile is on its way.
    const isQuiet = this.#clients.every(({ isIdle }) => isIdle);
    return isQuiet ? difference(this.#fleet) : undefined;
  }

  /** All that clients have asked is answered. */
  async #quiet(): Promise<void> {
    for (const client of this.#clients) client.stop();
    while (this.#clients.some((client) => !client.isIdle)) await this.#pass(TICK_MS);
    for (const client of this.#clients) client.close();
    await this.#pass(TICK_MS);
  }

  /** All that was promised is there, whichever node is asked. */
  async #judge(): Promise<void> {
    const ledger = this.#ledger;
    const passedMs = ledger.deadlinesPassedAtMs + this.#kind.clocksApartMs;
    await this.#pass(Math.max(0, passedMs - this.#world.nowMs));
    const select = (database: number) => ["SELECT", String(database)];
    for (const name of this.#fleet.serving) {
      const lists = ledger.listKeys.map((key) => ["LRANGE", key, "0", "-1"]);
      const sets = ledger.setKeys.map((key) => ["SMEMBERS", key]);
      const rest = [...lists, ...sets, select(FLUSHED_DATABASE), ["KEYS", "*"]];
      const replies = await ask(this.#world, name, [select(DATABASE), ...ledger.questions, ...rest]);
      const answers = replies.slice(1, -rest.length).map(shownBy);
      const contents = replies.slice(-rest.length, -2).map(textsOf);
      ledger.judge(answers, new Set(textsOf(replies.at(-1)!)), this.#world.nowMs);
      ledger.judgeLists(contents.slice(0, lists.length));
      ledger.judgeSets(contents.slice(lists.length));
    }
    ledger.judgeHistories();
  }

  #config(): ConfigValues {
    const { faults, graceMs } = this.#kind;
    const isKept = faults.includes("process") || faults.includes("disk") || this.#prng.chance(0.3);
    return {
      membershipPreset: "local",
      databases: "2",
      appendonly: isKept ? "yes" : "no",
      appendfsync: "always",
      save: "",
      tombstoneGraceMs: String(graceMs),
      replicationFactor: String(this.#of.copies),
    };
  }
}
