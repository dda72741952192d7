import { expect } from "chai";
import { NewSlots } from "#torus/cluster/replication/new-slots.js";

describe("slots that are new to a node", () => {
  it("are so until it is told, and open for each other owner until that one was asked", () => {
    const slots = new NewSlots();
    slots.add([1, 2]);
    const askedA = slots.ask("a", [1, 2]);
    const askedB = slots.ask("b", [2]);
    const isOpen = () => [1, 2].flatMap((slot) => ["a", "b"].map((id) => slots.isOpen(id, slot)));
    expect(isOpen()).to.deep.equal([true, false, true, true]);
    askedA();
    expect(isOpen()).to.deep.equal([false, false, false, true]);
    askedB();
    expect(isOpen()).to.deep.equal([false, false, false, false]);
    expect([slots.has(1), slots.has(2), slots.has(3)]).to.deep.equal([true, true, false]);
    slots.delete(1);
    expect([slots.has(1), slots.has(2)]).to.deep.equal([false, true]);
  });

  it("stay open if they were lost and came back before an earlier question was answered", () => {
    const slots = new NewSlots();
    slots.add([1, 2]);
    const first = slots.ask("a", [1, 2]);
    const second = slots.ask("a", [1]);
    first();
    expect([slots.isOpen("a", 1), slots.isOpen("a", 2)]).to.deep.equal([true, false]);
    second();
    expect(slots.isOpen("a", 1)).to.equal(false);
  });

  it("are not open for a node that was forgotten, though what it was asked for is answered late", () => {
    const slots = new NewSlots();
    slots.add([1]);
    const asked = slots.ask("a", [1]);
    slots.forget("a");
    expect(slots.isOpen("a", 1)).to.equal(false);
    slots.ask("a", [1]);
    asked();
    expect(slots.isOpen("a", 1)).to.equal(true);
  });
});
