import { expect } from "chai";
import { notate } from "./notation.js";
import { ReplyDecoder, ReplyFormatError } from "./reply-decoder.js";

/** Every type of RESP2 and RESP3, and what it is in notation. */
const WIRE: readonly (readonly [bytes: string, notation: string])[] = [
  ["+OK\r\n", "OK"],
  ["+two words\r\n", '+"two words"'],
  ["-ERR no\r\n", '-"ERR no"'],
  [":-9223372036854775808\r\n", "-9223372036854775808"],
  ["$0\r\n\r\n", '""'],
  ['$6\r\na\r\n\x00\xff"\r\n', '"a\\r\\n\\x00\\xff\\""'],
  ["$-1\r\n", "nil"],
  ["*-1\r\n", "nil[]"],
  ["*0\r\n", "[]"],
  ["*3\r\n:1\r\n*1\r\n$1\r\na\r\n$-1\r\n", '[1 ["a"] nil]'],
  ["_\r\n", "_"],
  ["#t\r\n", "#t"],
  ["#f\r\n", "#f"],
  [",3.5\r\n", ",3.5"],
  [",inf\r\n", ",inf"],
  ["(3492890328409238509324850943850943825024385\r\n", "(3492890328409238509324850943850943825024385"],
  ["=7\r\ntxt:a b\r\n", '=txt"a b"'],
  ["%2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n%0\r\n", '{"a": 1 "b": {}}'],
  ["~2\r\n+a\r\n+b\r\n", "~[a b]"],
  [">1\r\n$1\r\nx\r\n", '>["x"]'],
];

describe("the reply decoder of the tests", () => {
  for (const [bytes, notation] of WIRE) {
    it(`reads ${JSON.stringify(bytes)}, also a byte at a time`, () => {
      expect(decode([bytes])).to.deep.equal([notation]);
      expect(decode([...bytes])).to.deep.equal([notation]);
    });
  }

  it("reads replies one after the other, wherever they are cut", () => {
    const all = WIRE.map(([bytes]) => bytes).join("");
    const notations = WIRE.map(([, notation]) => notation);
    for (let cut = 0; cut <= all.length; cut++) {
      expect(decode([all.slice(0, cut), all.slice(cut)])).to.deep.equal(notations);
    }
  });

  it("accepts nothing that a strict client would not", () => {
    for (const bytes of [
      "hello\r\n",
      "+OK\n",
      ":1.5\r\n",
      ":\r\n",
      "$01x\r\n",
      "$-2\r\n",
      "$2\r\nabc\r\n",
      "#x\r\n",
      "*-2\r\n",
    ]) {
      expect(() => decode([bytes]), bytes).to.throw(ReplyFormatError);
    }
  });
});

function decode(pieces: readonly string[]): string[] {
  const decoder = new ReplyDecoder();
  return pieces.flatMap((piece) => decoder.push(Buffer.from(piece, "latin1")).map(notate));
}
