import { expect } from "chai";
import { setText } from "#torus/keyspace/text.js";
import { averageTtlMs } from "#torus/keyspace/ttl-sample.js";
import { smallKeyspace } from "../support/small-keyspace.js";

const NOW_MS = 1_000_000;
const RANDOM = [0, 1, 0x7fffffff, 0xffffffff];

describe("the average time that keys have to live", () => {
  const keyspaceWith = (keys: readonly (readonly [key: string, ttlMs: number])[]) => {
    const keyspace = smallKeyspace({});
    keyspace.nowMs = NOW_MS;
    for (const [key, ttlMs] of keys) {
      const bytes = Buffer.from(key);
      keyspace.open(bytes, 0, bytes.length);
      setText(keyspace, bytes, 0, 1, ttlMs === 0 ? 0 : NOW_MS + ttlMs);
    }
    return keyspace.database;
  };

  it("is 0 where no key expires", () => {
    for (const random of RANDOM) expect(averageTtlMs(keyspaceWith([["a", 0]]), NOW_MS, random)).to.equal(0);
  });

  it("is exact for a few keys, wherever the sample begins", () => {
    const database = keyspaceWith([
      ["a", 1000],
      ["b", 2000],
      ["c", 6000],
      ["forever", 0],
    ]);
    for (const random of RANDOM) expect(averageTtlMs(database, NOW_MS, random)).to.equal(3000);
  });

  it("is near the truth for many keys of one slot", () => {
    const keys = Array.from({ length: 5000 }, (_, i) => [`{tag}${i}`, 1000 + (i % 100)] as const);
    const database = keyspaceWith(keys);
    for (const random of RANDOM) {
      expect(averageTtlMs(database, NOW_MS, random)).to.be.within(1020, 1080);
    }
  });
});
