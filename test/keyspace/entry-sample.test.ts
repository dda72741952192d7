import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import type { Location } from "#torus/keyspace/arena.js";
import { tableOf } from "#torus/keyspace/entries-body.js";
import { WALK_END } from "#torus/keyspace/field-table.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { CommandRunner } from "../support/command-runner.js";
import { textOf } from "../support/reply.js";
import { openKey, smallKeyspace } from "../support/small-keyspace.js";
import { countTableSteps } from "../support/table-steps.js";

/** The members from `from` to before `end`. */
function numbers(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, i) => from + i);
}

/** A set `s` of the members from 0 to before `live`, and of the marks of as many others as it then has entries. */
function sparseSet(live: number, entries: number): CommandRunner {
  const commands = new CommandRunner(smallKeyspace({ keepTombstones: true }));
  for (let from = 0; from < entries; from += 1000)
    commands.run("SADD", "s", ...numbers(from, Math.min(from + 1000, entries)));
  for (let from = live; from < entries; from += 1000)
    commands.run("SREM", "s", ...numbers(from, Math.min(from + 1000, entries)));
  return commands;
}

/** Moves the entries of the set to other cells, as far as there are any. */
function relocateAll(keyspace: Keyspace): void {
  openKey(keyspace, "s");
  const { fields } = keyspace.database;
  const found: Location[] = [];
  const table = tableOf(keyspace.database, keyspace.at);
  for (let from = 0; from < WALK_END; ) from = fields.collect(table, from, 128, found);
  for (const at of found) fields.relocate(keyspace.hasher, at);
}

describe("draws from a set", () => {
  for (const live of [1, 10, 3000]) {
    it(`with ${live} members among marks do not walk all of these each time`, () => {
      const commands = sparseSet(live, 20_000);
      const steps = countTableSteps(commands.keyspace);
      for (let i = 0; i < 50; i++) {
        commands.run("SRANDMEMBER", "s");
        const member = textOf(commands.ask("SPOP", "s"))!;
        commands.run("SADD", "s", member);
      }
      // One walk of the pages, which are an eighth full at least, and some draws.
      expect(steps()).to.be.lessThan(200_000);
      expect(commands.run("SCARD", "s")).to.equal(`${live}`);
    });
  }

  it("are of all its members alike, though it is nearly all marks", () => {
    const commands = sparseSet(100, 1000);
    const counts = new Map<string, number>();
    for (let i = 0; i < 2000; i++) {
      const member = textOf(commands.ask("SPOP", "s"))!;
      commands.run("SADD", "s", member);
      counts.set(member, (counts.get(member) ?? 0) + 1);
    }
    let chiSquare = 0;
    for (let member = 0; member < 100; member++)
      chiSquare += ((counts.get(String(member)) ?? 0) - 20) ** 2 / 20;
    expect(chiSquare).to.be.lessThan(100 + 6 * Math.sqrt(200));
  });

  it("meet what is there, whatever was added, removed and moved since the last ones", () => {
    const commands = sparseSet(30, 3000);
    const model = new Set(numbers(0, 30).map(String));
    const prng = new Prng("draws");
    for (let step = 0; step < 1500; step++) {
      const names = numbers(0, 1 + (prng.uint32() % 5)).map(() => String(prng.uint32() % 3000));
      switch (prng.uint32() % 8) {
        case 0:
        case 1:
        case 2:
          commands.run("SADD", "s", ...names);
          for (const name of names) model.add(name);
          break;
        case 3:
          commands.run("SREM", "s", ...names);
          for (const name of names) model.delete(name);
          break;
        case 4:
        case 5: {
          if (step % 100 === 0) relocateAll(commands.keyspace);
          const popped = textOf(commands.ask("SPOP", "s"));
          if (popped !== undefined) expect(model.delete(popped)).to.equal(true);
          break;
        }
        default: {
          const count = prng.uint32() % 40;
          const reply = commands.ask("SRANDMEMBER", "s", count);
          const drawn = reply.kind === "array" ? reply.items.map((item) => textOf(item)!) : [];
          expect(new Set(drawn).size).to.equal(Math.min(count, model.size));
          expect([...model]).to.include.members(drawn);
        }
      }
    }
  });
});
