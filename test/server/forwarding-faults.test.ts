import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { encodeCommand } from "../support/request.js";
import type { SimCaller } from "../support/sim-caller.js";
import { SimCluster, slotOfKey } from "../support/sim-cluster.js";

const IN_DOUBT = /^-"INDOUBT the write was sent/;
const TRY_AGAIN = /^-"TRYAGAIN /;
const ROUNDS = 30;

/** A client that knows what each of its commands may reply. It alone appends to its keys; all count with the same counters. */
class Scribe {
  readonly keys: readonly string[];
  readonly counters = new Map<string, { surely: number; perhaps: number }>();
  /** By key, the tokens appended to it and what became of them. */
  readonly #tokens = new Map<string, { token: number; fate: "made" | "doubtful" | "not made" }[]>();
  readonly #checks: ((reply: string) => void)[] = [];
  #taken = 0;
  #nextToken = 1;

  constructor(
    readonly caller: SimCaller,
    readonly prng: Prng,
    name: string,
  ) {
    this.keys = Array.from({ length: 6 }, (_, i) => `${name}${i}`);
  }

  sendSome(): void {
    const requests: Buffer[] = [];
    for (let count = 1 + this.prng.below(20); count > 0; count--) requests.push(this.#draw());
    this.caller.sendBytes(Buffer.concat(requests));
  }

  get isAnswered(): boolean {
    return this.caller.replies.length === this.#checks.length;
  }

  checkReplies(): void {
    for (; this.#taken < this.caller.replies.length; this.#taken++) {
      this.#checks[this.#taken]!(this.caller.replies[this.#taken]!);
    }
  }

  /** `value`: of the key, now that nothing happens any more. */
  checkEnd(key: string, value: string): void {
    this.#checkValue(key, value, Number.POSITIVE_INFINITY);
  }

  #draw(): Buffer {
    const { prng } = this;
    const key = prng.pick(this.keys);
    switch (prng.below(5)) {
      case 0:
        return this.#expect(encodeCommand(["PING"]), (reply) => expect(reply).to.equal("PONG"));
      case 1:
        return this.#count(`count${prng.below(4)}`);
      case 2: {
        const upTo = this.#nextToken;
        return this.#expect(encodeCommand(["GET", key]), (reply) => {
          if (!TRY_AGAIN.test(reply)) this.#checkValue(key, reply, upTo);
        });
      }
      default:
        return this.#append(key);
    }
  }

  #append(key: string): Buffer {
    const entry: { token: number; fate: "made" | "doubtful" | "not made" } = {
      token: this.#nextToken++,
      fate: "doubtful",
    };
    const tokens = this.#tokens.get(key) ?? [];
    this.#tokens.set(key, [...tokens, entry]);
    return this.#expect(encodeCommand(["APPEND", key, `${entry.token},`]), (reply) => {
      if (/^\d+$/.test(reply)) entry.fate = "made";
      else if (TRY_AGAIN.test(reply)) entry.fate = "not made";
      else expect(reply).to.match(IN_DOUBT);
    });
  }

  #count(counter: string): Buffer {
    const tally = this.counters.get(counter) ?? { surely: 0, perhaps: 0 };
    this.counters.set(counter, tally);
    return this.#expect(encodeCommand(["INCR", counter]), (reply) => {
      if (/^\d+$/.test(reply)) tally.surely++;
      else if (!TRY_AGAIN.test(reply)) tally.perhaps++;
      if (!/^\d+$/.test(reply) && !TRY_AGAIN.test(reply)) expect(reply).to.match(IN_DOUBT);
    });
  }

  /** `upTo`: the first token that was not appended yet when this was asked for. */
  #checkValue(key: string, value: string, upTo: number): void {
    const found = (value === "nil" ? "" : (JSON.parse(value) as string))
      .split(",")
      .filter(Boolean)
      .map(Number);
    expect(new Set(found).size, `no token twice in ${value}`).to.equal(found.length);
    const tokens = this.#tokens.get(key) ?? [];
    const made = tokens
      .filter(({ fate, token }) => fate === "made" && token < upTo)
      .map(({ token }) => token);
    expect(found.filter((token) => made.includes(token))).to.deep.equal(made);
    for (const token of found) {
      const entry = tokens.find((candidate) => candidate.token === token);
      // What comes later and is in doubt may have been made before the link broke on the question.
      const isPossible = entry?.fate === "made" ? token < upTo : entry?.fate === "doubtful";
      expect(isPossible, `token ${token} in ${value}, asked at ${upTo}`).to.equal(true);
    }
  }

  #expect(request: Buffer, check: (reply: string) => void): Buffer {
    this.#checks.push(check);
    return request;
  }
}

