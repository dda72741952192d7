import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { ArenaFull } from "#torus/keyspace/arena.js";
import { applyDelta } from "#torus/keyspace/delta-application.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { CommandRunner } from "../support/command-runner.js";
import { DeltaTap } from "../support/delta-tap.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { textOf } from "../support/reply.js";
import { smallKeyspace } from "../support/small-keyspace.js";

const USUAL_LIMITS = { ...SMALL_LIMITS, listMaxListpackSize: -2 };
const KEYS = ["l", "m"];
const ENDS = ["left", "right"];
const LENGTHS = [0, 1, 30, 200, 480, 700, 2000, 20_000];

/** Lets the arena have no room after so many cells more; answers how to let it have room again. */
function fillUp({ records }: Keyspace, cells: number): () => void {
  const { arena } = records;
  const allocate = arena.allocate.bind(arena);
  let left = cells;
  arena.allocate = (bytes) => {
    if (left-- <= 0) throw new ArenaFull("no slab numbers left");
    return allocate(bytes);
  };
  return () => {
    arena.allocate = allocate;
  };
}

function randomCommand(random: Prng): string[] {
  const value = () =>
    random.chance(0.3) ? `${random.uint32()}` : random.pick([..."abc"]).repeat(random.pick(LENGTHS));
  const key = random.pick(KEYS);
  const pushed = Array.from({ length: 1 + random.below(8) }, value);
  return random.pick([
    ["rpush", key, ...pushed],
    ["lpush", key, ...pushed],
    ["lpop", key],
    ["rpop", key, "3"],
    ["lset", key, `${random.below(6)}`, value()],
    ["linsert", key, "before", value(), value()],
    ["lrem", key, "0", value()],
    ["lmove", key, random.pick(KEYS), random.pick(ENDS), random.pick(ENDS)],
    ["ltrim", key, "1", "-2"],
  ]);
}

function elements(commands: CommandRunner, key: string): (string | undefined)[] {
  const reply = commands.ask("lrange", key, "0", "-1");
  if (reply.kind !== "array") throw new Error(`no array, but ${reply.kind}`);
  return reply.items.map((item) => textOf(item));
}

describe("a list, when there is no memory for what a command does to it", () => {
  for (const keepTombstones of [false, true]) {
    for (const limits of [SMALL_LIMITS, USUAL_LIMITS]) {
      const form = `in blocks of ${limits === SMALL_LIMITS ? "three" : "many"}, marks ${keepTombstones ? "kept" : "not kept"}`;

      it(`has what was told to others of it, and is no key without an element, ${form}`, () => {
        let refused = 0;
        for (let seed = 1; seed <= 12; seed++) {
          const random = new Prng(seed);
          const here = smallKeyspace({ origin: 1, keepTombstones });
          const there = smallKeyspace({ origin: 2, keepTombstones: true });
          const [commands, others] = [new CommandRunner(here, limits), new CommandRunner(there, limits)];
          const tap = new DeltaTap(here);
          for (let step = 0; step < 60; step++) {
            const words = randomCommand(random);
            const empty = fillUp(here, random.chance(0.3) ? random.below(4) : Number.POSITIVE_INFINITY);
            try {
              commands.execute(...words);
            } catch (error) {
              if (!(error instanceof ArenaFull)) throw error;
              refused++;
            }
            empty();
            commands.reply.take();
            for (const delta of tap.take()) applyDelta(there, limits, delta);
            for (const key of KEYS) {
              const told = elements(others, key);
              expect(elements(commands, key), `seed ${seed}: ${words.join(" ").slice(0, 60)}`).to.deep.equal(
                told,
              );
              expect(commands.run("exists", key)).to.equal(told.length === 0 ? "0" : "1");
            }
          }
        }
        expect(refused).to.be.above(20);
      });
    }
  }
});
