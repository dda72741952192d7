import { expect } from "chai";
import { ByteReader } from "#torus/base/byte-reader.js";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { rangeOf } from "#torus/base/bytes.js";
import { Prng } from "#torus/base/prng.js";
import {
  type Positions,
  positionsOf,
  readPositions,
  receivedBytes,
  writePositions,
} from "#torus/cluster/replication/positions.js";
import { SimReplica } from "../../support/sim-replica.js";
import { worldOf } from "../../support/world.js";
import { repair, write } from "./owners.js";

const POSITIONS: Positions = {
  nodeId: "0123456789abcdef0123456789abcdef",
  boot: 7,
  end: 2 ** 52,
  received: [
    { nodeId: "f".repeat(32), boot: 2, applied: 2 ** 40, isWhole: true },
    { nodeId: "e".repeat(32), boot: 2 ** 32 - 1, applied: 0, isWhole: false },
  ],
};

function written(positions: Positions): Buffer {
  const writer = new ByteWriter({ bytesMax: 2 ** 20 });
  writePositions(writer, positions);
  return writer.written();
}

describe("how far a node is with all streams", () => {
  it("is read as it was written, and nothing behind it", () => {
    for (const received of [POSITIONS.received, []]) {
      const positions = { ...POSITIONS, received };
      const bytes = written(positions);
      expect(bytes.length).to.equal(28 + receivedBytes(received.length));
      const reader = new ByteReader(rangeOf(Buffer.concat([bytes, Buffer.from("more")])));
      expect(readPositions(reader)).to.deep.equal(positions);
      expect(reader.remaining).to.equal(4);
    }
  });

  it("is not read if it is cut off anywhere", () => {
    const bytes = written(POSITIONS);
    for (let i = 0; i < bytes.length; i++) {
      expect(readPositions(new ByteReader(rangeOf(bytes.subarray(0, i)))), `${i}`).to.equal(undefined);
    }
  });

  it("includes what was executed just now, and what came of others", async () => {
    const world = worldOf("positions");
    const [a, b] = [await SimReplica.start(world, "a"), await SimReplica.start(world, "b")];
    const positionsOfOwner = ({ nodeId, boot, persistence, receiver }: SimReplica) =>
      positionsOf({ nodeId, boot, stream: persistence.stream, receiver });
    a.shipTo(["b"]);
    await world.advance(50);
    repair(a, b);
    await world.advance(50);
    write(a, new Prng("positions"), { count: 10 });
    const ofA = positionsOfOwner(a);
    expect(ofA).to.deep.include({ nodeId: a.nodeId, boot: 1, received: [] });
    expect(a.shipping.position, "it is on its way").to.equal(ofA.end);
    await world.advance(50);
    const { end, received } = positionsOfOwner(b);
    expect(end, "b executed nothing").to.equal(0);
    expect(received).to.deep.equal([
      { nodeId: a.nodeId, boot: 1, applied: ofA.end, isWhole: true, first: b.positionOf("a")!.first },
    ]);
  });
});
