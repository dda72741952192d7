import { expect } from "chai";
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { Generation } from "#torus/cluster/replication/generation.js";
import { HERE, SlotRoutes } from "#torus/cluster/slot-routes.js";

describe("the generation of what a node has", () => {
  function generation() {
    const routes = new SlotRoutes();
    routes.setAll(1);
    routes.set(9, HERE);
    return { routes, generation: new Generation({ routes, numberOf: (nodeId) => Number(nodeId) }) };
  }
  const slots = (...numbers: number[]) => [Int32Array.from([...numbers, 9, 9]), numbers.length] as const;

  it("stays while all that comes of a slot is what its executor executed", () => {
    const { generation: own } = generation();
    const before = own.number;
    own.executed("1", ...slots(1, 2, 3));
    own.executed("1", ...slots());
    expect(own.number).to.equal(before);
  });

  it("rises when something comes from anybody else, of a slot that this node executes, or of all slots", () => {
    const { generation: own } = generation();
    const numbers = [own.number];
    own.executed("2", ...slots(1));
    numbers.push(own.number);
    own.executed("1", ...slots(1, 9));
    numbers.push(own.number);
    own.executed("1", new Int32Array(1), SLOT_COUNT + 1);
    numbers.push(own.number);
    own.repaired();
    numbers.push(own.number);
    expect(numbers).to.deep.equal([0, 1, 2, 3, 4].map((rise) => numbers[0]! + rise));
  });

  it("rises when another node comes to execute", () => {
    const { generation: own, routes } = generation();
    const before = own.number;
    routes.set(1, 2);
    expect(own.number).to.be.greaterThan(before);
  });
});
