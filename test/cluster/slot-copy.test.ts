/** What the owner of slots tells and the next owner makes of it, whatever commands run between two messages. */
import { expect } from "chai";
import fc from "fast-check";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { crc32 } from "#torus/base/crc32.js";
import { slotOf } from "#torus/base/key-hash.js";
import { SlotCopy } from "#torus/cluster/slot-copy.js";
import { SlotDisposal } from "#torus/cluster/slot-disposal.js";
import { SlotReceptions } from "#torus/cluster/slot-receptions.js";
import {
  beginMessage,
  COPY,
  MESSAGE_BYTES_MAX,
  type MessageKind,
  OPEN,
  readAnswer,
  SETTLE,
  TAKE,
  type Verdict,
} from "#torus/cluster/transfer-messages.js";
import { DeltaJournal } from "#torus/keyspace/delta-journal.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { FakePersistence } from "../support/fake-persistence.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { contentsOf, expectSoundCounts } from "../support/keyspace-contents.js";
import {
  clockAt,
  RecordedKeyspace,
  replayInto,
  type Step,
  step,
  visibleOf,
} from "../support/recorded-keyspace.js";
import { START_MS, smallKeyspace } from "../support/small-keyspace.js";
import { KEYS } from "../support/writing-commands.js";

const SLOTS = [...new Set(KEYS.map((key) => slotOf(Buffer.from(key), 0, key.length)))];
const CHANGE = "2 node";
const FROM = "owner";

/** Fires when the script that is at hand has said what it wants. */
const timers = {
  after: (_ms: number, fire: () => void) => {
    let isCancelled = false;
    void Promise.resolve().then(() => {
      if (!isCancelled) fire();
    });
    return () => {
      isCancelled = true;
    };
  },
  afterTurn: (fire: () => void) => void Promise.resolve().then(fire),
  every: () => () => {},
};

/** The next owner, with a log. */
class Target {
  readonly keyspace = smallKeyspace({ origin: 2 });
  readonly persistence = new FakePersistence();
  readonly taken = new Set<number>();
  readonly receptions: SlotReceptions;
  readonly #log = new ByteWriter({ bytesMax: 2 ** 26 });

