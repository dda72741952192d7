import { expect } from "chai";
import fc from "fast-check";
import { keyFor, permutation, valueFor } from "../../bench/clients/keys.js";

describe("the keys that load clients write", () => {
  it("are all distinct, whatever the count and the seed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 0, max: 50 }), (count, seed) => {
        const visit = permutation(count, seed);
        const visited = new Set(Array.from({ length: count }, (_, index) => visit(index)));
        expect(visited.size).to.equal(count);
        expect(Math.min(...visited)).to.equal(0);
        expect(Math.max(...visited)).to.equal(count - 1);
      }),
    );
  });

  it("come in another order for another seed", () => {
    const [one, two] = [permutation(1000, 1), permutation(1000, 2)];
    expect([0, 1, 2, 3].map(one)).not.to.deep.equal([0, 1, 2, 3].map(two));
  });

  it("are 16 bytes, in the form of redis-benchmark", () => {
    expect(keyFor("key:", 42)).to.equal("key:000000000042");
    expect(keyFor("{t}:", 4_999_999)).to.equal("{t}:000004999999");
  });

  it("have values of the asked length that differ between neighbours and never read as numbers", () => {
    expect(valueFor(0, 3)).to.equal("aaa");
    expect(valueFor(27, 3)).to.equal("bba");
    expect(valueFor(26 ** 3, 100)).to.equal(`aaab${"x".repeat(96)}`);
  });
});
