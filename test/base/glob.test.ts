import { expect } from "chai";
import fc from "fast-check";
import { compileGlob, type GlobOptions, globMatches } from "#torus/base/glob.js";

function matches(pattern: string, text: string, options?: GlobOptions): boolean {
  return globMatches(compileGlob(Buffer.from(pattern), options), Buffer.from(text));
}

describe("glob", () => {
  // Each line was put to KEYS of redis-server 7.0.15.
  const cases: readonly (readonly [
    pattern: string,
    covered: readonly string[],
    others: readonly string[],
  ])[] = [
    ["", [""], ["a"]],
    ["*", ["", "a", "any thing"], []],
    ["a", ["a"], ["", "A", "aa", "b"]],
    ["a*", ["a", "ab", "a*"], ["", "ba"]],
    ["*a", ["a", "ba", "aa"], ["ab"]],
    ["a*b*c", ["abc", "axbxc", "abbcc", "abcbc"], ["acb", "ab", "abcb"]],
    ["a**b", ["ab", "axb"], ["a"]],
    ["?", ["a", "?"], ["", "ab"]],
    ["h?llo", ["hello", "h?llo"], ["hllo", "heello"]],
    ["h[ae]llo", ["hello", "hallo"], ["hillo", "hllo"]],
    ["h[^e]llo", ["hallo", "h^llo"], ["hello", "hllo"]],
    ["h[a-b]llo", ["hallo", "hbllo"], ["hcllo", "h-llo"]],
    ["h[b-a]llo", ["hallo", "hbllo"], ["hcllo"]],
    ["[^a-c]", ["d", "-"], ["a", "b", "c", ""]],
    ["[a-]", ["a"], ["-", "b"]],
    ["[a-c", ["a", "b", "c"], ["-", "d"]],
    ["[ab", ["a", "b"], ["[ab", "["]],
    ["[]", [], ["", "]", "[]", "a"]],
    ["[^]", ["a", "]"], [""]],
    ["[^", ["a", "^"], ["", "[^"]],
    ["[]a]", [], ["]", "a", "a]"]],
    ["[", [], ["[", "a"]],
    ["]", ["]"], ["["]],
    ["[\\]]", ["]"], ["\\", "\\]"]],
    ["[\\-a]", ["-", "a"], ["\\"]],
    ["[a\\-c]", ["a", "-", "c"], ["b"]],
    ["\\*", ["*"], ["\\*", "a"]],
    ["\\?", ["?"], ["a"]],
    ["\\[a]", ["[a]"], ["a"]],
    ["\\a", ["a"], ["\\a"]],
    ["\\", ["\\"], [""]],
    ["a\\", ["a\\"], ["a"]],
    ["*[0-9]", ["user:1", "5"], ["user:", "1a"]],
  ];
  for (const [pattern, covered, others] of cases) {
    it(`covers with ${JSON.stringify(pattern)} what Redis covers`, () => {
      expect(covered.filter((text) => !matches(pattern, text))).to.deep.equal([]);
      expect(others.filter((text) => matches(pattern, text))).to.deep.equal([]);
    });
  }

  it("tells letters' cases apart unless asked not to", () => {
    expect(matches("Max*Y", "maxmemory")).to.equal(false);
    expect(matches("Max*Y", "maxmemorY", { ignoreCase: true })).to.equal(true);
    expect(matches("[A-F]x", "dX", { ignoreCase: true })).to.equal(true);
    expect(matches("[^A]", "a", { ignoreCase: true })).to.equal(false);
  });

  it("matches bytes of any value, within the bounds given", () => {
    const glob = compileGlob(Uint8Array.of(0xff, 0x2a, 0x00));
    const bytes = Uint8Array.of(0x07, 0xff, 0x80, 0x00, 0x07);
    expect(globMatches(glob, bytes, 1, 4)).to.equal(true);
    expect(globMatches(glob, bytes, 1, 5)).to.equal(false);
    expect(globMatches(glob, bytes)).to.equal(false);
  });

  it("covers a text with its own bytes escaped, and with any run of them starred out", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "b", "*", "?", "[", "]", "\\", "-", "^"),
      maxLength: 12,
    });
    const literally = (part: string) => part.replace(/./g, "\\$&");
    fc.assert(
      fc.property(text, text, text, (head, middle, tail) => {
        expect(matches(literally(head + middle + tail), head + middle + tail)).to.equal(true);
        expect(matches(`${literally(head)}*${literally(tail)}`, head + middle + tail)).to.equal(true);
      }),
    );
  });

  it("answers a pattern made to explode in time bounded by pattern times text", () => {
    // Redis's recursion would need more steps than there are atoms; ours a few million.
    expect(matches(`${"*a".repeat(500)}*b`, "a".repeat(5000))).to.equal(false);
  });
});
