import { expect } from "chai";
import fc from "fast-check";
import { countReplies, endOfReplies, NONE, skipReplies } from "#torus/protocol/reply-scanner.js";

/** One of each kind, RESP2 and RESP3, and some within others. */
const REPLIES = [
  "+OK\r\n",
  "+\r\n",
  "-ERR no such key\r\n",
  ":0\r\n",
  ":-12\r\n",
  "$0\r\n\r\n",
  "$4\r\n\r\n$1\r\n",
  "$-1\r\n",
  "*0\r\n",
  "*-1\r\n",
  "*3\r\n:1\r\n$1\r\na\r\n*2\r\n$-1\r\n+b\r\n",
  "_\r\n",
  "#t\r\n",
  ",-inf\r\n",
  "(123456789012345678901234567890\r\n",
  "=8\r\ntxt:a\r\nb\r\n",
  "!8\r\nERR a\r\nb\r\n",
  "~2\r\n+a\r\n+b\r\n",
  "%2\r\n+a\r\n*1\r\n:1\r\n+b\r\n%1\r\n+c\r\n_\r\n",
  "%0\r\n",
  `$2000\r\n${"x".repeat(2000)}\r\n`,
];

const bytesOf = (text: string) => Buffer.from(text, "latin1");

describe("the reply scanner", () => {
  for (const reply of REPLIES) {
    it(`steps over ${JSON.stringify(reply.slice(0, 40))}, and over no part of it`, () => {
      const bytes = bytesOf(`+before\r\n${reply}+behind\r\n`);
      const start = "+before\r\n".length;
      expect(endOfReplies(bytes, start, bytes.length, 1)).to.equal(start + reply.length);
      expect(endOfReplies(bytes, start, bytes.length, 2)).to.equal(bytes.length);
      expect(endOfReplies(bytes, start, bytes.length, 3)).to.equal(NONE);
      for (let end = start; end < start + reply.length; end++) {
        expect(endOfReplies(bytes, start, end, 1)).to.equal(NONE);
      }
    });
  }

  it("finds the end of any number of any of them", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...REPLIES)), (replies) => {
        const bytes = bytesOf(replies.join(""));
        expect(countReplies(bytes)).to.equal(replies.length);
        expect(skipReplies(bytes, 0, replies.length)).to.equal(bytes.length);
        const half = replies.length >>> 1;
        expect(skipReplies(bytes, 0, half)).to.equal(replies.slice(0, half).join("").length);
      }),
    );
  });

  for (const text of [
    "",
    "OK\r\n",
    "+OK\n",
    "+OK\r",
    "+OK\rX",
    "$3\r\nab\r\n",
    "$2\r\nabc\r\n",
    "$2\rXab\r\n",
    "$2\r\nabXX",
    "$\r\n\r\n",
    "$x\r\n\r\n",
    "$-2\r\n",
    "$+1\r\na\r\n",
    "$99999999999999999999\r\n",
    "*1\r\n",
    "*2\r\n+a\r\n",
    "*99999999999\r\n",
    "%1\r\n+a\r\n",
    "%-1\r\n",
    "~-1\r\n",
    ">1\r\n+pushed\r\n",
    "|1\r\n+a\r\n+b\r\n+c\r\n",
    "*1\r\n>0\r\n",
  ]) {
    it(`takes ${JSON.stringify(text)} for no reply`, () => {
      const bytes = bytesOf(text);
      expect(endOfReplies(bytes, 0, bytes.length, 1)).to.equal(NONE);
    });
  }

  it("never looks beyond the end, and never throws, whatever the bytes are", () => {
    const byte = fc.oneof(fc.constantFrom(...bytesOf("+-:$*%~_#,(=!>|\r\n0123456789")), fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 60 }), fc.nat(4), (values, count) => {
        const end = endOfReplies(Buffer.from(values), 0, values.length, count);
        expect(end).to.be.within(NONE, values.length);
      }),
      { numRuns: 2000 },
    );
  });

  it("insists, of replies that were seen before, that they are whole", () => {
    expect(() => skipReplies(bytesOf("+OK\r\n+O"), 0, 2)).to.throw("whole");
    expect(() => countReplies(bytesOf("+OK\r\n$5\r\n"))).to.throw("whole");
  });
});
