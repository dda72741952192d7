import { expect } from "chai";
import { Pendings } from "#torus/rdb/pendings.js";

const DELIVERED_MS = 1_700_000_000_000;

/** Ids that differ in one of their four words. */
const IDS = [
  "00000000000000010000000000000000",
  "0000000000000001000000000000000f",
  "00000000000000017fffffff00000000",
  "00000000000000018000000000000000",
  "00000001000000000000000000000000",
  "ffffffffffffffffffffffffffffffff",
].map((hex) => Buffer.from(hex, "hex"));

function pendingsOf(ids: readonly Buffer[]): Pendings {
  const pendings = new Pendings();
  for (const [i, id] of ids.entries()) expect(pendings.add(id, DELIVERED_MS + i, i + 1)).to.equal(true);
  return pendings;
}

describe("pending messages of a dump", () => {
  it("are told as they came, each with whoever owns it", () => {
    const pendings = pendingsOf(IDS);
    for (const [i, id] of IDS.entries()) expect(pendings.own(id, 7 - i)).to.equal(true);
    expect(pendings).to.include({ length: IDS.length, owned: IDS.length });
    expect([...pendings]).to.deep.equal(
      IDS.map((id, i) => ({ id, deliveredMs: DELIVERED_MS + i, deliveries: i + 1, consumer: 7 - i })),
    );
  });

  it("rise, by all of their sixteen bytes", () => {
    for (let i = 0; i < IDS.length; i++) {
      for (let j = 0; j <= i; j++) expect(pendingsOf([IDS[i]!]).add(IDS[j]!, 0, 1)).to.equal(false);
    }
  });

  it("have one owner, if there is such a message", () => {
    const pendings = pendingsOf(IDS.filter((_, i) => i % 2 === 0));
    expect(pendings.own(IDS[2]!, 0)).to.equal(true);
    expect(pendings.own(IDS[2]!, 1)).to.equal(false);
    for (const i of [1, 3, 5]) expect(pendings.own(IDS[i]!, 0), String(i)).to.equal(false);
    expect(pendings.owned).to.equal(1);
  });

  it("are found among many", () => {
    const ids = Array.from({ length: 1000 }, (_, i) => {
      const id = Buffer.alloc(16);
      id.writeUInt32BE(i * 3, 4);
      id.writeUInt32BE(i, 12);
      return id;
    });
    const pendings = pendingsOf(ids);
    for (const id of ids.toReversed()) expect(pendings.own(id, 2)).to.equal(true);
    expect([...pendings].map(({ id }) => id)).to.deep.equal(ids);
  });
});
