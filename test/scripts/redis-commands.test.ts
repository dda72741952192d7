import { expect } from "chai";
import { redisCommands } from "../../scripts/redis-commands.js";
import { needsRedis, startRedis } from "../support/redis-server.js";
import { textOf } from "../support/reply.js";
import { connectTo, REFERENCE_VERSION } from "../support/target.js";

describe("the list of Redis's commands", () => {
  before(async function () {
    await needsRedis(this, REFERENCE_VERSION);
  });

  it("is what Redis itself lists", async () => {
    const redis = await startRedis();
    const client = await connectTo(redis);
    try {
      const reply = await client.call("COMMAND", "LIST");
      const names = reply.kind === "array" ? reply.items.map(textOf) : [];
      expect([...redisCommands.values()].flat().sort()).to.deep.equal(names.sort());
    } finally {
      await client.close();
      await redis.close();
    }
  });
});
