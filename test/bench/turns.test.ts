import { expect } from "chai";
import type { Meter } from "../../bench/meter.js";
import { inTurns, type Turns } from "../../bench/turns.js";

const both = [{ side: "ours" }, { side: "rival" }] as const;

/** A machine whose foreign load is what the list says, one measurement after the other. */
function turns(rounds: number, foreign: (measured: number) => number): Turns<(typeof both)[number]> {
  let measured = 0;
  const meter: Meter = {
    around: async (work) => ({ value: await work(), foreignBusy: foreign(measured++) }),
    calm: async () => {},
  };
  return { entrants: both, rounds, repeatsMax: rounds, meter, note: () => {} };
}

const quiet = (): number => 0;

describe("the rounds of a measurement", () => {
  it("let both sides go first equally often", async () => {
    const order: string[] = [];
    await inTurns(turns(4, quiet), async ({ side }) => order.push(side));
    expect(order).to.deep.equal(["ours", "rival", "rival", "ours", "ours", "rival", "rival", "ours"]);
  });

  it("are repeated for both sides when others disturbed either", async () => {
    let value = 0;
    const series = await inTurns(
      turns(1, (measured) => (measured === 1 ? 0.5 : 0)),
      async () => ++value,
    );
    expect(series).to.deep.equal({
      ours: [{ value: 4, foreignBusy: 0 }],
      rival: [{ value: 3, foreignBusy: 0 }],
    });
  });

  it("are the calmest of up to twice as many on a machine that is never quiet", async () => {
    const loads = [0.9, 0.3, 0.8, 0.2];
    let round = 0;
    const series = await inTurns(
      turns(2, (measured) => loads[measured >> 1]!),
      async () => Math.ceil(++round / 2),
    );
    expect(series.ours).to.deep.equal([
      { value: 2, foreignBusy: 0.3 },
      { value: 4, foreignBusy: 0.2 },
    ]);
  });

  it("need no rival", async () => {
    const series = await inTurns({ ...turns(2, quiet), entrants: [both[0]] }, async () => 7);
    expect(series.ours.map(({ value }) => value)).to.deep.equal([7, 7]);
    expect(series.rival).to.deep.equal([]);
  });
});
