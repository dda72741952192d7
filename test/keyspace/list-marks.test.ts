import { expect } from "chai";
import type { Delta } from "#torus/delta/delta.js";
import { ORIGIN_NONE } from "#torus/delta/version.js";
import { applyDelta, collect } from "#torus/keyspace/delta-application.js";
import { newestEntryClock, PACKED, tableOf } from "#torus/keyspace/entries-body.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { CommandRunner } from "../support/command-runner.js";
import { DeltaTap } from "../support/delta-tap.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { openKey, smallKeyspace } from "../support/small-keyspace.js";
import { stateOf } from "../support/state-of.js";

const LIMITS = { ...SMALL_LIMITS, listMaxListpackSize: -2 };

/** A node that executes for the key `l` and hears of others. */
class Side {
  readonly keyspace: Keyspace;
  readonly #commands: CommandRunner;
  readonly #tap: DeltaTap;

  constructor(origin: number, keepTombstones = true) {
    this.keyspace = smallKeyspace({ origin, keepTombstones });
    this.#commands = new CommandRunner(this.keyspace, LIMITS);
    this.#tap = new DeltaTap(this.keyspace);
  }

  ask(...words: readonly string[]): string {
    return this.#commands.run(...words);
  }

  /** Answers what is told of it. */
  run(...words: readonly string[]): readonly Delta[] {
    this.#commands.run(...words);
    return this.#tap.take();
  }

  hear(deltas: readonly Delta[]): void {
    for (const delta of deltas) applyDelta(this.keyspace, LIMITS, delta);
    this.#tap.take();
  }

  /** The whole list, as repair tells of it. */
  tell(): readonly Delta[] {
    const state = stateOf(this.keyspace, "l");
    const { slot } = this.keyspace;
    return state === undefined ? [] : [{ kind: "record", db: 0, slot, key: Buffer.from("l"), state }];
  }

  collect(clock: number): void {
    openKey(this.keyspace, "l");
    const { slot } = this.keyspace;
    collect(this.keyspace, LIMITS, {
      kind: "collect",
      db: null,
      slot,
      floor: { clock, origin: ORIGIN_NONE },
    });
    this.keyspace.select(0);
    this.#tap.take();
  }
}

describe("marks of elements that were removed", () => {
  it("are not collected before all know of what they won against: no later LSET brings back what was popped", () => {
    for (const size of [3, 400]) {
      const [popping, setting] = [new Side(1), new Side(2)];
      setting.hear(popping.run("rpush", "l", ...Array.from({ length: size }, (_, i) => `${i}`)));
      const popped = popping.run("lpop", "l");
      const floor = popping.keyspace.clock.next();
      setting.keyspace.clock.observe(floor + 10);
      const set = setting.run("lset", "l", "0", "changed");
      // What is up to the floor both have heard of, the LSET not yet.
      setting.hear(popped);
      popping.collect(floor);
      setting.collect(floor);
      popping.hear(set);
      popping.hear(setting.tell());
      setting.hear(popping.tell());
      for (const side of [popping, setting]) {
        expect(side.ask("lindex", "l", "0")).to.equal('"1"');
        expect(side.ask("llen", "l")).to.equal(`${size - 1}`);
      }
    }
  });

  it("count for how new a list is, also those with which it became a row of blocks", () => {
    for (const command of ["rpush", "lpush"]) {
      const [one, other] = [new Side(1), new Side(2)];
      for (let i = 0; ; i++) {
        other.hear(one.run(command, "l", `an element of many: ${i}`));
        openKey(one.keyspace, "l");
        openKey(other.keyspace, "l");
        const { database, at } = other.keyspace;
        expect(newestEntryClock(database, at)).to.equal(
          newestEntryClock(one.keyspace.database, one.keyspace.at),
        );
        if (tableOf(database, at) !== PACKED) break;
      }
    }
  });

  it("do not mislead who removes and pushes behind them: elements stand where others have them", () => {
    const [one, other] = [new Side(1, false), new Side(2)];
    const tell = (...words: readonly string[]) => other.hear(one.run(...words));
    tell("rpush", "l", ...Array.from({ length: 300 }, (_, i) => `element ${i}`));
    tell("rpop", "l");
    for (let i = 0; i < 5; i++) tell("rpush", "l", `later ${i}`);
    // It was one of several owners once.
    one.keyspace.keepTombstones = true;
    tell("lrem", "l", "1", "element 298");
    one.keyspace.keepTombstones = false;
    tell("rpop", "l");
    tell("rpush", "l", "last");
    const [ours, theirs] = [one, other].map(({ keyspace }) => stateOf(keyspace, "l")!.body);
    const names = (body: typeof ours) =>
      body?.kind === "list"
        ? [...body.fields]
            .filter(([, { value }]) => value !== null)
            .map(([name]) => name)
            .sort()
        : [];
    expect(names(ours)).to.deep.equal(names(theirs));
  });
});
