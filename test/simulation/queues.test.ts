import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { ReplicatedNodes } from "../support/replicated-nodes.js";
import { SimCaller } from "../support/sim-caller.js";
import { NODE_PORT } from "./cluster/fleet.js";

/** Of each kind; what a seed takes is some seconds. */
const SEEDS = 2;
const QUEUES = ["jobs", "mail", "news"];
const WORKERS = 9;
const PUSHERS = 3;
const STEP_MS = 20;
const ELEMENT = /"(e\d+)"/;

/** Somebody who always has one command under way, and finds another node when its own is gone. */
class Asker {
  #caller: SimCaller | undefined;
  #isAsked = false;

  constructor(
    readonly nodes: ReplicatedNodes,
    readonly prng: Prng,
    /** The next command; undefined if there is none for now. */
    readonly next: () => readonly string[] | undefined,
    /** What came of the last one: undefined if the connection ended first. */
    readonly told: (reply: string | undefined) => void,
  ) {}

  get isAsked(): boolean {
    return this.#isAsked;
  }

  async step(): Promise<void> {
    if (this.#caller?.isClosed === true) {
      if (this.#isAsked) this.#hear(undefined);
      this.#caller = undefined;
    }
    if (this.#caller === undefined) {
      await this.#connect();
      return;
    }
    if (this.#isAsked && this.#caller.unread > 0) this.#hear((await this.#caller.read(1))[0]);
    if (this.#isAsked) return;
    const command = this.next();
    if (command === undefined) return;
    this.#isAsked = true;
    this.#caller.send(...command);
  }

  close(): void {
    this.#caller?.close();
  }

  #hear(reply: string | undefined): void {
    this.#isAsked = false;
    this.told(reply);
  }

  async #connect(): Promise<void> {
    const { serving } = this.nodes.fleet;
    if (serving.length === 0) return;
    const endpoint = { host: this.prng.pick(serving), port: NODE_PORT };
    const caller = await SimCaller.connect(this.nodes.world, "client", endpoint).catch(() => undefined);
    if (caller === undefined) return;
    caller.send("TORUS", "CONSISTENCY", "quorum");
    const reply = await caller.read(1).catch(() => undefined);
    if (reply?.[0] === "OK") this.#caller = caller;
    else caller.close();
  }
}

/** Elements that are pushed, and what became of them. */
class Books {
  readonly pushed = new Set<string>();
  readonly doubtful = new Set<string>();
  readonly delivered: string[] = [];
  /** Pops of which a client was told, or must think, that nobody knows. */
  doubtfulPops = 0;
  /** Those of them whose client was told so, and how. */
  readonly said: string[] = [];

