/**
 * The promise that log, replication and repair rest on: what a command does in place is what merging makes of what was
 * there and the deltas that the journal was told. Commands run on one keyspace; another one knows only their deltas.
 */
import { expect } from "chai";
import fc from "fast-check";
import { allCommands } from "#torus/commands/command-facts.js";
import { commands } from "#torus/commands/table.js";
import type { Delta } from "#torus/delta/delta.js";
import { applyDelta } from "#torus/keyspace/delta-application.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { CommandRunner } from "../support/command-runner.js";
import { DeltaTap } from "../support/delta-tap.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { contentsOf, expectSoundCounts } from "../support/keyspace-contents.js";
import { START_MS, smallKeyspace } from "../support/small-keyspace.js";
import { KEYS, type Words, WRITTEN, writingCommand } from "../support/writing-commands.js";

/** What happens: a transaction of one or more commands, on one database, after some time. */
interface Step {
  readonly pauseMs: number;
  readonly database: number;
  readonly commands: readonly Words[];
  /** Whether a floor is taken first in the slot of some key: all before it is known to all. */
  readonly collects: string | null;
}

const step: fc.Arbitrary<Step> = fc.record({
  pauseMs: fc.constantFrom(0, 0, 0, 1, 5, 30, 2000),
  database: fc.constantFrom(0, 0, 0, 1),
  commands: fc.oneof(
    { weight: 6, arbitrary: writingCommand.map((words) => [words]) },
    { weight: 1, arbitrary: fc.array(writingCommand, { minLength: 2, maxLength: 4 }) },
  ),
  collects: fc.option(fc.constantFrom(...KEYS), { freq: 10 }),
});

const history = fc.array(step, { maxLength: 40, size: "max" });

class Origin {
  readonly keyspace: Keyspace;
  readonly #tap: DeltaTap;
  readonly #runner: CommandRunner;
  #nowMs = START_MS;

  constructor(keepTombstones: boolean) {
    this.keyspace = smallKeyspace({ origin: 1, keepTombstones });
    this.#tap = new DeltaTap(this.keyspace);
    this.#runner = new CommandRunner(this.keyspace, SMALL_LIMITS);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Does all of a step and answers its batches. */
  perform({ pauseMs, database, commands, collects }: Step): (readonly Delta[])[] {
    const { keyspace } = this;
    this.#nowMs += pauseMs;
    keyspace.tick(this.#nowMs);
    const batches: (readonly Delta[])[] = [];
    if (collects !== null) {
      const bytes = Buffer.from(collects);
      keyspace.hasher.digest(bytes, 0, bytes.length);
      const floor = { clock: keyspace.clock.next(), origin: keyspace.origin };
      const delta: Delta = { kind: "collect", db: null, slot: keyspace.hasher.slot, floor };
      applyDelta(keyspace, SMALL_LIMITS, delta);
      batches.push([delta]);
    }
    for (const words of commands) {
      keyspace.select(database);
      this.#runner.execute(...words);
    }
    this.#runner.takeReplies();
    const batch = this.#tap.take();
    if (batch.length > 0) batches.push(batch);
    return batches;
  }
}

/** What names databases both as they were before they changed places and after cannot be done again. */
function canRepeat(batch: readonly Delta[]): boolean {
  return batch.length === 1 || !batch.some(({ kind }) => kind === "swap");
}

function apply(keyspace: Keyspace, batch: readonly Delta[]): void {
  for (const delta of batch) {
    const outcome = applyDelta(keyspace, SMALL_LIMITS, delta);
    expect(outcome, "deltas in order never lack a record").to.not.equal("needs-record");
  }
}

describe("what commands do in place", () => {
  for (const keepTombstones of [false, true]) {
    const where = keepTombstones ? "where remains are kept" : "where none are kept";

    it(`is what merging their deltas makes of what was there, ${where}`, () => {
      fc.assert(
        fc.property(history, (steps) => {
          const origin = new Origin(keepTombstones);
          const replica = smallKeyspace({ origin: 2, keepTombstones });
          for (const step of steps) {
            const batches = origin.perform(step);
            replica.tick(origin.nowMs);
            for (const batch of batches) apply(replica, batch);
            const contents = contentsOf(origin.keyspace, KEYS);
            expect(contentsOf(replica, KEYS)).to.deep.equal(contents);
            for (const keyspace of [origin.keyspace, replica]) expectSoundCounts(keyspace, KEYS);
            for (const batch of batches.filter(canRepeat)) apply(replica, batch);
            expect(contentsOf(replica, KEYS)).to.deep.equal(contents);
            // By now all is known, and what arrived expired has gone.
            const { dirty } = replica;
            for (const batch of batches.filter(canRepeat)) apply(replica, batch);
            expect(replica.dirty).to.equal(dirty);
          }
        }),
        { numRuns: 150 },
      );
    });
  }

  it("is tried for every command on data that writes", () => {
    const writing = [...allCommands(commands)].filter(
      ({ command }) => command.kind === "data" && command.flags.includes("write"),
    );
    expect(WRITTEN).to.include.members(writing.map(({ name }) => name));
  });
});
