/** Slots of many keys, hashes of many fields, values that no message holds. */
import { expect } from "chai";
import type { RepairProgress } from "#torus/cluster/repair/repair-counters.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { RangeDigests, wholeSlot } from "#torus/keyspace/slot-digest.js";
import { setText } from "#torus/keyspace/text.js";
import { patchText } from "#torus/keyspace/text-edit.js";
import { readField, SMALL_LIMITS, setFields } from "../../support/hash-fields.js";
import { visibleOf } from "../../support/recorded-keyspace.js";
import {
  type RepairOwner,
  type RepairPair,
  settleTime,
  slotOfKey,
  twoOwners,
} from "../../support/repair-owners.js";
import { openKey } from "../../support/small-keyspace.js";

const MESSAGE_BYTES_MAX = 256 * 1024;

function set(keyspace: Keyspace, key: string, text: string): void {
  openKey(keyspace, key);
  const bytes = Buffer.from(text, "latin1");
  setText(keyspace, bytes, 0, bytes.length, 0);
}

function append(keyspace: Keyspace, key: string, text: string): void {
  openKey(keyspace, key);
  const { records, at } = keyspace;
  patchText(keyspace, records.bodyLength(at), Buffer.from(text), 0, text.length);
}

function get(keyspace: Keyspace, key: string): string | undefined {
  openKey(keyspace, key);
  if (keyspace.at === NOWHERE) return undefined;
  const { bytes, start, end } = keyspace.records.body(keyspace.at);
  return bytes.toString("latin1", start, end);
}

function elementsOf(keyspace: Keyspace, key: string): string[] {
  openKey(keyspace, key);
  const reader = keyspace.openList.open();
  const elements: string[] = [];
  const view = { bytes: Buffer.alloc(0), start: 0, end: 0 };
  while (reader.nextLive()) {
    reader.cursor.value(view);
    elements.push(view.bytes.toString("latin1", view.start, view.end));
  }
  return elements;
}

function digestOf({ keyspace }: RepairOwner, slot: number): string {
  const digests = new RangeDigests(keyspace, [wholeSlot(slot)], keyspace.nowMs);
  while (digests.step());
  const { low, high, count } = digests.sums[0]!;
  return `${low} ${high} of ${count}`;
}

/** Repairs a slot, holds both sides to being alike and messages to their bounds; answers how it went. */
async function repaired({ world, a, b }: RepairPair, slot: number): Promise<RepairProgress> {
  settleTime(a, b);
  const repair = a.repair([slot]);
  expect(await world.complete(repair.run())).to.deep.equal({ kind: "done" });
  expect(digestOf(a, slot)).to.equal(digestOf(b, slot));
  expect(a.traffic.bytesMax).to.be.lessThan(MESSAGE_BYTES_MAX);
  expect(a.traffic.inFlightMax).to.be.at.most(4);
  return repair.progress;
}

/** A hash tag of each slot. */
function tagsOf(slots: readonly number[]): string[] {
  const tags = new Map<number, string>();
  for (let i = 0; slots.some((slot) => !tags.has(slot)); ) {
    for (const end = i + 10_000; i < end; i++) tags.set(slotOfKey(`{${i}}`), `{${i}}`);
  }
  return slots.map((slot) => tags.get(slot)!);
}

/** Both have it, the second by hearing of the first. */
function share({ a, b }: RepairPair): void {
  a.keyspace.journal!.ended();
  b.hear(a);
  settleTime(a, b);
}

