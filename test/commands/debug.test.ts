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

  it("of a stream tells of its entries, whatever else it has been through", async () => {
    const client = await suite.connect();
    for (const key of ["s", "t"]) {
      for (const id of ["1-1", "2-1"]) await client.call("XADD", key, id, "field", "value");
    }
    await client.call("XADD", "t", "3-1", "field", "value");
    await client.call("XDEL", "t", "3-1");
    await client.call("XTRIM", "s", "MAXLEN", "2");
    await client.call("XGROUP", "CREATE", "s", "group", "0");
    await client.call("XREADGROUP", "GROUP", "group", "consumer", "STREAMS", "s", ">");
    const digests = async () => notate(await client.call("DEBUG", "DIGEST-VALUE", "s", "t"));
    expect(await digests()).to.match(/^\[\+"([0-9a-f]{40})" \+"\1"\]$/);
    await client.call("XADD", "t", "4-1", "field", "value");
    expect(await digests()).to.not.match(/^\[\+"([0-9a-f]{40})" \+"\1"\]$/);
    await client.call("DEL", "s", "t");
  });

  it("of values tells of each key that is named", async () => {
    const client = await suite.connect();
    await client.call("MSET", "a", "1", "b", "1");
    const digests = notate(await client.call("DEBUG", "DIGEST-VALUE", "a", "nokey", "b"));
    expect(digests).to.match(/^\[\+"([0-9a-f]{40})" \+"0{40}" \+"\1"\]$/);
  });
});

describe("DEBUG OBJECT", () => {
  const suite = new NodeSuite({ "enable-debug-command": "yes" });

  it("tells how long a value is in a dump, however large it is and wherever it is kept", async () => {
    const client = await suite.connect();
    await client.call("SET", "text", "hello");
    await client.call("RPUSH", "short", "a", "bc");
    await client.call("RPUSH", "long", ...Array.from({ length: 1000 }, (_, i) => `element ${i}`));
    await client.call("SET", "outside", Buffer.alloc(2 ** 20));
    for (const key of ["text", "short", "long", "outside"]) {
      const dump = textOf(await client.call("DUMP", key)) ?? "";
      const shown = textOf(await client.call("DEBUG", "OBJECT", key));
      expect(shown, key).to.contain(` serializedlength:${dump.length - 11} `);
    }
  });
});
