import { expect } from "chai";
import fc from "fast-check";
import { Heap } from "#torus/base/heap.js";

const heapOf = (numbers: readonly number[]) => {
  const heap = new Heap<number>((one, other) => one < other);
  for (const number of numbers) heap.push(number);
  return heap;
};
const drain = (heap: Heap<number>) => {
  const popped: number[] = [];
  while (heap.size > 0) popped.push(heap.pop()!);
  return popped;
};
const sorted = (numbers: readonly number[]) => [...numbers].sort((one, other) => one - other);

describe("the heap", () => {
  it("gives its items back in order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 })), (numbers) => {
        expect(drain(heapOf(numbers))).to.deep.equal(sorted(numbers));
      }),
    );
  });

  it("always shows the least of what it holds, however pushes and pops alternate", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 50 }))), (steps) => {
        const heap = heapOf([]);
        const model: number[] = [];
        for (const step of steps) {
          if (step === null) {
            expect(heap.pop()).to.equal(sorted(model)[0]);
            if (model.length > 0) model.splice(model.indexOf(Math.min(...model)), 1);
          } else {
            heap.push(step);
            model.push(step);
          }
          expect(heap.peek()).to.equal(sorted(model)[0]);
          expect(heap.size).to.equal(model.length);
        }
      }),
    );
  });

  it("keeps its order when items are taken out of the middle", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), fc.integer({ min: 1, max: 5 }), (numbers, divisor) => {
        const isKept = (number: number) => number % divisor === 0;
        const heap = heapOf(numbers);
        heap.retain(isKept);
        expect(drain(heap)).to.deep.equal(sorted(numbers.filter(isKept)));
      }),
    );
  });
});
