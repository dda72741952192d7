import { expect } from "chai";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { OUTSIDE_BYTES } from "#torus/keyspace/record.js";
import { setText } from "#torus/keyspace/text.js";
import { patchText } from "#torus/keyspace/text-edit.js";
import { DeltaTap } from "../support/delta-tap.js";
import { openKey, START_MS, smallKeyspace } from "../support/small-keyspace.js";
import { stateOf } from "../support/state-of.js";

const LARGE = 4 * OUTSIDE_BYTES;

function set(keyspace: Keyspace, text: string, deadlineMs = 0): void {
  const bytes = Buffer.from(text, "latin1");
  openKey(keyspace, "k");
  setText(keyspace, bytes, 0, bytes.length, deadlineMs);
}

function patch(keyspace: Keyspace, offset: number, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  openKey(keyspace, "k");
  patchText(keyspace, offset, bytes, 0, bytes.length);
}

/** A copy of the text of the open key. */
function textOfOpen({ records, at }: Keyspace): string {
  const { bytes, start, end } = records.body(at);
  return bytes.toString("latin1", start, end);
}

/** The memory in which the open text lies. */
function memoryOfOpen({ records, at }: Keyspace): ArrayBufferLike {
  return records.body(at).bytes.buffer;
}

describe("the edit of a text", () => {
  it("copies nothing of a large one", () => {
    const keyspace = smallKeyspace();
    set(keyspace, "x".repeat(LARGE));
    const memory = memoryOfOpen(keyspace);
    for (const offset of [0, 1, LARGE / 2, LARGE - 1]) patch(keyspace, offset, "y");
    expect(memoryOfOpen(keyspace)).to.equal(memory);
  });

  it("leaves what a reply still reads as it is, and copies it no more than once", () => {
    const keyspace = smallKeyspace();
    set(keyspace, "x".repeat(LARGE));
    const lent = keyspace.records.lend(keyspace.at)!;
    patch(keyspace, 0, "y");
    const memory = memoryOfOpen(keyspace);
    expect(memory).to.not.equal(lent.buffer);
    patch(keyspace, 1, "z");
    expect(memoryOfOpen(keyspace)).to.equal(memory);
    expect(lent.toString("latin1")).to.equal("x".repeat(LARGE));
    expect(textOfOpen(keyspace)).to.equal(`yz${"x".repeat(LARGE - 2)}`);
  });

  it("leaves what a reply still reads as it is when the key goes, or gets another value", () => {
    const keyspace = smallKeyspace();
    set(keyspace, "x".repeat(LARGE));
    const first = keyspace.records.lend(keyspace.at)!;
    set(keyspace, "y".repeat(LARGE));
    const second = keyspace.records.lend(keyspace.at)!;
    keyspace.remove();
    set(keyspace, "z".repeat(LARGE));
    expect(first.toString("latin1")).to.equal("x".repeat(LARGE));
    expect(second.toString("latin1")).to.equal("y".repeat(LARGE));
  });

  it("finds room for most of many additions, and never more than half as much again", () => {
    const keyspace = smallKeyspace();
    set(keyspace, "");
    const memories = new Set<ArrayBufferLike>();
    for (let length = 0; length < 2 ** 20; length += 1024) {
      patch(keyspace, length, "x".repeat(1024));
      if (!keyspace.records.isOutside(keyspace.at)) continue;
      memories.add(memoryOfOpen(keyspace));
      expect(keyspace.records.outsideBytes).to.be.within(length + 1024, 1.5 * (length + 1024) + 1);
    }
    expect(memories.size).to.be.within(5, 15);
  });

  it("fills a gap with zeros, also where something else was before", () => {
    const keyspace = smallKeyspace();
    // Removed and made anew, so that the cell and the memory are the same.
    for (const length of [50, OUTSIDE_BYTES]) {
      set(keyspace, "x".repeat(length));
      keyspace.remove();
      patch(keyspace, length - 1, "y");
      expect(textOfOpen(keyspace)).to.equal(`${"\0".repeat(length - 1)}y`);
      patch(keyspace, 2 * length, "z");
      expect(textOfOpen(keyspace)).to.equal(`${"\0".repeat(length - 1)}y${"\0".repeat(length)}z`);
      keyspace.remove();
    }
  });

  for (const keepTombstones of [false, true]) {
    it(`begins a life that takes the deadline over, whoever set it (tombstones: ${keepTombstones})`, () => {
      const keyspace = smallKeyspace({ keepTombstones });
      set(keyspace, "text", START_MS + 50);
      const first = stateOf(keyspace, "k")!;
      patch(keyspace, 4, "s");
      const second = stateOf(keyspace, "k")!;
      expect(second.life.clock).to.be.greaterThan(first.life.clock);
      expect(second.expiry).to.deep.equal({ deadlineMs: START_MS + 50, version: second.life });
      // EXPIRE gives the register a version of its own; the edit takes it into the life.
      openKey(keyspace, "k");
      keyspace.setDeadline(START_MS + 70);
      patch(keyspace, 0, "T");
      const third = stateOf(keyspace, "k")!;
      expect(third.expiry).to.deep.equal({ deadlineMs: START_MS + 70, version: third.life });
      openKey(keyspace, "k");
      keyspace.setDeadline(0);
      patch(keyspace, 1, "E");
      const fourth = stateOf(keyspace, "k")!;
      expect(fourth.expiry).to.deep.equal({ deadlineMs: 0, version: fourth.life });
      expect(Buffer.from((fourth.body as { bytes: Uint8Array }).bytes).toString()).to.equal("TExts");
      expect(keyspace.database.expiringCount).to.equal(0);
    });
  }

  it("is told as a patch of its predecessor, or as a text where there was none", () => {
    const keyspace = smallKeyspace();
    const tap = new DeltaTap(keyspace);
    patch(keyspace, 2, "a");
    expect(tap.take().map(({ kind }) => kind)).to.deep.equal(["record"]);
    const { life } = stateOf(keyspace, "k")!;
    patch(keyspace, 3, "bc");
    const [delta] = tap.take();
    const expected = { kind: "patch", predecessor: life, offset: 3, bytes: Uint8Array.from([0x62, 0x63]) };
    expect(delta).to.deep.include(expected);
  });

  it("is one change to who counts them, of whatever it makes a text", () => {
    const keyspace = smallKeyspace();
    patch(keyspace, 0, "1");
    expect(keyspace.dirty).to.equal(1);
    patch(keyspace, 5, "2");
    expect(keyspace.dirty).to.equal(2);
  });
});
