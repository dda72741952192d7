import { expect } from "chai";
import { encodeCommand, firstReplyOf } from "../../bench/resp.js";

describe("the RESP of the benchmark", () => {
  it("encodes a command as an array of bulk strings", () => {
    expect(encodeCommand(["SET", "k", ""])).to.equal("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n");
  });

  it("waits for a whole reply, wherever it is cut", () => {
    for (const whole of [
      "+PONG\r\n",
      ":12\r\n",
      "-ERR no\r\n",
      "$5\r\nhe\r\no\r\n",
      "$0\r\n\r\n",
      "$-1\r\n",
    ]) {
      for (let length = 0; length < whole.length; length++) {
        expect(firstReplyOf(whole.slice(0, length)), JSON.stringify(whole.slice(0, length))).to.equal(
          undefined,
        );
      }
      expect(firstReplyOf(whole), JSON.stringify(whole)).not.to.equal(undefined);
    }
  });

  it("tells what was said, and an error from an answer", () => {
    expect(firstReplyOf("+PONG\r\n")).to.deep.equal({ error: false, text: "PONG" });
    expect(firstReplyOf(":12\r\n")).to.deep.equal({ error: false, text: "12" });
    expect(firstReplyOf("-ERR no\r\n")).to.deep.equal({ error: true, text: "ERR no" });
    expect(firstReplyOf("$5\r\nhe\r\no\r\n")).to.deep.equal({ error: false, text: "he\r\no" });
    expect(firstReplyOf("$-1\r\n")).to.deep.equal({ error: false, text: "" });
  });
});