  settlePush(element: string, reply: string | undefined): void {
    if (reply !== undefined && /^\d+$/.test(reply)) this.pushed.add(element);
    else if (reply === undefined || /^-"(INDOUBT|NOQUORUM)/.test(reply)) this.doubtful.add(element);
    else expect(reply).to.match(/^-"?(TRYAGAIN|NOREPLICAS|CLUSTERDOWN|LOADING|MISCONF)/);
  }

  settlePop(reply: string | undefined): void {
    if (reply === undefined || /^-"(INDOUBT|NOQUORUM)/.test(reply)) {
      this.doubtfulPops++;
      if (reply !== undefined) this.said.push(reply);
    } else if (ELEMENT.test(reply)) this.delivered.push(ELEMENT.exec(reply)![1]!);
    else expect(reply).to.match(/^(nil|-"?(TRYAGAIN|NOREPLICAS|CLUSTERDOWN|LOADING|MISCONF))/);
  }

  judge(left: readonly string[]): void {
    const { pushed, doubtful, delivered } = this;
    expect(new Set(delivered).size, "nothing is delivered twice").to.equal(delivered.length);
    const found = new Set([...delivered, ...left]);
    expect(found.size, "nothing that was delivered comes back").to.equal(delivered.length + left.length);
    for (const element of found) {
      expect(pushed.has(element) || doubtful.has(element), `${element} was pushed`).to.equal(true);
    }
    const lost = [...pushed].filter((element) => !found.has(element));
    expect(lost.length, "nothing is lost but what somebody was told is in doubt").to.be.at.most(
      this.doubtfulPops,
    );
  }
}

/** Lets workers wait at any nodes for what pushers push at any others, while `disturb` does what it likes. */
async function run(
  seed: number,
  disturb: (nodes: ReplicatedNodes, prng: Prng, pass: (ms: number) => Promise<void>) => Promise<void>,
): Promise<Books> {
  const nodes = await ReplicatedNodes.start(4, { quorumTimeoutMs: "1000" }, `queues ${seed}`);
  const prng = new Prng(`queues ${seed}`);
  const books = new Books();
  let isOver = false;
  let count = 0;
  const askers: Asker[] = [];
  for (let i = 0; i < WORKERS; i++) {
    const queue = QUEUES[i % QUEUES.length]!;
    const timeout = i < QUEUES.length ? "0" : String(1 + prng.below(20));
    const next = () => (isOver ? undefined : ["BLPOP", queue, timeout]);
    askers.push(new Asker(nodes, prng, next, (reply) => books.settlePop(reply)));
  }
  for (let i = 0; i < PUSHERS; i++) {
    let element = "";
    const next = () => {
      if (isOver || !prng.chance(0.2)) return undefined;
      element = `e${count++}`;
      return ["RPUSH", prng.pick(QUEUES), element];
    };
    askers.push(new Asker(nodes, prng, next, (reply) => books.settlePush(element, reply)));
  }
  const pass = async (ms: number) => {
    for (const untilMs = nodes.world.nowMs + ms; nodes.world.nowMs < untilMs; ) {
      for (const asker of askers) await asker.step();
      await nodes.world.advance(STEP_MS);
    }
  };
  await pass(500);
  await disturb(nodes, prng, pass);
  await nodes.until(async () => {
    await pass(200);
    return (await nodes.fleet.unsettled()) === undefined;
  });
  await pass(2000);
  isOver = true;
  // Those who wait for ever get something each.
  const name = nodes.fleet.serving[0]!;
  for (const queue of QUEUES) {
    for (let i = 0; i < WORKERS; i++) {
      const element = `e${count++}`;
      await nodes.call(name, "RPUSH", queue, element);
      books.pushed.add(element);
    }
  }
  for (let waited = 0; askers.some(({ isAsked }) => isAsked) && waited < 60; waited++) await pass(1000);
  expect(askers.filter(({ isAsked }) => isAsked)).to.deep.equal([]);
  const left: string[] = [];
  for (const queue of QUEUES)
    left.push(...((await nodes.call(name, "LRANGE", queue, "0", "-1")) as string[]));
  books.judge(left);
  for (const asker of askers) asker.close();
  for (const at of nodes.fleet.serving) {
    const { keyspace } = nodes.fleet.interiorOf(at)!;
    await nodes.world.advance(1000);
    expect(keyspace.watchers.count, "nobody waits any more").to.equal(0);
  }
  await nodes.close();
  return books;
}

describe("queues in a cluster", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`deliver each element once, to somebody, and disturb nobody who waits, while nodes come and go (seed ${seed})`, async function () {
      this.timeout(120_000);
      const books = await run(seed, async ({ fleet }, prng, pass) => {
        for (let round = 0; round < 2; round++) {
          fleet.add();
          await pass(3000 + prng.below(2000));
          fleet.leave(prng.pick(fleet.serving.slice(0, -1)));
          await pass(3000 + prng.below(2000));
        }
      });
      expect(books.delivered.length).to.be.above(100);
      expect(books.said, "nobody is in doubt where nothing fails").to.deep.equal([]);
    });

    it(`lose and double none but those in doubt while those crash who execute (seed ${seed})`, async function () {
      this.timeout(120_000);
      const books = await run(seed, async (nodes, prng, pass) => {
        for (let round = 0; round < 3; round++) {
          const name = prng.pick(nodes.fleet.serving);
          nodes.fleet.crash(name, prng.chance(0.5));
          await pass(1000 + prng.below(6000));
          await nodes.restart(name);
          await pass(2000 + prng.below(4000));
        }
      });
      expect(books.delivered.length).to.be.above(50);
    });

    it(`do so while ways between nodes are cut (seed ${seed})`, async function () {
      this.timeout(120_000);
      const books = await run(seed, async ({ world, fleet }, prng, pass) => {
        for (let round = 0; round < 3; round++) {
          const one = prng.pick(fleet.serving);
          world.partition(
            [one],
            fleet.serving.filter((name) => name !== one),
          );
          await pass(1000 + prng.below(8000));
          world.heal();
          await pass(2000 + prng.below(4000));
        }
      });
      expect(books.delivered.length).to.be.above(50);
    });
  }
});
