import { expect } from "chai";
import fc from "fast-check";
import { addToGroup, groupBy } from "#torus/base/groups.js";

describe("groups", () => {
  it("begin with the first item of a key, and take further ones at their end", () => {
    const groups = new Map<string, number[]>();
    addToGroup(groups, "b", 1);
    addToGroup(groups, "a", 2);
    const first = groups.get("b");
    addToGroup(groups, "b", 3);
    expect([...groups]).to.deep.equal([
      ["b", [1, 3]],
      ["a", [2]],
    ]);
    expect(groups.get("b"), "nothing is copied").to.equal(first);
  });

  it("hold each item once, in the order in which the items and the first of each key came", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.nat())), (items) => {
        const groups = groupBy(items, ([key]) => key);
        const keys = [...new Set(items.map(([key]) => key))];
        expect([...groups]).to.deep.equal(keys.map((key) => [key, items.filter((item) => item[0] === key)]));
      }),
    );
  });

  it("are none of nothing, and may be of what can be gone through once", () => {
    expect(groupBy([], (item) => item).size).to.equal(0);
    const values = new Map([
      ["a", 1],
      ["b", 1],
    ]).values();
    expect([...groupBy(values, (value) => value)]).to.deep.equal([[1, [1, 1]]]);
  });
});
