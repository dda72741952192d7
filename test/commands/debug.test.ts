import { expect } from "chai";
import { NodeSuite } from "../support/node-suite.js";
import { notate } from "../support/notation.js";
import { textOf } from "../support/reply.js";

describe("DEBUG DIGEST", () => {
  const suite = new NodeSuite({ "enable-debug-command": "yes" });

  it("is the same for the same data, however it came about, and no other", async () => {
    const client = await suite.connect();
    const digest = async () => textOf(await client.call("DEBUG", "DIGEST"));
    const nothing = await digest();
    expect(nothing).to.equal("0".repeat(40));
    await client.call("MSET", "a", "1", "b", "2");
    await client.call("SELECT", "3");
    await client.call("RPUSH", "l", "x", "y");
    const all = await digest();
    expect(all).to.match(/^[0-9a-f]{40}$/);
    await client.call("DEL", "l");
    expect(await digest()).to.not.equal(all);
    await client.call("LPUSH", "l", "y", "x");
    await client.call("SELECT", "0");
    expect(await digest()).to.equal(all);
    await client.call("EXPIRE", "a", "1000");
    expect(await digest()).to.not.equal(all);
    await client.call("PERSIST", "a");
    expect(await digest()).to.equal(all);
    await client.call("RENAME", "a", "c");
    expect(await digest()).to.not.equal(all);
    await client.call("FLUSHALL");
    expect(await digest()).to.equal(nothing);
    expect(notate(await client.call("GET", "b"))).to.equal("nil");
  });

  it("of values tells of each key that is named", async () => {
    const client = await suite.connect();
    await client.call("MSET", "a", "1", "b", "1");
    const digests = notate(await client.call("DEBUG", "DIGEST-VALUE", "a", "nokey", "b"));
    expect(digests).to.match(/^\[\+"([0-9a-f]{40})" \+"0{40}" \+"\1"\]$/);
  });
});
