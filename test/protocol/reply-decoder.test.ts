import { expect } from "chai";
import fc from "fast-check";
import { ReplyDecoder, type ReplyValue } from "#torus/protocol/reply-decoder.js";
import { ReplyError } from "#torus/protocol/reply-error.js";
import { ReplyWriter } from "#torus/protocol/reply-writer.js";

function decode(...chunks: readonly (string | Buffer)[]): ReplyValue[] {
  const values: ReplyValue[] = [];
  const decoder = new ReplyDecoder((value) => values.push(value));
  for (const chunk of chunks) decoder.push(Buffer.from(chunk));
  return values;
}

describe("reply decoder", () => {
  it("reads every kind of reply", () => {
    const values = decode(
      "+OK\r\n$5\r\nhello\r\n$0\r\n\r\n:42\r\n$-1\r\n*-1\r\n*0\r\n*2\r\n:1\r\n*1\r\n$1\r\na\r\n",
    );
    expect(values).to.deep.equal(["OK", "hello", "", 42, null, null, [], [1, ["a"]]]);
  });

  it("reads errors as values, within arrays too", () => {
    const [error, array] = decode("-WRONGTYPE no\r\n*2\r\n-ERR inner\r\n:1\r\n");
    expect(error).to.be.instanceOf(ReplyError).with.property("code", "WRONGTYPE");
    expect((array as ReplyValue[])[0])
      .to.be.instanceOf(ReplyError)
      .with.property("line", "ERR inner");
    expect((array as ReplyValue[])[1]).to.equal(1);
  });

  it("reads UTF-8 as text and other bytes as a Buffer of their own", () => {
    const text = Buffer.from("\ufeffcittà");
    const [first, second] = decode(
      Buffer.concat([
        Buffer.from(`$${text.length}\r\n`),
        text,
        Buffer.from("\r\n$2\r\n\xff\xfe\r\n", "latin1"),
      ]),
    );
    expect(first).to.equal("\ufeffcittà");
    expect(second).to.deep.equal(Buffer.from([0xff, 0xfe]));
  });

  it("reads any 64-bit integer exactly", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (integer) => {
        const writer = new ReplyWriter();
        writer.integer64(integer);
        const [value] = decode(Buffer.concat(writer.take()));
        expect(typeof value).to.equal(Number.isSafeInteger(Number(integer)) ? "number" : "bigint");
        expect(BigInt(value as number | bigint)).to.equal(integer);
      }),
    );
  });

  it("reads a reply that comes in pieces", () => {
    expect(decode("*2\r\n$5\r\nhe", "llo\r\n", ":", "7\r\n+O", "K\r\n")).to.deep.equal([["hello", 7], "OK"]);
  });

  it("throws at what is no reply", () => {
    expect(() => decode("?\r\n")).to.throw("Protocol error");
  });
});
