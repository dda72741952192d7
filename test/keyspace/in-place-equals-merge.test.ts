/**
 * The promise that log, replication and repair rest on: what a command does in place is what merging makes of what was
 * there and the deltas that the journal was told. Commands run on one keyspace; another one knows only their deltas.
 */
import { expect } from "chai";
import fc from "fast-check";
import { allCommands } from "#torus/commands/command-facts.js";
import { commands } from "#torus/commands/table.js";
import type { Delta } from "#torus/delta/delta.js";
import { newestVersion } from "#torus/delta/record-state.js";
import { applyDelta } from "#torus/keyspace/delta-application.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { CommandRunner } from "../support/command-runner.js";
import { DeltaTap } from "../support/delta-tap.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { contentsOf, expectSoundCounts, stateOf } from "../support/keyspace-contents.js";
import { START_MS, smallKeyspace } from "../support/small-keyspace.js";
import { KEYS, type Words, WRITTEN, writingCommand } from "../support/writing-commands.js";

type Batch = readonly Delta[];

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

/** A keyspace on which commands run, while somebody listens. */
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
  perform({ pauseMs, database, commands, collects }: Step): Batch[] {
    const { keyspace } = this;
    this.#nowMs += pauseMs;
    keyspace.tick(this.#nowMs);
    const batches: Batch[] = [];
    if (collects !== null) batches.push([this.#collect(collects)]);
    for (const words of commands) {
      keyspace.select(database);
      this.#runner.execute(...words);
    }
    this.#runner.takeReplies();
    const batch = this.#tap.take();
    if (batch.length > 0) batches.push(batch);
    return batches;
  }

  #collect(key: string): Delta {
    const { keyspace } = this;
    const bytes = Buffer.from(key);
    keyspace.hasher.digest(bytes, 0, bytes.length);
    const floor = { clock: keyspace.clock.next(), origin: keyspace.origin };
    const delta: Delta = { kind: "collect", db: null, slot: keyspace.hasher.slot, floor };
    applyDelta(keyspace, SMALL_LIMITS, delta);
    return delta;
  }
}

function apply(keyspace: Keyspace, batch: Batch): void {
  for (const delta of batch) {
    const outcome = applyDelta(keyspace, SMALL_LIMITS, delta);
    expect(outcome, "deltas in order never lack a record").to.not.equal("needs-record");
  }
}

/** What names databases both as they were before they changed places and after cannot be done again. */
function canRepeat(batch: Batch): boolean {
  return batch.length === 1 || !batch.some(({ kind }) => kind === "swap");
}

/** Without what does not merge. */
function merging(steps: readonly Step[]): readonly Step[] {
  return steps.map((step) => ({ ...step, commands: step.commands.filter(([name]) => name !== "swapdb") }));
}

/** Without floors: none is taken while an owner still asks for a record. */
function uncollected(steps: readonly Step[]): readonly Step[] {
  return steps.map((step) => ({ ...step, collects: null }));
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

    it(`stays as it is when any of their deltas arrives again, ${where}`, () => {
      fc.assert(
        fc.property(history.map(merging), fc.infiniteStream(fc.nat()), (steps, draws) => {
          const origin = new Origin(keepTombstones);
          const batches: Batch[] = [];
          for (const step of steps) {
            batches.push(...origin.perform(step));
            if (batches.length === 0) continue;
            const contents = contentsOf(origin.keyspace, KEYS);
            const again = batches[draws.next().value! % batches.length]!;
            for (const delta of again) applyDelta(origin.keyspace, SMALL_LIMITS, delta);
            expect(contentsOf(origin.keyspace, KEYS)).to.deep.equal(contents);
          }
        }),
        { numRuns: 150 },
      );
    });
  }

  it("arrives elsewhere however late, often and in whatever order it arrives for different keys", () => {
    fc.assert(
      fc.property(history.map(merging).map(uncollected), fc.infiniteStream(fc.nat()), (steps, draws) => {
        const origin = new Origin(true);
        const batches = steps.flatMap((step) => origin.perform(step));
        const replica = smallKeyspace({ origin: 2, keepTombstones: true });
        let nowMs = START_MS;
        for (const batch of shuffled(batches, () => draws.next().value!)) {
          nowMs += Math.floor(((origin.nowMs - nowMs) * (draws.next().value! % 10)) / 10);
          replica.tick(nowMs);
          for (const delta of batch) receive(replica, delta, origin.keyspace);
        }
        replica.tick(origin.nowMs);
        expect(contentsOf(replica, KEYS)).to.deep.equal(contentsOf(origin.keyspace, KEYS));
        expectSoundCounts(replica, KEYS);
      }),
      { numRuns: 150 },
    );
  });

  it("is told by one delta for each key and version", () => {
    fc.assert(
      fc.property(history, (steps) => {
        const origin = new Origin(true);
        const told = steps
          .flatMap((step) => origin.perform(step).flat())
          .flatMap((delta) => {
            if (delta.kind !== "record" && delta.kind !== "patch") return [];
            const { clock, origin } = delta.kind === "patch" ? delta.life : newestVersion(delta.state);
            return [`${delta.db} ${Buffer.from(delta.key)} ${clock} ${origin}`];
          });
        expect(new Set(told).size).to.equal(told.length);
      }),
      { numRuns: 100 },
    );
  });

  it("is tried for every command on data that writes", () => {
    const writing = [...allCommands(commands)].filter(
      ({ command }) => command.kind === "data" && command.flags.includes("write"),
    );
    expect(WRITTEN).to.include.members(writing.map(({ name }) => name));
  });
});

/** Batches in an order that is the old one for each key, some of them more than once. */
function* shuffled(batches: readonly Batch[], draw: () => number): Iterable<Batch> {
  const waiting = batches.map((batch) => ({ batch, keys: keysOf(batch) }));
  const delivered: Batch[] = [];
  while (waiting.length > 0) {
    const ready = waiting.filter(({ keys }, i) =>
      waiting.slice(0, i).every((other) => areApart(keys, other.keys)),
    );
    const next = ready[draw() % ready.length]!;
    waiting.splice(waiting.indexOf(next), 1);
    delivered.push(next.batch);
    yield next.batch;
    if (draw() % 3 === 0) yield delivered[draw() % delivered.length]!;
  }
}

/** The keys that a batch is about, or null for all. */
function keysOf(batch: Batch): ReadonlySet<string> | null {
  const keys = new Set<string>();
  for (const delta of batch) {
    if (delta.kind !== "record" && delta.kind !== "patch") return null;
    keys.add(`${delta.db} ${Buffer.from(delta.key)}`);
  }
  return keys;
}

function areApart(one: ReadonlySet<string> | null, other: ReadonlySet<string> | null): boolean {
  return one !== null && other !== null && [...one].every((key) => !other.has(key));
}

/** Applies a delta; a record that it lacks comes from the origin. */
function receive(replica: Keyspace, delta: Delta, origin: Keyspace): void {
  const outcome = applyDelta(replica, SMALL_LIMITS, delta);
  if (outcome !== "needs-record" || (delta.kind !== "record" && delta.kind !== "patch")) return;
  const { db, slot, key } = delta;
  const state = stateOf(origin, origin.databases[db]!, Buffer.from(key).toString("latin1"));
  if (state !== undefined) applyDelta(replica, SMALL_LIMITS, { kind: "record", db, slot, key, state });
}
