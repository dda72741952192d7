import { expect } from "chai";
import fc from "fast-check";
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { SlotSet } from "#torus/cluster/slot-set.js";

const slots = fc.array(fc.oneof(fc.nat(20), fc.integer({ min: SLOT_COUNT - 20, max: SLOT_COUNT - 1 })), {
  maxLength: 40,
});

describe("a set of slots", () => {
  it("is what a set of numbers would be", () => {
    fc.assert(
      fc.property(slots, slots, slots, (first, removed, added) => {
        const set = new SlotSet(first);
        const model = new Set(first);
        set.deleteAll(removed);
        for (const slot of removed) model.delete(slot);
        const more = set.with(added);
        expect(set.size).equal(model.size);
        for (const slot of [...first, ...removed, ...added]) expect(set.has(slot)).equal(model.has(slot));
        for (const slot of added) model.add(slot);
        expect(more.size).equal(model.size);
        for (const slot of [...first, ...removed, ...added]) expect(more.has(slot)).equal(model.has(slot));
      }),
    );
  });

  it("is gone through in rising order, alone or as far as another one has the same", () => {
    const rising = (set: Iterable<number>) => [...new Set(set)].sort((a, b) => a - b);
    fc.assert(
      fc.property(slots, slots, (some, others) => {
        expect([...new SlotSet(some)]).deep.equal(rising(some));
        const both = some.filter((slot) => others.includes(slot));
        expect(new SlotSet(some).shared(new SlotSet(others))).deep.equal(rising(both));
      }),
    );
  });

  it("survives as text", () => {
    expect(new SlotSet([7, 1, 0, 2, 16383]).toString()).equal("0-2,7,16383");
    fc.assert(
      fc.property(slots, (all) => {
        const set = new SlotSet(all);
        const read = SlotSet.parse(set.toString())!;
        expect(read.toString()).equal(set.toString());
        expect(read.size).equal(set.size);
      }),
    );
    expect(SlotSet.parse("")!.size).equal(0);
    expect(SlotSet.parse("0-16383")!.size).equal(SLOT_COUNT);
  });

  it("is not made of text that is none", () => {
    for (const text of [
      "x",
      "1-",
      "-1",
      "2-1",
      "1,1",
      "2,1",
      "1-3,3",
      "16384",
      "0-16384",
      "1,",
      ",1",
      "1 ,2",
      "1.5",
    ]) {
      expect(SlotSet.parse(text), text).equal(undefined);
    }
  });
});
