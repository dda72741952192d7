import { expect } from "chai";
import fc from "fast-check";
import { quoteWord, splitWords } from "#torus/base/quoted-words.js";

describe("quoted words", () => {
  const cases: readonly (readonly [line: string, words: readonly string[] | undefined])[] = [
    ["", []],
    [" \t\r\n", []],
    ["set key value", ["set", "key", "value"]],
    ["  a \t b  ", ["a", "b"]],
    ['"a b" c', ["a b", "c"]],
    ["'a b' c", ["a b", "c"]],
    ["\va\vb 'c'\f'd'", ["a\vb", "c", "d"]],
    ['""', [""]],
    ["''", [""]],
    ['pre"fix ed"', ["prefix ed"]],
    ['"\\n\\r\\t\\b\\a\\q\\"\\\\"', ['\n\r\t\b\x07q"\\']],
    ['"\\x00\\xfF"', ["\x00\xff"]],
    ['"\\xg0"', ["xg0"]],
    ["'it\\'s'", ["it's"]],
    ["'\\n'", ["\\n"]],
    ["a\\nb", ["a\\nb"]],
    ['"open', undefined],
    ["'open", undefined],
    ['"escaped\\"', undefined],
    ['"a"b', undefined],
    ["'a'b", undefined],
  ];
  for (const [line, words] of cases) {
    it(`splits ${JSON.stringify(line)} into ${JSON.stringify(words) ?? "nothing: it is unbalanced"}`, () => {
      expect(splitWords(line)).to.deep.equal(words);
    });
  }

  it("reads back any words of any bytes that were quoted", () => {
    const word = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(splitWords(words.map(quoteWord).join(" "))).to.deep.equal(words);
      }),
    );
  });

  it("leaves a plain word bare", () => {
    expect(["127.0.0.1", "allkeys-lru", "/tmp/a.sock"].map(quoteWord)).to.deep.equal([
      "127.0.0.1",
      "allkeys-lru",
      "/tmp/a.sock",
    ]);
    expect(["", "a b", 'say "x"', "it's"].map(quoteWord)).to.deep.equal([
      '""',
      '"a b"',
      '"say \\"x\\""',
      '"it\'s"',
    ]);
  });
});
