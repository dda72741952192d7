import { expect } from "chai";
import fc from "fast-check";
import { encodingName } from "#torus/commands/type-names.js";
import { CommandRunner } from "../support/command-runner.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { notate } from "../support/notation.js";
import { textOf } from "../support/reply.js";
import { openKey, smallKeyspace } from "../support/small-keyspace.js";

/** The bulk strings of an array, as byte strings. */
function stringsOf(commands: CommandRunner, ...args: (string | number)[]): string[] {
  const reply = commands.ask(...args);
  if (reply.kind !== "array") throw new Error(`not an array: ${notate(reply)}`);
  return reply.items.map((item) => textOf(item)!);
}

const KEYS = ["a", "{a}b", ""] as const;
const MEMBERS = [
  "0",
  "7",
  "-7",
  "10",
  "9",
  "100",
  "-9223372036854775808",
  "07",
  "",
  "m\r\n\xff",
  "longer than 8",
];

type Step =
  | { readonly kind: "add" | "remove"; readonly key: string; readonly members: readonly string[] }
  | { readonly kind: "move"; readonly key: string; readonly to: string; readonly member: string }
  | { readonly kind: "pop"; readonly key: string; readonly count: number }
  | { readonly kind: "delete"; readonly key: string }
  | {
      readonly kind: "store";
      readonly operation: Operation;
      readonly to: string;
      readonly of: readonly string[];
    };
type Operation = "INTER" | "UNION" | "DIFF";

const key = fc.constantFrom(...KEYS);
const member = fc.constantFrom(...MEMBERS);
const members = fc.array(member, { minLength: 1, maxLength: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("add" as const), key, members }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("remove" as const), key, members }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("move" as const), key, to: key, member }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pop" as const), key, count: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), key }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("store" as const),
      operation: fc.constantFrom<Operation[]>("INTER", "UNION", "DIFF"),
      to: key,
      of: fc.array(key, { minLength: 1, maxLength: 3 }),
    }),
  },
);

/** Sets as JavaScript has them, and what they were since they were last empty. */
class Model {
  readonly sets = new Map<string, Set<string>>();
  /** Sets that had a member that is no integer, or too many. */
  readonly #mixed = new Set<string>();

  of(key: string): Set<string> {
    return this.sets.get(key) ?? new Set();
  }

  encodingOf(key: string): string {
    return this.#mixed.has(key) ? "hashtable" : "intset";
  }

  add(key: string, members: readonly string[]): number {
    const set = this.of(key);
    const before = set.size;
    for (const member of members) {
      set.add(member);
      if (!/^(0|-?[1-9]\d*)$/.test(member) || set.size > SMALL_LIMITS.setMaxIntsetEntries)
        this.#mixed.add(key);
    }
    this.sets.set(key, set);
    return set.size - before;
  }

  remove(key: string, members: readonly string[]): number {
    const removed = members.filter((member) => this.of(key).delete(member)).length;
    if (this.of(key).size === 0) this.delete(key);
    return removed;
  }

  delete(key: string): void {
    this.sets.delete(key);
    this.#mixed.delete(key);
  }

  result(operation: Operation, keys: readonly string[]): Set<string> {
    const [first, ...others] = keys.map((key) => this.of(key));
    if (operation === "UNION") return new Set([first!, ...others].flatMap((set) => [...set]));
    const isWanted = (member: string) => others.every((set) => set.has(member) === (operation === "INTER"));
    return new Set([...first!].filter(isWanted));
  }
}

function perform(commands: CommandRunner, model: Model, step: Step): void {
  switch (step.kind) {
    case "add":
      expect(commands.run("SADD", step.key, ...step.members)).to.equal(
        `${model.add(step.key, step.members)}`,
      );
      break;
    case "remove":
      expect(commands.run("SREM", step.key, ...step.members)).to.equal(
        `${model.remove(step.key, step.members)}`,
      );
      break;
    case "move": {
      const isThere = model.of(step.key).has(step.member);
      if (isThere && step.key !== step.to) {
        model.remove(step.key, [step.member]);
        model.add(step.to, [step.member]);
      }
      expect(commands.run("SMOVE", step.key, step.to, step.member)).to.equal(isThere ? "1" : "0");
      break;
    }
    case "pop": {
      const before = new Set(model.of(step.key));
      const popped = stringsOf(commands, "SPOP", step.key, step.count);
      expect(popped).to.have.length(Math.min(step.count, before.size));
      expect([...before]).to.include.members(popped);
      expect(model.remove(step.key, popped)).to.equal(popped.length);
      break;
    }
    case "delete":
      expect(commands.run("DEL", step.key)).to.equal(model.sets.has(step.key) ? "1" : "0");
      model.delete(step.key);
      break;
    case "store": {
      const result = model.result(step.operation, step.of);
      expect(stringsOf(commands, `S${step.operation}`, ...step.of)).to.have.members([...result]);
      if (step.operation === "INTER") {
        expect(commands.run("SINTERCARD", step.of.length, ...step.of)).to.equal(`${result.size}`);
        expect(commands.run("SINTERCARD", step.of.length, ...step.of, "LIMIT", 2)).to.equal(
          `${Math.min(result.size, 2)}`,
        );
      }
      expect(commands.run(`S${step.operation}STORE`, step.to, ...step.of)).to.equal(`${result.size}`);
      model.delete(step.to);
      if (result.size > 0) model.add(step.to, [...result]);
    }
  }
}

function expectAlike(commands: CommandRunner, model: Model, keepTombstones: boolean): void {
  expect(commands.keyspace.size).to.equal(model.sets.size);
  for (const key of KEYS) {
    const expected = [...model.of(key)];
    const found = stringsOf(commands, "SMEMBERS", key);
    expect(found).to.have.members(expected);
    expect(commands.run("SCARD", key)).to.equal(`${expected.length}`);
    const isMember = MEMBERS.map((member) => (model.of(key).has(member) ? 1 : 0));
    expect(commands.run("SMISMEMBER", key, ...MEMBERS)).to.equal(`[${isMember.join(" ")}]`);
    if (expected.length === 0) continue;
    openKey(commands.keyspace, key);
    const encoding = encodingName(commands.keyspace, commands.keyspace.at);
    // Marks of what was removed count, too, and keep the form of what they were members of.
    if (!keepTombstones) expect(encoding).to.equal(model.encodingOf(key));
    if (encoding === "intset") expect(found).to.deep.equal(sorted(found));
  }
}

function sorted(integers: readonly string[]): string[] {
  return [...integers].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
}

describe("sets as clients see them", () => {
  for (const keepTombstones of [false, true]) {
    const where = keepTombstones ? "where removed members leave marks" : "where nothing is left of them";

    it(`are sets, in order, packed, large and on the way, ${where}`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
          const commands = new CommandRunner(smallKeyspace({ keepTombstones }), SMALL_LIMITS);
          const model = new Model();
          for (const step of steps) {
            perform(commands, model, step);
            expectAlike(commands, model, keepTombstones);
          }
        }),
        { numRuns: 150 },
      );
    });
  }
});
