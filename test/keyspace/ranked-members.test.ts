import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { CommandRunner } from "../support/command-runner.js";
import { smallKeyspace } from "../support/small-keyspace.js";

/** Bytes of array buffers, in which keys lie, after all that can be forgotten is. */
async function heldBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // Buffers are given back by another thread, behind the collection that found them free.
  for (let i = 0; i < 3; i++) {
    collect();
    await setImmediate();
  }
  return process.memoryUsage().arrayBuffers;
}

describe("commands on ranks", () => {
  for (const words of [
    ["ZREMRANGEBYRANK", "z", "0", "0"],
    ["ZRANGE", "z", "0", "0"],
    ["ZCOUNT", "z", "0", "1"],
  ]) {
    it(`keep nothing in memory of what was flushed after ${words[0]}`, async () => {
      const commands = new CommandRunner(smallKeyspace());
      commands.run("ZADD", "other", "1", "m");
      const before = await heldBytes();
      for (let from = 0; from < 100_000; from += 1000) {
        const pairs = Array.from({ length: 1000 }, (_, i) => [i, `member:${from + i}`]).flat();
        commands.run("ZADD", "z", ...pairs);
      }
      commands.run(...words);
      const full = await heldBytes();
      commands.keyspace.flush(0);
      commands.run("ZADD", "z", "1", "m");
      commands.run("ZSCORE", "z", "m");
      expect((await heldBytes()) - before).to.be.lessThan((full - before) / 2);
    });
  }
});
