import { expect } from "chai";
import type { PeerLink } from "#torus/cluster/peer-link.js";
import { TurnBatches } from "#torus/cluster/turn-batches.js";

function batching() {
  const turns: (() => void)[] = [];
  const told: string[] = [];
  const gone = new Set<number>();
  const batches = new TurnBatches({
    timers: { after: () => () => {}, afterTurn: (fire) => turns.push(fire), every: () => () => {} },
    service: "s",
    peers: {
      link(node) {
        const tell = (service: string, body: Uint8Array) =>
          told.push(`${node} ${service} ${Buffer.from(body).toString()}`);
        return gone.has(node) ? undefined : ({ tell } as unknown as PeerLink);
      },
    },
  });
  const write = (node: number, text: string) => {
    for (const byte of Buffer.from(text)) batches.of(node).u8(byte);
    batches.wrote(node);
  };
  const endTurn = () => {
    for (const fire of turns.splice(0)) fire();
  };
  return { batches, write, endTurn, told, gone };
}

describe("what is told to other nodes in small pieces", () => {
  it("leaves when the turn is over, once for each node", () => {
    const { write, endTurn, told } = batching();
    write(1, "a");
    write(2, "b");
    write(1, "c");
    expect(told).to.deep.equal([]);
    endTurn();
    endTurn();
    expect(told).to.deep.equal(["1 s ac", "2 s b"]);
    write(1, "d");
    endTurn();
    expect(told).to.deep.equal(["1 s ac", "2 s b", "1 s d"]);
  });

  it("leaves at once when it is much", () => {
    const { write, endTurn, told } = batching();
    write(1, "x".repeat(70_000));
    expect(told).to.have.length(1);
    endTurn();
    expect(told).to.have.length(1);
  });

  it("is dropped where nobody wants it any more", () => {
    const { batches, write, endTurn, told, gone } = batching();
    for (const node of [1, 2, 3]) write(node, "a");
    batches.drop(1);
    gone.add(2);
    endTurn();
    gone.clear();
    write(2, "b");
    endTurn();
    expect(told).to.deep.equal(["3 s a", "2 s b"]);
  });
});
