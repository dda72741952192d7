import { expect } from "chai";
import { HeardWaits } from "#torus/cluster/heard-waits.js";

function waiting() {
  const world = { heard: 0, timers: [] as (() => void)[], answered: [] as number[] };
  const waits = new HeardWaits({
    timers: {
      after(_delayMs, fire) {
        world.timers.push(fire);
        return () => world.timers.splice(world.timers.indexOf(fire), 1);
      },
      afterTurn: (fire) => fire(),
      every: () => () => {},
    },
    heardByAll: () => world.heard,
  });
  const wait = (needed: number) => waits.until(needed)?.then(() => world.answered.push(needed));
  return { world, waits, wait };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("waiting until other nodes have heard", () => {
  it("ends when all have, each wait for itself, and takes no time if they have", async () => {
    const { world, waits, wait } = waiting();
    expect(waits.until(0)).to.equal(null);
    for (const needed of [3, 1, 2]) void wait(needed);
    world.heard = 2;
    expect(waits.settle()).to.equal(false);
    await turn();
    expect(world.answered).to.deep.equal([1, 2]);
    expect(world.timers).to.have.length(1);
    waits.close();
    await turn();
    expect(world.answered).to.deep.equal([1, 2, 3]);
    expect(world.timers).to.have.length(0);
    expect(waits.until(9)).to.equal(null);
  });

  it("takes no longer than it may, and tells once when what nobody waited for is heard at last", async () => {
    const { world, waits, wait } = waiting();
    void wait(2);
    for (const fire of world.timers.splice(0)) fire();
    await turn();
    expect(world.answered).to.deep.equal([2]);
    world.heard = 1;
    expect(waits.settle()).to.equal(false);
    world.heard = 2;
    expect([waits.settle(), waits.settle()]).to.deep.equal([true, false]);
  });
});
