import fc from "fast-check";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { crc32 } from "#torus/base/crc32.js";
import { beginBatch, endBatch } from "#torus/delta/batch.js";
import type { Delta } from "#torus/delta/delta.js";
import { writeDelta } from "#torus/delta/delta-codec.js";
import { counterValue } from "#torus/delta/packed-counter.js";
import type { Body } from "#torus/delta/record-state.js";
import { isExpired, isVisible } from "#torus/delta/record-state.js";
import { readScore } from "#torus/delta/score.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import { applyDelta } from "#torus/keyspace/delta-application.js";
import { DeltaJournal } from "#torus/keyspace/delta-journal.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { Replay } from "#torus/keyspace/replay.js";
import { readState } from "#torus/keyspace/state-reader.js";
import { CommandRunner } from "./command-runner.js";
import { SMALL_LIMITS } from "./hash-fields.js";
import { START_MS, smallKeyspace } from "./small-keyspace.js";
import { KEYS, type Words, writingCommand } from "./writing-commands.js";

const BYTES_MAX = 2 ** 26;

/** What happens: a transaction of one or more commands, on one database, after some time. */
export interface Step {
  readonly pauseMs: number;
  readonly database: number;
  readonly commands: readonly Words[];
}

export const step: fc.Arbitrary<Step> = fc.record({
  pauseMs: fc.constantFrom(0, 0, 0, 1, 5, 30, 2000),
  database: fc.constantFrom(0, 0, 0, 1),
  commands: fc.oneof(
    { weight: 6, arbitrary: writingCommand.map((words) => [words]) },
    { weight: 1, arbitrary: fc.array(writingCommand, { minLength: 2, maxLength: 4 }) },
  ),
});

export function history(maxLength: number): fc.Arbitrary<Step[]> {
  return fc.array(step, { maxLength, size: "max" });
}

/** Whether what was recorded may be replayed over itself: decision 9. */
export function canRepeat(steps: readonly Step[]): boolean {
  return !steps.some(({ commands }) => commands.some(([name]) => name === "swapdb"));
}

/** Whether two keyspaces of the same contents must do the same: which members are drawn is chance. */
export function isCertain(steps: readonly Step[]): boolean {
  return !steps.some(({ commands }) => commands.some(([name]) => name === "spop"));
}

/** A keyspace that does steps, and the batches of all that it did. */
export class RecordedKeyspace {
  readonly #writer = new ByteWriter({ bytesMax: BYTES_MAX });
  readonly #runner: CommandRunner;

  constructor(
    readonly keyspace: Keyspace = smallKeyspace({ origin: 1 }),
    public nowMs = START_MS,
  ) {
    this.#runner = new CommandRunner(keyspace, SMALL_LIMITS);
    keyspace.journal = new DeltaJournal(keyspace, this.#writer, crc32);
  }

  perform({ pauseMs, database, commands }: Step): void {
    const { keyspace } = this;
    this.nowMs += pauseMs;
    keyspace.tick(this.nowMs);
    for (const words of commands) {
      keyspace.select(database);
      this.#runner.execute(...words);
    }
    this.#runner.takeReplies();
    keyspace.journal!.ended();
  }

  /** Takes a birth floor in the slot of a key, in the database given, after all that was done so far. */
  collect(key: string, db: number | null): void {
    const { keyspace } = this;
    const bytes = Buffer.from(key, "latin1");
    keyspace.hasher.digest(bytes, 0, bytes.length);
    const floor = { clock: keyspace.clock.next(), origin: keyspace.origin };
    const delta: Delta = { kind: "collect", db, slot: keyspace.hasher.slot, floor };
    applyDelta(keyspace, SMALL_LIMITS, delta);
    const start = beginBatch(this.#writer);
    writeDelta(this.#writer, delta);
    endBatch(this.#writer, start, crc32);
  }

  /** A copy. */
  recorded(): Buffer {
    return Buffer.from(this.#writer.written());
  }
}

export function clockAt(wallMs: number): { wallMs(): number; monotonicMs(): number } {
  return { wallMs: () => wallMs, monotonicMs: () => 0 };
}

export interface Replaying {
  readonly wallMs: number;
  /** Given to the replay at a time. */
  readonly pieceBytes?: number;
}

/** Replays batches, all of them whole, into a keyspace. */
export function replayInto(
  keyspace: Keyspace,
  bytes: Buffer,
  { wallMs, pieceBytes = bytes.length }: Replaying,
): void {
  const options = { keyspace, limits: SMALL_LIMITS, clock: clockAt(wallMs), batchBytesMax: BYTES_MAX };
  const replay = new Replay({ ...options, checksum: crc32 });
  let start = 0;
  for (let end = 0; end < bytes.length; ) {
    end = Math.min(end + pieceBytes, bytes.length);
    start += replay.apply(bytes, start, end);
  }
  if (start !== bytes.length) throw new Error(`${bytes.length - start} bytes were left`);
  while (!replay.finish(1));
}

/** All that clients can see of the keys that there may be, as text to compare. */
export function visibleOf(keyspace: Keyspace): Record<string, string> {
  const visible: Record<string, string> = {};
  for (const database of keyspace.databases) {
    for (const key of KEYS) {
      const bytes = Buffer.from(key, "latin1");
      keyspace.hasher.digest(bytes, 0, bytes.length);
      const { slot, hash } = keyspace.hasher;
      const at = database.index.find(slot, hash, bytes, 0, bytes.length);
      if (at === NOWHERE) continue;
      const state = readState(database, at);
      if (!isVisible(state, keyspace.nowMs) || isExpired(state, keyspace.nowMs)) continue;
      visible[`${database.number}:${key}`] = `${shown(state.body)} until ${state.expiry.deadlineMs}`;
    }
  }
  return visible;
}

function shown(body: Body): string {
  switch (body.kind) {
    case "none":
      return "nothing";
    case "text":
      return `text ${Buffer.from(body.bytes).toString("latin1")}`;
    case "counter":
      return `number ${counterValue(body)}`;
    case "hash": {
      const fields = [...body.fields].flatMap(([name, { value }]) =>
        value === null ? [] : [`${name}=${Buffer.from(value).toString("latin1")}`],
      );
      return `hash ${fields.sort().join(", ")}`;
    }
    case "zset": {
      const members = [...body.fields].flatMap(([name, { value }]) =>
        value === null ? [] : [`${name}=${readScore(value, 0, value.length)}`],
      );
      return `sorted set ${members.sort().join(", ")}`;
    }
    case "set": {
      const members = [...body.fields].flatMap(([name, { value }]) => (value === null ? [] : [name]));
      return `set ${members.sort().join(", ")}`;
    }
    case "list": {
      const elements = [...body.fields].sort(([a], [b]) => (a < b ? -1 : 1));
      const live = elements.flatMap(([, { value }]) =>
        value === null ? [] : [Buffer.from(value).toString("latin1")],
      );
      return `list ${live.join(", ")}`;
    }
    case "stream": {
      const items = [...body.fields].flatMap(([name, { value }]) =>
        value === null ? [] : [`${hex(name)}=${Buffer.from(value).toString("hex")}`],
      );
      return `stream ${items.sort().join(", ")}`;
    }
  }
}

function hex(text: string): string {
  return Buffer.from(text, "latin1").toString("hex");
}
