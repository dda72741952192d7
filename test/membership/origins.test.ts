import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import type { Lifecycle, Member } from "#torus/membership/member.js";
import { drawOrigin, mustYieldOrigin } from "#torus/membership/origins.js";
import { recordOf } from "../support/sim-member.js";

describe("origins", () => {
  const member = (number: number, lifecycle: Lifecycle, origin = 7) =>
    recordOf(number, { lifecycle, origin });

  it("are kept by who may have written under them, else by the smaller id; exactly one of two yields", () => {
    const lifecycles: Lifecycle[] = ["joining", "active", "leaving", "left"];
    for (const one of lifecycles) {
      for (const other of lifecycles) {
        const [a, b] = [member(1, one), member(2, other)];
        expect(mustYieldOrigin(a, b)).to.equal(one === "joining" && other !== "joining");
        expect(mustYieldOrigin(b, a)).to.equal(!mustYieldOrigin(a, b));
      }
    }
  });

  it("are no matter between different ones, or to a member itself", () => {
    expect(mustYieldOrigin(member(2, "joining", 7), member(1, "active", 8))).to.equal(false);
    expect(mustYieldOrigin(member(2, "joining"), member(2, "active"))).to.equal(false);
  });

  it("are drawn among those that no member has, dead ones included", () => {
    const members: Member[] = [];
    for (let origin = 1; origin <= 65_535; origin++) {
      if (origin !== 40_000)
        members.push({ record: recordOf(origin), status: "dead", isOwner: false, sinceMs: 0 });
    }
    expect(drawOrigin(members, new Prng(1))).to.equal(40_000);
    const drawn = Array.from({ length: 100 }, (_, seed) => drawOrigin([], new Prng(seed)));
    expect(new Set(drawn).size).to.be.greaterThan(90);
    for (const origin of drawn) expect(origin).to.be.within(1, 65_535);
  });
});
