import { expect } from "chai";
import fc from "fast-check";
import { compareBytes } from "#torus/base/bytes.js";
import { isPosition, Position } from "#torus/delta/list-position.js";

/** Positions in order, made by inserting one after the other somewhere. */
function grown(places: readonly number[]): Position[] {
  const positions: Position[] = [];
  places.forEach((place, i) => {
    const at = place % (positions.length + 1);
    const position = new Position();
    const [left, right] = [positions[at - 1], positions[at]];
    const clock = i + 1;
    if (left === undefined) position.setEnd(-1, clock, 7, 0);
    else if (right === undefined) position.setEnd(1, clock, 7, 0);
    else position.setBetween(left, right, clock, 7);
    positions.splice(at, 0, position);
  });
  return positions;
}

describe("positions of elements", () => {
  it("are in the order in which they were asked for, as values and as bytes, however often between which neighbours", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 60, size: "max" }), (places) => {
        const positions = grown(places);
        for (let i = 1; i < positions.length; i++) {
          const [left, right] = [positions[i - 1]!, positions[i]!];
          expect(left.compare(right)).to.be.below(0);
          expect(compareBytes(left.toBytes(), right.toBytes())).to.be.below(0);
        }
        for (const position of positions) {
          const bytes = position.toBytes();
          const read = new Position();
          read.read(bytes, 0, bytes.length);
          expect(read.compare(position)).to.equal(0);
          expect(isPosition(bytes, 0, bytes.length, places.length)).to.equal(true);
        }
      }),
    );
  });

  it("become no deeper while elements are inserted behind one another, or before", () => {
    const first = new Position();
    const last = new Position();
    first.setEnd(1, 1, 1, 0);
    last.setEnd(1, 2, 1, 0);
    for (const isBehind of [true, false]) {
      let [left, right] = [first, last];
      for (let clock = 3; clock < 100; clock++) {
        const position = new Position();
        position.setBetween(left, right, clock, 1);
        expect(position.byteLength).to.equal(20);
        if (isBehind) left = position;
        else right = position;
      }
    }
  });

  it("take clocks as large as there are", () => {
    for (const clock of [1, 2 ** 31, 2 ** 32, 2 ** 53 - 1]) {
      for (const sign of [1, -1] as const) {
        const position = new Position();
        position.setEnd(sign, clock, 65_535, 255);
        const bytes = position.toBytes();
        const read = new Position();
        read.read(bytes, 0, bytes.length);
        expect([read.clock, read.origin, read.rank]).to.deep.equal([sign * clock, 65_535, 255]);
        expect(isPosition(bytes, 0, bytes.length, clock)).to.equal(true);
        expect(isPosition(bytes, 0, bytes.length, clock - 1)).to.equal(false);
      }
    }
  });

  it("are told from other bytes", () => {
    expect(isPosition(Buffer.alloc(0), 0, 0, 5)).to.equal(false);
    expect(isPosition(Buffer.alloc(9), 0, 9, 5)).to.equal(false);
    // The clock 0, which no node issues.
    expect(isPosition(Buffer.from("80000000000000000100", "hex"), 0, 10, 5)).to.equal(false);
  });
});
