import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { SlotFloors } from "#torus/keyspace/slot-floors.js";

describe("the floors of slots", () => {
  it("only rise, one by one or all together", () => {
    const prng = new Prng(1);
    const floors = new SlotFloors();
    const slots = [0, 1, 7777, 16383];
    const model = new Map(slots.map((slot) => [slot, { clock: 0, origin: 0 }]));
    for (let step = 0; step < 2000; step++) {
      const clock = prng.below(step + 1);
      const origin = prng.below(3);
      const raised = step < 100 || prng.chance(0.1) ? slots : [prng.pick(slots)];
      if (raised === slots) floors.raiseAll(clock, origin);
      else floors.raise(raised[0]!, clock, origin);
      for (const slot of raised) {
        const before = model.get(slot)!;
        const isHigher = clock > before.clock || (clock === before.clock && origin > before.origin);
        if (isHigher) model.set(slot, { clock, origin });
      }
      for (const slot of slots) expect(floors.version(slot)).to.deep.equal(model.get(slot));
    }
  });

  it("take no memory while all slots have the same", () => {
    const floors = new SlotFloors();
    floors.raiseAll(5, 1);
    floors.raise(3, 4, 2);
    expect(floors.usedBytes).to.equal(0);
    floors.raise(3, 5, 2);
    expect(floors.usedBytes).to.be.greaterThan(0);
    expect([floors.version(3), floors.version(4)]).to.deep.equal([
      { clock: 5, origin: 2 },
      { clock: 5, origin: 1 },
    ]);
  });
});
