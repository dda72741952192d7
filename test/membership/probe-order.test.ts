import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { ProbeOrder } from "#torus/membership/probe-order.js";

describe("the order of probes", () => {
  const anyone = () => true;

  function orderOf(count: number, seed = 1): ProbeOrder {
    const order = new ProbeOrder(new Prng(seed));
    for (let number = 0; number < count; number++) order.add(`${number}`);
    return order;
  }

  function round(order: ProbeOrder, count: number): string[] {
    return Array.from({ length: count }, () => order.next(anyone)!);
  }

  it("names everyone once a round, in another order each time", () => {
    const order = orderOf(20);
    const rounds = Array.from({ length: 5 }, () => round(order, 20));
    for (const names of rounds) expect(new Set(names).size).to.equal(20);
    expect(new Set(rounds.map((names) => names.join())).size).to.equal(5);
    expect(round(orderOf(20, 2), 20)).to.not.deep.equal(rounds[0]);
  });

  it("passes over those that are not wanted, and names nobody if none is", () => {
    const order = orderOf(10);
    const isEven = (id: string) => Number(id) % 2 === 0;
    const named = Array.from({ length: 5 }, () => order.next(isEven));
    expect([...named].sort()).to.deep.equal(["0", "2", "4", "6", "8"]);
    expect(order.next(() => false)).to.equal(undefined);
    expect(new ProbeOrder(new Prng(1)).next(anyone)).to.equal(undefined);
  });

  it("goes on with its round as members come and go", () => {
    const order = orderOf(10);
    const named = round(order, 5);
    for (const id of named.slice(0, 3)) order.remove(id);
    order.remove("nobody");
    const rest = round(order, 5);
    expect(new Set([...named, ...rest]).size).to.equal(10);
    order.add("late");
    expect(round(order, 16)).to.include("late");
  });
});
