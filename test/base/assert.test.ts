import { expect } from "chai";
import { AssertionError, assert } from "#torus/base/assert.js";

describe("assert", () => {
  it("stops on a broken invariant and says which", () => {
    expect(() => assert(1 > 2, "one is the larger")).to.throw(AssertionError, "one is the larger");
  });
});
