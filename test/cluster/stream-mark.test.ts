import { expect } from "chai";
import fc from "fast-check";
import { MARK_BYTES, readMark, SeenMarks, type StreamMark, writeMark } from "#torus/cluster/stream-mark.js";

const marks: fc.Arbitrary<StreamMark> = fc.record({
  nodeId: fc.constantFrom("0a".repeat(16), "f0".repeat(16)),
  boot: fc.nat(3),
  generation: fc.nat(3),
  position: fc.oneof(fc.nat(9), fc.maxSafeNat()),
});

describe("a mark of how far a node is", () => {
  it("is read as it was written, and nothing else is", () => {
    fc.assert(
      fc.property(marks, (mark) => {
        const bytes = Buffer.concat([Buffer.from("x"), writeMark(mark)]);
        expect(readMark(bytes, 1, bytes.length)).to.deep.equal(mark);
        for (let end = 1; end < bytes.length; end++) expect(readMark(bytes, 1, end)).to.equal(undefined);
      }),
    );
    expect(readMark(Buffer.alloc(MARK_BYTES, 0xff), 0, MARK_BYTES)).to.equal(undefined);
  });
});

describe("what a connection has been shown", () => {
  it("is of each node the most, of its last life", () => {
    fc.assert(
      fc.property(fc.array(marks), (noted) => {
        const seen = new SeenMarks(true);
        for (const mark of noted) seen.note(mark);
        for (const nodeId of new Set(noted.map((mark) => mark.nodeId))) {
          const ofNode = noted.filter((mark) => mark.nodeId === nodeId);
          const boot = Math.max(...ofNode.map((mark) => mark.boot));
          const ofLife = ofNode.filter((mark) => mark.boot === boot);
          expect(seen.of(nodeId)).to.deep.equal({
            nodeId,
            boot,
            generation: Math.max(...ofLife.map(({ generation }) => generation)),
            position: Math.max(...ofLife.map(({ position }) => position)),
          });
        }
        expect([...seen.all]).to.have.length(new Set(noted.map(({ nodeId }) => nodeId)).size);
      }),
    );
  });
});
