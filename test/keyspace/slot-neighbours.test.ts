import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { NOWHERE } from "#torus/keyspace/arena.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { setText } from "#torus/keyspace/text.js";
import { openKey, START_MS, smallKeyspace } from "../support/small-keyspace.js";

/** Keys of one slot share a table, and in a table of a few cells they collide. */
function keysOfOneSlot(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `{slot}${i}`);
}

function put(keyspace: Keyspace, key: string, deadlineMs = 0): void {
  openKey(keyspace, key);
  setText(keyspace, Buffer.from(key), 0, key.length, deadlineMs);
}

function missing(keyspace: Keyspace, keys: Iterable<string>): string[] {
  return [...keys].filter((key) => {
    openKey(keyspace, key);
    return keyspace.at === NOWHERE;
  });
}

describe("keys of one slot", () => {
  it("keeps every key while others expire and are written again", () => {
    for (const count of [2, 3, 6, 40]) {
      const keyspace = smallKeyspace();
      const keys = keysOfOneSlot(count);
      for (const key of keys) put(keyspace, key);
      for (const key of keys) {
        put(keyspace, key, START_MS - 1);
        put(keyspace, key);
        expect(missing(keyspace, keys), `of ${count} keys, after ${key}`).to.deep.equal([]);
      }
    }
  });

  it("holds what a map would hold, through growing and shrinking", () => {
    const random = new Prng(3);
    const keyspace = smallKeyspace();
    const keys = keysOfOneSlot(5000);
    const present = new Set<string>();
    for (let share = 0; share <= 20; share++) {
      // Mostly writes at first, mostly removals in the end: up to two pages and down to none.
      for (let i = 0; i < 1500; i++) {
        const key = random.pick(keys);
        const fate = random.float() * 20 < share ? "gone" : random.pick(["lasting", "expired, then lasting"]);
        if (fate === "expired, then lasting") put(keyspace, key, START_MS - 1);
        if (fate !== "gone") put(keyspace, key);
        else if (present.has(key)) {
          openKey(keyspace, key);
          keyspace.remove();
        }
        if (fate === "gone") present.delete(key);
        else present.add(key);
      }
      expect(missing(keyspace, present)).to.deep.equal([]);
      expect(keyspace.size).to.equal(present.size);
    }
    for (const key of present) {
      openKey(keyspace, key);
      keyspace.remove();
    }
    expect(missing(keyspace, keys)).to.have.lengthOf(keys.length);
    expect(keyspace.size).to.equal(0);
  });
});