/** Breaks links and moves slots at random times. */
function disturb(cluster: SimCluster, prng: Prng, slots: readonly number[]): void {
  const { world } = cluster;
  const { timers } = world.host("fate");
  const names = cluster.nodes.map(({ name }) => name);
  const [one, other] = [prng.pick(names), prng.pick(names)];
  switch (prng.below(4)) {
    case 0:
      world.resetStreams(one, other);
      break;
    case 1:
      world.cut([one], [other]);
      timers.after(prng.below(3000), () => world.heal());
      break;
    default: {
      const moved = slots.filter(() => prng.chance(0.3));
      cluster.move(moved, prng.below(names.length), {
        hearing: names.flatMap((_, i) => (prng.chance(0.5) ? [i] : [])),
      });
      timers.after(prng.below(300), () => cluster.tellAll());
    }
  }
}

describe("Commands for slots of other nodes while links break and slots change hands", () => {
  for (let seed = 1; seed <= 30; seed++) {
    it(`are executed once, in order, or answer why not (seed ${seed})`, async () => {
      const cluster = await SimCluster.start({ seed, timeoutMs: 1000 });
      const prng = new Prng(`faults ${seed}`);
      const scribes: Scribe[] = [];
      for (const name of ["anna", "ugo", "zoe"]) {
        scribes.push(new Scribe(await cluster.connect(prng.below(3)), prng.fork(name), name));
      }
      const counters = Array.from({ length: 4 }, (_, i) => `count${i}`);
      const slots = [...new Set([...counters, ...scribes.flatMap(({ keys }) => keys)].map(slotOfKey))];
      const { timers } = cluster.world.host("fate");
      for (let round = 0; round < ROUNDS; round++) {
        for (const scribe of scribes) timers.after(prng.below(20), () => scribe.sendSome());
        if (prng.chance(0.5)) timers.after(prng.below(2000) / 100, () => disturb(cluster, prng, slots));
        await cluster.world.advance(prng.chance(0.2) ? prng.below(3000) : prng.below(30));
        for (const scribe of scribes) scribe.checkReplies();
      }
      await cluster.world.advance(5000);
      cluster.world.heal();
      await cluster.world.advance(5000);
      for (const scribe of scribes) {
        scribe.checkReplies();
        expect(scribe.isAnswered).to.equal(true);
      }
      cluster.tellAll();
      const reader = await cluster.connect(0);
      for (const scribe of scribes) {
        for (const key of scribe.keys) scribe.checkEnd(key, await reader.ask("GET", key));
      }
      for (const counter of counters) {
        const tallies = scribes.flatMap((scribe) => scribe.counters.get(counter) ?? []);
        const surely = tallies.reduce((sum, tally) => sum + tally.surely, 0);
        const perhaps = tallies.reduce((sum, tally) => sum + tally.perhaps, 0);
        const value = Number(JSON.parse(await reader.ask("GET", counter)));
        expect(value, counter).to.be.within(surely, surely + perhaps);
      }
      for (const { server } of cluster.nodes) expect(server.stops).to.deep.equal([]);
    });
  }
});
