import { expect } from "chai";
import { inTurns } from "../../bench/bench.js";

const both = [{ side: "ours" }, { side: "rival" }] as const;

describe("the rounds of a measurement", () => {
  it("let both sides go first equally often", async () => {
    const order: string[] = [];
    await inTurns(both, 4, async ({ side }) => order.push(side));
    expect(order).to.deep.equal(["ours", "rival", "rival", "ours", "ours", "rival", "rival", "ours"]);
  });

  it("are repeated for both sides when either was disturbed", async () => {
    const values = [1, 100, 2, 3];
    const series = await inTurns(
      both,
      1,
      async () => values.shift()!,
      (value) => value > 50,
    );
    expect(series).to.deep.equal({ ours: [2], rival: [3] });
  });

  it("are kept in the end on a machine that is never quiet", async () => {
    let measured = 0;
    const series = await inTurns(
      both,
      3,
      async () => ++measured,
      () => true,
    );
    expect(series.ours).to.have.length(3);
    expect(measured).to.equal(2 * (3 + 3));
  });

  it("need no rival", async () => {
    expect(await inTurns([both[0]], 2, async () => 7)).to.deep.equal({ ours: [7, 7], rival: [] });
  });
});
