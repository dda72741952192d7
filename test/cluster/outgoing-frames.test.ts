import { expect } from "chai";
import { OutgoingFrames } from "#torus/cluster/outgoing-frames.js";
import { ANSWER, ASK, DONE } from "#torus/cluster/peer-frames.js";

describe("outgoing frames", () => {
  it("leave together, one behind the other", () => {
    const frames = new OutgoingFrames();
    expect(frames.add(ASK, 7, Buffer.from("ab"), Buffer.from("c"))).to.equal(12);
    const at = frames.begin({ kind: DONE, id: 1, payloadBytes: 2 });
    frames.bytes.write("de", at);
    expect(frames.byteLength).to.equal(23);
    let sent = "";
    frames.sendBy((bytes) => {
      sent = bytes.toString("hex");
      return true;
    });
    expect(sent).to.equal("080000000207000000616263" + "0700000010010000006465");
    expect(frames.byteLength).to.equal(0);
  });

  it("never change while somebody keeps them", () => {
    const frames = new OutgoingFrames();
    const kept: Buffer[] = [];
    for (let i = 0; i < 5; i++) {
      frames.add(ANSWER, i, Buffer.alloc(i * 10_000, i));
      frames.sendBy((bytes) => {
        kept.push(bytes);
        return i % 2 === 1;
      });
    }
    // The memory of those that were taken at once may hold others by now.
    for (const i of [0, 2, 4])
      expect(kept[i]!.subarray(9).equals(Buffer.alloc(i * 10_000, i))).to.equal(true);
  });

  it("use the memory of those before again, unless it grew for long ones", () => {
    const frames = new OutgoingFrames();
    const take = () => {
      const { buffer } = frames.bytes;
      frames.sendBy(() => true);
      return buffer;
    };
    frames.add(ASK, 1, Buffer.alloc(100_000));
    const memory = take();
    frames.add(ASK, 2, Buffer.alloc(100_000));
    expect(take()).to.equal(memory);
    frames.add(ASK, 3, Buffer.alloc(1_000_000));
    take();
    expect(frames.bytes.length).to.be.below(100_000);
  });
});
