import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { SLOT, worldOf } from "./small-world.js";

describe("a majority of owners", () => {
  it("confirms for one primary at a time, and for the next one only what knows of it", function () {
    this.timeout(30_000);
    let confirmed = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const random = new Prng(`words ${seed}`);
      const world = worldOf(3 + random.below(3));
      const all = new Set<number>();
      for (let write = 0; write < 60; write++) {
        const node = random.pick(world.nodes);
        if (random.chance(0.3)) {
          const other = random.pick(world.nodes);
          const isCut = random.chance(0.4);
          world.link(node.id, other.id, isCut);
          if (random.chance(0.7)) world.sees(node.id, other.id, !isCut);
          if (random.chance(0.7)) world.sees(other.id, node.id, !isCut);
        }
        if (random.chance(0.3)) {
          // All others are wrong about one, which goes on.
          const isAlive = random.chance(0.3);
          for (const other of world.nodes) world.sees(other.id, node.id, isAlive);
          for (const other of world.nodes) if (other !== node) other.claim();
        }
        if (random.chance(0.05)) world.startAgain(node);
        for (let turns = random.below(4); turns > 0; turns--) {
          const other = random.pick(world.nodes);
          if (random.chance(0.5)) other.claim();
          else other.confirm();
        }
        if (!node.tenure.isActing(SLOT)) continue;
        // What is confirmed later must know of what was confirmed before it was executed.
        const before = new Set(all);
        node.execute(write);
        for (const [of, known] of node.confirmed()) {
          if (of === write) {
            const unknown = [...before].filter((earlier) => !known.has(earlier));
            expect(unknown, `seed ${seed}, write ${write} by ${node.id}`).to.deep.equal([]);
          }
          all.add(of);
          confirmed++;
        }
      }
    }
    expect(confirmed).to.be.greaterThan(400);
  });
});
