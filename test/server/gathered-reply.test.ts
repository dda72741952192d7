import { expect } from "chai";
import { gatherReply } from "#torus/server/gathered-reply.js";

const bytes = (...replies: string[]) => replies.map((reply) => Buffer.from(reply));

describe("gatherReply", () => {
  it("sums integers, joins lists and takes one OK for all", () => {
    expect(String(gatherReply("sum", bytes(":2\r\n", ":0\r\n", ":40\r\n")))).to.equal(":42\r\n");
    const lists = bytes("*2\r\n$1\r\na\r\n$1\r\nb\r\n", "*0\r\n", "*1\r\n$1\r\nc\r\n");
    expect(String(gatherReply("lists", lists))).to.equal("*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n");
    expect(String(gatherReply("ok", bytes("+OK\r\n", "+OK\r\n")))).to.equal("+OK\r\n");
  });

  it("puts elements where their keys stood, nil in both versions of the protocol among them", () => {
    const parts = [{ keys: [3, 0] }, { keys: [1] }, { keys: [2] }].map(({ keys }) => ({
      keys,
      request: Buffer.alloc(0),
    }));
    const replies = bytes("*2\r\n$-1\r\n$2\r\n\r\n\r\n", "*1\r\n_\r\n", "*1\r\n$1\r\nz\r\n");
    expect(String(gatherReply("elements", replies, parts))).to.equal(
      "*4\r\n$2\r\n\r\n\r\n_\r\n$1\r\nz\r\n$-1\r\n",
    );
  });

  it("is the first error, or the first whose outcome nobody knows", () => {
    const replies = bytes(":1\r\n", "-OOM no\r\n", "-INDOUBT a\r\n", "-INDOUBT b\r\n");
    expect(String(gatherReply("sum", replies))).to.equal("-INDOUBT a\r\n");
    expect(String(gatherReply("ok", replies.slice(0, 2)))).to.equal("-OOM no\r\n");
  });
});
