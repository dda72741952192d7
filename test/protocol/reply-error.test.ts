import { expect } from "chai";
import * as replyErrors from "#torus/protocol/reply-error.js";

describe("reply errors", () => {
  it("know their line and its code", () => {
    const error = new replyErrors.ReplyError(replyErrors.WRONG_TYPE);
    expect(error).to.be.instanceOf(Error);
    expect(error.code).to.equal("WRONGTYPE");
    expect(error.line).to.equal(error.message);
    expect(new replyErrors.ReplyError("LOADING").code).to.equal("LOADING");
  });

  it("name the command that they are about", () => {
    expect(replyErrors.wrongNumberOfArguments("config|set")).to.equal(
      "ERR wrong number of arguments for 'config|set' command",
    );
    expect(replyErrors.invalidExpireTime("set")).to.equal("ERR invalid expire time in 'set' command");
  });

  it("are lines that begin with a code", () => {
    for (const line of Object.values(replyErrors)) {
      if (typeof line === "string") expect(line).to.match(/^[A-Z]+ [^\r\n]+$/);
    }
  });
});
