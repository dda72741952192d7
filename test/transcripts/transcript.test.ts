import { expect } from "chai";
import { ReplyDecoder } from "../support/reply-decoder.js";
import { type Captured, meets, parseExpectations } from "./expectation.js";
import { parseTranscript } from "./transcript.js";
import { parseArguments, wordBytes } from "./words.js";

describe("a transcript", () => {
  it("is cases of commands and replies, with their directives and lines", () => {
    const text =
      '# a remark\n## First\n@since 7.2\n@resp 3\n> PING\n< PONG\n\n## Second\n@options timeout 1\nA>> "x"\nA< 1\nA< 2\n';
    const { cases } = parseTranscript("x.txt", text);
    expect(
      cases.map(({ title, since, protocol, options }) => ({ title, since, protocol, options })),
    ).to.deep.equal([
      { title: "First", since: "7.2", protocol: 3, options: undefined },
      { title: "Second", since: undefined, protocol: 2, options: { timeout: "1" } },
    ]);
    expect(cases[0]!.steps.map(({ kind, line }) => [kind, line])).to.deep.equal([
      ["command", 5],
      ["replies", 6],
    ]);
    expect(cases[1]!.steps.map(({ kind, connection }) => [kind, connection])).to.deep.equal([
      ["bytes", "A"],
      ["replies", "A"],
    ]);
    expect(cases[1]!.steps[1]).to.have.property("expected").with.lengthOf(2);
  });

  it("is refused where a line fits no rule, with file and line", () => {
    for (const line of [
      "PING",
      "AB> PING",
      "@bogus",
      "@resp 4",
      "@options a",
      '> "open',
      "< [1",
      "< ]",
      "<< x",
    ]) {
      expect(() => parseTranscript("x.txt", `## A case\n${line}\n`), line).to.throw("x.txt:2: ");
    }
    expect(() => parseTranscript("x.txt", "> PING\n")).to.throw("x.txt:1: a case begins with a line");
  });
});

describe("the words of a command in a transcript", () => {
  const words = (line: string): string[] =>
    parseArguments(line).map((word) => wordBytes(word, new Map([["id", "7"]])).toString("latin1"));

  it("are split as redis-cli splits them, with captured values and repetition", () => {
    expect(words('SET k "a b\\r\\n\\x00\\xff\\"" ""')).to.deep.equal(["SET", "k", 'a b\r\n\x00\xff"', ""]);
    expect(words('A "ab"*3 $id a$id')).to.deep.equal(["A", "ababab", "7", "a$id"]);
    expect(words('é "é"')).to.deep.equal(["\xc3\xa9", "\xc3\xa9"]);
  });

  it("cannot name what was not captured", () => {
    expect(() => words("KILL $nobody")).to.throw("$nobody has not been captured yet");
  });
});

describe("an expected reply", () => {
  const captured: Captured = new Map();
  const met = (expected: string, wire: string): boolean => {
    const [reply] = new ReplyDecoder().push(Buffer.from(wire, "latin1"));
    return meets(reply!, parseExpectations(expected.split("\n"))[0]!, captured);
  };

  it("tells every kind of reply from the others", () => {
    const same = [
      ["OK", "+OK\r\n"],
      ['"OK"', "$2\r\nOK\r\n"],
      ["-OK", "-OK\r\n"],
      ["1", ":1\r\n"],
      ['"1"', "$1\r\n1\r\n"],
      [",1", ",1\r\n"],
      ["nil", "$-1\r\n"],
      ["nil[]", "*-1\r\n"],
      ["_", "_\r\n"],
      ["[]", "*0\r\n"],
      ["~[]", "~0\r\n"],
      ["{}", "%0\r\n"],
    ] as const;
    for (const [expected] of same) {
      const fitting = same.filter(([, wire]) => met(expected, wire)).map(([other]) => other);
      expect(fitting).to.deep.equal([expected]);
    }
  });

  it("may span lines and hold patterns, ranges and items in any order", () => {
    expect(met('[\n  1..3\n  ~/"\\d+"/\n  *\n]', "*3\r\n:2\r\n$2\r\n42\r\n$-1\r\n")).to.equal(true);
    expect(met('[1..3 ~/"\\d+"/ *]', "*3\r\n:4\r\n$2\r\n42\r\n$-1\r\n")).to.equal(false);
    expect(met('bag["a" "b" "b"]', "*3\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\nb\r\n")).to.equal(true);
    expect(met('bag["a" "b" "b"]', "*3\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\na\r\n")).to.equal(false);
    expect(met('bag{"a": 1 "b": 2}', "%2\r\n$1\r\nb\r\n:2\r\n$1\r\na\r\n:1\r\n")).to.equal(true);
    expect(met('{"a": 1 "b": 2}', "%2\r\n$1\r\nb\r\n:2\r\n$1\r\na\r\n:1\r\n")).to.equal(false);
  });

  it("captures values, and then asks for the same again", () => {
    expect(met("$id", ":12\r\n")).to.equal(true);
    expect(met("$id", "$2\r\n12\r\n")).to.equal(true);
    expect(met("$id", ":13\r\n")).to.equal(false);
    expect(met('~/"addr=(?<addr>\\S+) .*"/', "$12\r\naddr=me:1 x=\r\n")).to.equal(true);
    expect(captured.get("addr")).to.equal("me:1");
  });

  it("matches a pattern only as a whole", () => {
    expect(met("~/\\d/", ":12\r\n")).to.equal(false);
    expect(met("~/\\d\\d/", ":12\r\n")).to.equal(true);
  });
});