  constructor() {
    const { keyspace, persistence } = this;
    persistence.log = null;
    keyspace.journal = new DeltaJournal(keyspace, this.#log, crc32);
    for (const slot of SLOTS) keyspace.hideSlot(slot, true);
    this.receptions = new SlotReceptions({
      keyspace,
      limits: () => SMALL_LIMITS,
      persistence,
      disposal: new SlotDisposal({ keyspace, clock: clockAt(START_MS), timers }),
      expected: (from, change) => (from === FROM && change === CHANGE ? SLOTS : undefined),
      isTaken: (slot) => this.taken.has(slot),
      take: async (_change, slots) => {
        for (const slot of slots) {
          this.taken.add(slot);
          keyspace.hideSlot(slot, false);
        }
        return true;
      },
    });
  }

  /** What a node that starts with its log has. */
  restarted(wallMs: number): Keyspace {
    const keyspace = smallKeyspace({ origin: 2 });
    replayInto(keyspace, Buffer.from(this.#log.written()), { wallMs });
    keyspace.tick(wallMs);
    return keyspace;
  }
}

/** The owner's side, a message at a time. */
class Teller {
  copy!: SlotCopy;
  readonly #writer = new ByteWriter({ bytesMax: MESSAGE_BYTES_MAX });
  #session = 0;
  #number = 0;

  constructor(
    readonly keyspace: Keyspace,
    readonly target: Target,
  ) {}

  async open(): Promise<void> {
    this.copy?.close();
    this.#session++;
    this.#number = 0;
    expect(await this.send(OPEN)).equal("accepted");
    // What was told before is gone soon.
    while ((await this.send(SETTLE)) === "later") await Promise.resolve();
    this.copy = new SlotCopy(this.keyspace, SLOTS);
  }

  send(kind: MessageKind, write: (writer: ByteWriter) => void = () => {}): Promise<Verdict> {
    beginMessage(this.#writer, this.#head(kind), kind === TAKE ? SLOTS : []);
    write(this.#writer);
    return this.#deliver(kind);
  }

  async tell(bytesMax: number): Promise<void> {
    beginMessage(this.#writer, this.#head(COPY));
    const { length } = this.#writer;
    this.copy.tell(this.#writer, length + bytesMax);
    if (this.#writer.length > length) expect(await this.#deliver(COPY)).equal("accepted");
  }

  async tellAll(bytesMax: number): Promise<void> {
    while (!this.copy.isWalked || this.copy.backlog > 0) await this.tell(bytesMax);
    expect(SLOTS.every((slot) => this.copy.isTold(slot))).equal(true);
  }

  #head(kind: MessageKind) {
    return { kind, change: CHANGE, session: this.#session, number: kind === OPEN ? 0 : this.#number + 1 };
  }

  async #deliver(kind: MessageKind): Promise<Verdict> {
    const bytes = Buffer.from(this.#writer.written());
    const { verdict } = readAnswer(Buffer.from(await this.target.receptions.answer(bytes, FROM)))!;
    if (verdict === "accepted" && kind !== OPEN) this.#number++;
    return verdict;
  }
}

interface Moment {
  readonly step: Step;
  /** Messages told after it. */
  readonly messages: number;
}

const moments: fc.Arbitrary<Moment[]> = fc.array(
  fc.record({ step, messages: fc.constantFrom(0, 0, 1, 1, 2, 5) }),
  { maxLength: 40, size: "max" },
);
const messageBytes = fc.constantFrom(1, 40, 300, 5000, 100_000);

describe("a copy of slots", () => {
  it("is what the owner has, whatever changes while it is told, and so is what a restart makes of its log", async () => {
    await fc.assert(
      fc.asyncProperty(moments, messageBytes, async (history, bytesMax) => {
        const source = new RecordedKeyspace();
        const target = new Target();
        const teller = new Teller(source.keyspace, target);
        await teller.open();
        for (const { step, messages } of history) {
          source.perform(step);
          target.keyspace.tick(source.nowMs);
          for (let i = 0; i < messages; i++) {
            if (teller.copy.isBroken) await teller.open();
            await teller.tell(bytesMax);
          }
        }
        if (teller.copy.isBroken) await teller.open();
        await teller.tellAll(bytesMax);
        expect(target.keyspace.size, "keys that clients see before").equal(0);
        expect(await teller.send(TAKE, (writer) => teller.copy.tellFloors(writer, SLOTS))).equal("accepted");
        teller.copy.close();
        expect(contentsOf(target.keyspace, KEYS)).deep.equal(contentsOf(source.keyspace, KEYS));
        expectSoundCounts(target.keyspace, KEYS);
        expect(visibleOf(target.restarted(source.nowMs))).deep.equal(visibleOf(source.keyspace));
      }),
      { numRuns: 300 },
    );
  });

  it("is nothing any more after the node that it comes to was flushed", async () => {
    const { teller, target } = await told();
    target.keyspace.flush(0);
    expect(await teller.send(SETTLE)).equal("reopen");
    await teller.open();
    await teller.tellAll(1000);
    await teller.send(TAKE, (writer) => teller.copy.tellFloors(writer, SLOTS));
    expect(target.keyspace.size).equal(teller.keyspace.size);
    expect(visibleOf(target.restarted(START_MS))).deep.equal(visibleOf(teller.keyspace));
  });

  it("takes a message that comes twice once, and none out of order or of another session", async () => {
    const { target } = await told();
    const answer = async (session: number, number: number, kind: MessageKind = COPY) => {
      const writer = new ByteWriter({ bytesMax: 1000 });
      beginMessage(writer, { kind, change: CHANGE, session, number });
      return readAnswer(Buffer.from(await target.receptions.answer(writer.written(), FROM)))!.verdict;
    };
    await answer(7, 0, OPEN);
    for (let turns = 0; turns < 10; turns++) await Promise.resolve();
    expect(await answer(7, 1)).equal("accepted");
    expect(await answer(7, 1)).equal("accepted");
    expect(await answer(7, 3)).equal("reopen");
    expect(await answer(6, 2)).equal("reopen");
    expect(await answer(6, 0, OPEN)).equal("reopen");
    expect(await answer(7, 2)).equal("accepted");
  });

  it("does not begin for who is not to hand anything over", async () => {
    const target = new Target();
    const writer = new ByteWriter({ bytesMax: 1000 });
    beginMessage(writer, { kind: OPEN, change: "9 other", session: 1, number: 0 });
    const other = await target.receptions.answer(Buffer.from(writer.written()), FROM);
    expect(readAnswer(Buffer.from(other))!.verdict).equal("later");
    beginMessage(writer, { kind: OPEN, change: CHANGE, session: 1, number: 0 });
    const stranger = await target.receptions.answer(Buffer.from(writer.written()), "stranger");
    expect(readAnswer(Buffer.from(stranger))!.verdict).equal("later");
  });

  it("survives messages that make no sense", async () => {
    const { teller, target } = await told();
    const before = contentsOf(target.keyspace, KEYS);
    const bytes = fc.uint8Array({ maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(bytes, fc.boolean(), async (noise, isMessage) => {
        const verdict = isMessage
          ? teller.send(COPY, (writer) => writer.range({ bytes: noise, start: 0, end: noise.length }))
          : target.receptions.answer(Buffer.from(noise), FROM);
        // An empty message is one.
        await verdict.then(
          () => {},
          (error: Error) => expect(error.message).match(/malformed|has no place|does not/),
        );
      }),
    );
    expect(contentsOf(target.keyspace, KEYS)).deep.equal(before);
    await teller.open();
    await teller.tellAll(1000);
    await teller.send(TAKE);
    expect(visibleOf(target.keyspace)).deep.equal(visibleOf(teller.keyspace));
  });

  it("lasts before it is taken, as far as the log of the node promises", async () => {
    const { teller, target } = await told();
    const { persistence } = target;
    persistence.change({ log: new FakePersistence().log, gates: false, position: 10, durablePosition: 0 });
    let isSettled = false;
    const settling = teller.send(SETTLE).then(() => {
      isSettled = true;
    });
    for (let turns = 0; turns < 20; turns++) await Promise.resolve();
    expect(isSettled, "the bulk waits for the disk in any case").equal(false);
    persistence.change({ durablePosition: 10 });
    await settling;
    persistence.change({ position: 20 });
    expect(await teller.send(TAKE), "the rest only where clients would").equal("accepted");
  });
});

/** A copy of a few keys, all told and not taken. */
async function told(): Promise<{ teller: Teller; target: Target }> {
  const source = new RecordedKeyspace();
  const target = new Target();
  const commands = [
    ["set", "k", "text"],
    ["hset", "h", "f", "1", "g", "2"],
    ["incr", "{t}a"],
    ["set", "{t}b", "long".repeat(10_000)],
  ];
  source.perform({ pauseMs: 0, database: 0, commands });
  const teller = new Teller(source.keyspace, target);
  await teller.open();
  await teller.tellAll(1000);
  return { teller, target };
}
