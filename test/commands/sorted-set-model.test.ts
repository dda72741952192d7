import { expect } from "chai";
import fc from "fast-check";
import { CommandRunner } from "../support/command-runner.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { notate } from "../support/notation.js";
import { textOf } from "../support/reply.js";
import { smallKeyspace } from "../support/small-keyspace.js";

/** The bulk strings of an array, as byte strings. */
function stringsOf(commands: CommandRunner, ...args: (string | number)[]): string[] {
  const reply = commands.ask(...args);
  if (reply.kind !== "array") throw new Error(`not an array: ${notate(reply)}`);
  return reply.items.map((item) => textOf(item)!);
}

const KEYS = ["a", "{a}b", ""] as const;
const MEMBERS = ["", "0", "7", "a", "aa", "b", "\x00", "\xff", "m\r\n", "longer than 8", "c", "d"];
const SCORES = [-Infinity, -2.5, 0, 1, 1.5, 3, 1e300, Infinity];

type Scored = readonly [score: number, member: string];
type Operation = "INTER" | "UNION" | "DIFF";
type Step =
  | { readonly kind: "add"; readonly key: string; readonly scored: readonly Scored[] }
  | { readonly kind: "increment"; readonly key: string; readonly by: number; readonly member: string }
  | { readonly kind: "remove"; readonly key: string; readonly members: readonly string[] }
  | { readonly kind: "pop"; readonly key: string; readonly end: "MIN" | "MAX"; readonly count: number }
  | { readonly kind: "cut"; readonly key: string; readonly from: number; readonly to: number }
  | { readonly kind: "cutScores"; readonly key: string; readonly from: number; readonly to: number }
  | {
      readonly kind: "keep";
      readonly key: string;
      readonly of: string;
      readonly from: number;
      readonly to: number;
    }
  | {
      readonly kind: "store";
      readonly operation: Operation;
      readonly to: string;
      readonly of: readonly string[];
    };