describe("a repair of large things", () => {
  it("finds the few keys that differ among a hundred thousand of one hash tag", async () => {
    const pair = await twoOwners();
    const { a, b } = pair;
    const slot = slotOfKey("{t}");
    for (let i = 0; i < 100_000; i++) set(a.keyspace, `{t}${i}`, `value ${i}`);
    share(pair);
    for (let i = 0; i < 100; i++) {
      set(a.keyspace, `{t}${i * 777}`, "of a");
      set(b.keyspace, `{t}${i * 555}`, "of b");
      set(b.keyspace, `{t}new ${i}`, "of b");
    }
    const progress = await repaired(pair, slot);
    expect(progress.recordsPushed).to.be.within(50, 200);
    expect(progress.recordsPulled).to.be.within(180, 300);
    // Their records alone are eight megabytes.
    expect(progress.bytesSent + progress.bytesReceived).to.be.lessThan(600_000);
  });

  it("brings a hundred thousand keys of one hash tag to a side that has none", async () => {
    for (const isPulled of [true, false]) {
      const pair = await twoOwners();
      const { a, b } = pair;
      const slot = slotOfKey("{t}");
      const holder = isPulled ? b : a;
      for (let i = 0; i < 100_000; i++) set(holder.keyspace, `{t}${i}`, `value ${i}`);
      const progress = await repaired(pair, slot);
      const { recordsPushed, recordsPulled } = progress;
      expect({ recordsPushed, recordsPulled }).to.deep.equal(
        isPulled
          ? { recordsPushed: 0, recordsPulled: 100_000 }
          : { recordsPushed: 100_000, recordsPulled: 0 },
      );
    }
  });

  it("is told at once what differs where most does, and digests it once", async () => {
    const slots = Array.from({ length: 2048 }, (_, slot) => slot);
    const tags = tagsOf(slots);
    for (const differing of [0, slots.length]) {
      const pair = await twoOwners();
      const { world, a, b } = pair;
      for (const tag of tags) for (let i = 0; i < 4; i++) set(a.keyspace, `${tag}${i}`, "of both");
      share(pair);
      for (const tag of tags.slice(0, differing)) {
        set(a.keyspace, `${tag}1`, "of a");
        set(b.keyspace, `${tag}of b`, "new");
      }
      settleTime(a, b);
      const { traffic } = a;
      const repair = a.repair(slots);
      expect(await world.complete(repair.run())).to.deep.equal({ kind: "done" });
      for (const slot of slots) expect(digestOf(a, slot)).to.equal(digestOf(b, slot));
      const { slotsDiffering, recordsPushed, recordsPulled } = repair.progress;
      expect([slotsDiffering, recordsPushed, recordsPulled]).to.deep.equal([differing, differing, differing]);
      // Of eight groups four begin before anybody knows.
      expect(traffic.lists).to.equal(differing === 0 ? 0 : 4);
      expect(traffic.bytesMax).to.be.lessThan(MESSAGE_BYTES_MAX);
    }
  });

  it("finds the few fields that differ in a hash of fifty thousand", async () => {
    const pair = await twoOwners();
    const { a, b } = pair;
    const fields = Array.from({ length: 50_000 }, (_, i): [string, string] => [`field ${i}`, `value ${i}`]);
    setFields(a.keyspace, "h", fields);
    share(pair);
    setFields(a.keyspace, "h", [["field 7", "of a"]]);
    setFields(b.keyspace, "h", [
      ["field 8", "of b"],
      ["new", "of b"],
    ]);
    openKey(b.keyspace, "h");
    b.keyspace.setDeadline(b.recorded.nowMs + 1_000_000);
    const progress = await repaired(pair, slotOfKey("h"));
    expect(readField(a.keyspace, "h", "field 8")).to.equal("of b");
    expect(readField(b.keyspace, "h", "field 7")).to.equal("of a");
    expect(progress.recordsPushed + progress.recordsPulled).to.be.at.most(6);
    expect(progress.bytesSent + progress.bytesReceived).to.be.lessThan(100_000);
  });

  it("lets a set have all its members at an owner that has fields of the same names, and later ones", async () => {
    const pair = await twoOwners();
    const { a, b } = pair;
    const perform = (owner: RepairOwner, ...words: readonly string[]) => {
      owner.perform([{ pauseMs: 1, database: 0, commands: [words] }]);
    };
    perform(b, "sadd", "k", "", "f");
    perform(b, "sadd", "k", "a long member");
    perform(a, "hset", "k", "", "later");
    perform(a, "hset", "k", "f", "later");
    await repaired(pair, slotOfKey("k"));
    for (const { keyspace } of [a, b]) {
      expect(visibleOf(keyspace)).to.deep.equal({ "0:k": "set , a long member, f until 0" });
    }
  });

  it("brings a hash of fifty thousand fields to a side that has none of it, or another form of some", async () => {
    const packed = { ...SMALL_LIMITS, hashMaxListpackEntries: 1000, hashMaxListpackValueBytes: 100 };
    for (const there of [0, 300]) {
      const pair = await twoOwners({}, { limits: packed });
      const { a, b } = pair;
      const fields = Array.from({ length: 50_000 }, (_, i): [string, string] => [`field ${i}`, `value ${i}`]);
      setFields(a.keyspace, "h", fields.slice(0, there));
      if (there > 0) share(pair);
      setFields(a.keyspace, "h", fields.slice(there));
      const progress = await repaired(pair, slotOfKey("h"));
      expect(readField(b.keyspace, "h", "field 49999")).to.equal("value 49999");
      expect(progress.recordsPulled).to.be.at.most(1);
    }
  });

  it("brings a list of fifty thousand elements to a side that has none of it, or lacks some, long ones among them", async () => {
    const perform = (owner: RepairOwner, ...words: readonly string[]) => {
      owner.perform([{ pauseMs: 1, database: 0, commands: [words] }]);
    };
    const limits = { ...SMALL_LIMITS, listMaxListpackSize: -2 };
    for (const there of [0, 300]) {
      const pair = await twoOwners({}, { limits });
      const { a, b } = pair;
      const elements = Array.from({ length: 50_000 }, (_, i) => `element ${i}`);
      elements[700] = "long".repeat(MESSAGE_BYTES_MAX);
      elements[40_000] = "x".repeat(20_000);
      if (there > 0) perform(a, "rpush", "k", ...elements.slice(0, there));
      if (there > 0) share(pair);
      perform(b, "lpush", "k", "of b");
      perform(a, "rpush", "k", ...elements.slice(there));
      perform(a, "lpop", "k");
      await repaired(pair, slotOfKey("k"));
      for (const { keyspace } of [a, b])
        expect(elementsOf(keyspace, "k")).to.deep.equal(["of b", ...elements.slice(1)]);
    }
  });

  it("carries values that are longer than a message, both ways", async () => {
    const pair = await twoOwners();
    const { a, b } = pair;
    const slot = slotOfKey("{t}");
    const [one, other] = ["a".repeat(3_000_000), "b".repeat(1_000_001)];
    set(a.keyspace, "{t}a", one);
    set(b.keyspace, "{t}b", other);
    for (const length of [16_384, 16_385, 65_535, 65_536, 65_537, 131_072]) {
      set(a.keyspace, `{t}${length}`, "x".repeat(length));
      setFields(b.keyspace, `{t}h${length}`, [["f", "x".repeat(length)]]);
    }
    setFields(a.keyspace, "{t}h", [
      ["f", one],
      ["g", "v"],
    ]);
    setFields(b.keyspace, "{t}g", [
      ["f", other],
      ["g", "v"],
    ]);
    await repaired(pair, slot);
    expect(get(b.keyspace, "{t}a")).to.equal(one);
    expect(get(a.keyspace, "{t}b")).to.equal(other);
    expect(readField(b.keyspace, "{t}h", "f")).to.equal(one);
    expect(readField(a.keyspace, "{t}g", "f")).to.equal(other);
  });

  it("carries a long text as it was, though it is changed all the time", async () => {
    for (const isPulled of [true, false]) {
      const pair = await twoOwners();
      const { world, a, b } = pair;
      const [holder, other] = isPulled ? [b, a] : [a, b];
      const text = "x".repeat(2_000_000);
      set(holder.keyspace, "k", text);
      holder.keyspace.journal!.ended();
      const before = holder.recorded.recorded().length;
      const repair = a.repair([slotOfKey("k")]).run();
      let isOver = false;
      void repair.then(() => {
        isOver = true;
      });
      while (!isOver) {
        append(holder.keyspace, "k", "y");
        await world.advance(1);
      }
      expect(await repair).to.deep.equal({ kind: "done" });
      holder.keyspace.journal!.ended();
      const changes = holder.recorded.recorded().subarray(before);
      expect(get(other.keyspace, "k")).to.match(/^x{2000000}y*$/);
      // What was appended follows as patches, of which the text that came was the predecessor of one.
      expect(other.application.apply(Buffer.from(changes))).to.equal(undefined);
      expect(get(other.keyspace, "k")).to.equal(get(holder.keyspace, "k"));
    }
  });
});