const key = fc.constantFrom(...KEYS);
const member = fc.constantFrom(...MEMBERS);
const score = fc.constantFrom(...SCORES);
const rank = fc.integer({ min: -4, max: 8 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("add" as const),
      key,
      scored: fc.array(fc.tuple(score, member), { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("increment" as const),
      key,
      by: fc.constantFrom(-1, 0, 0.1, 2),
      member,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("remove" as const),
      key,
      members: fc.array(member, { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("pop" as const),
      key,
      end: fc.constantFrom<("MIN" | "MAX")[]>("MIN", "MAX"),
      count: fc.nat(6),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cut" as const), key, from: rank, to: rank }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("cutScores" as const), key, from: score, to: score }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("keep" as const), key, of: key, from: rank, to: rank }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("store" as const),
      operation: fc.constantFrom<Operation[]>("INTER", "UNION", "DIFF"),
      to: key,
      of: fc.array(key, { minLength: 1, maxLength: 3 }),
    }),
  },
);

const textOfScore = (value: number) => (Number.isFinite(value) ? String(value) : value > 0 ? "inf" : "-inf");

/** Sorted sets as arrays that are sorted anew each time. */
class Model {
  readonly sets = new Map<string, Map<string, number>>();

  of(key: string): Map<string, number> {
    return this.sets.get(key) ?? new Map();
  }

  replace(key: string, scored: readonly Scored[]): void {
    if (scored.length === 0) this.sets.delete(key);
    else this.sets.set(key, new Map(scored.map(([score, member]) => [member, score])));
  }

  sorted(key: string): Scored[] {
    return [...this.of(key)]
      .map(([member, score]) => [score, member] as const)
      .sort((a, b) => (a[0] !== b[0] ? (a[0] < b[0] ? -1 : 1) : a[1] < b[1] ? -1 : 1));
  }

  remove(key: string, members: readonly string[]): number {
    const left = new Map(this.of(key));
    const removed = members.filter((member) => left.delete(member)).length;
    this.replace(
      key,
      [...left].map(([member, score]) => [score, member] as const),
    );
    return removed;
  }

  result(operation: Operation, keys: readonly string[]): Scored[] {
    const sets = keys.map((key) => this.of(key));
    const [first, ...others] = sets;
    // Smaller sets come first, on which sums depend.
    const ascending = [...sets].sort((a, b) => a.size - b.size);
    const sum = (member: string) =>
      ascending
        .flatMap((set) => set.get(member) ?? [])
        .reduce((one, other) => (Number.isNaN(one + other) ? 0 : one + other));
    const all = new Set(sets.flatMap((set) => [...set.keys()]));
    if (operation === "DIFF") {
      return [...first!]
        .filter(([member]) => !others.some((set) => set.has(member)))
        .map(([member, score]) => [score, member]);
    }
    return [...all]
      .filter((member) => operation === "UNION" || sets.every((set) => set.has(member)))
      .map((member) => [sum(member), member]);
  }
}

function ranks(from: number, to: number, length: number): [from: number, end: number] {
  return [Math.max(0, from < 0 ? length + from : from), Math.max(0, (to < 0 ? length + to : to) + 1)];
}

function perform(commands: CommandRunner, model: Model, step: Step): void {
  switch (step.kind) {
    case "add": {
      const set = new Map(model.of(step.key));
      const before = set.size;
      for (const [score, member] of step.scored) set.set(member, score);
      model.sets.set(step.key, set);
      const words = step.scored.flatMap(([score, member]) => [textOfScore(score), member]);
      expect(commands.run("ZADD", step.key, ...words)).to.equal(`${set.size - before}`);
      break;
    }
    case "increment": {
      const sum = (model.of(step.key).get(step.member) ?? 0) + step.by;
      model.sets.set(step.key, new Map(model.of(step.key)).set(step.member, sum));
      const reply = textOf(commands.ask("ZINCRBY", step.key, step.by, step.member))!;
      expect(Number(reply.replace("inf", "Infinity"))).to.equal(sum);
      break;
    }
    case "remove":
      expect(commands.run("ZREM", step.key, ...step.members)).to.equal(
        `${model.remove(step.key, step.members)}`,
      );
      break;
    case "pop": {
      const sorted = model.sorted(step.key);
      if (step.end === "MAX") sorted.reverse();
      const members = sorted.slice(0, step.count).map(([, member]) => member);
      const popped = stringsOf(commands, `ZPOP${step.end}`, step.key, step.count);
      expect(popped.filter((_, i) => i % 2 === 0)).to.deep.equal(members);
      model.remove(step.key, members);
      break;
    }
    case "cut": {
      const sorted = model.sorted(step.key);
      const members = sorted.slice(...ranks(step.from, step.to, sorted.length)).map(([, member]) => member);
      expect(commands.run("ZREMRANGEBYRANK", step.key, step.from, step.to)).to.equal(`${members.length}`);
      model.remove(step.key, members);
      break;
    }
    case "cutScores": {
      const members = model
        .sorted(step.key)
        .flatMap(([score, member]) => (score > step.from && score <= step.to ? [member] : []));
      const bounds = [`(${textOfScore(step.from)}`, textOfScore(step.to)];
      expect(commands.run("ZREMRANGEBYSCORE", step.key, ...bounds)).to.equal(`${members.length}`);
      model.remove(step.key, members);
      break;
    }
    case "keep": {
      const sorted = model.sorted(step.of);
      const kept = sorted.slice(...ranks(step.from, step.to, sorted.length));
      expect(commands.run("ZRANGESTORE", step.key, step.of, step.from, step.to)).to.equal(`${kept.length}`);
      model.replace(step.key, kept);
      break;
    }
    case "store": {
      const result = model.result(step.operation, step.of);
      const { length } = step.of;
      expect(stringsOf(commands, `Z${step.operation}`, length, ...step.of)).to.have.members(
        result.map(([, member]) => member),
      );
      if (step.operation === "INTER")
        expect(commands.run("ZINTERCARD", length, ...step.of, "LIMIT", 2)).to.equal(
          `${Math.min(result.length, 2)}`,
        );
      expect(commands.run(`Z${step.operation}STORE`, step.to, length, ...step.of)).to.equal(
        `${result.length}`,
      );
      model.replace(step.to, result);
    }
  }
}

function expectAlike(commands: CommandRunner, model: Model): void {
  expect(commands.keyspace.size).to.equal(model.sets.size);
  for (const key of KEYS) {
    const sorted = model.sorted(key);
    const members = sorted.map(([, member]) => member);
    expect(stringsOf(commands, "ZRANGE", key, 0, -1)).to.deep.equal(members);
    expect(stringsOf(commands, "ZRANGE", key, 0, 2, "REV")).to.deep.equal(members.toReversed().slice(0, 3));
    expect(commands.run("ZCARD", key)).to.equal(`${members.length}`);
    expect(commands.run("ZCOUNT", key, "(-2.5", "1.5")).to.equal(
      `${sorted.filter(([score]) => score > -2.5 && score <= 1.5).length}`,
    );
    for (const member of MEMBERS) {
      const rank = members.indexOf(member);
      expect(commands.run("ZRANK", key, member)).to.equal(rank < 0 ? "nil" : `${rank}`);
    }
  }
}

describe("sorted sets as clients see them", () => {
  for (const keepTombstones of [false, true]) {
    const where = keepTombstones ? "where removed members leave marks" : "where nothing is left of them";

    it(`are in order, packed, large and on the way, ${where}`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
          const commands = new CommandRunner(smallKeyspace({ keepTombstones }), SMALL_LIMITS);
          const model = new Model();
          for (const step of steps) {
            perform(commands, model, step);
            expectAlike(commands, model);
          }
        }),
        { numRuns: 150 },
      );
    });
  }
});
