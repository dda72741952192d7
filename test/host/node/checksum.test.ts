import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { Prng } from "#torus/base/prng.js";
import { nodeChecksum } from "#torus/host/node/checksum.js";

describe("the checksum of the real world", () => {
  it("is the same however long the range is, with a seed and without", () => {
    const bytes = new Prng("checksum").bytes(1000);
    for (let length = 0; length < 900; length++) {
      expect(nodeChecksum(bytes, 7, 7 + length)).equal(crc32(bytes, 7, 7 + length));
      expect(nodeChecksum(bytes, 7, 7 + length, 0xfedcba98)).equal(crc32(bytes, 7, 7 + length, 0xfedcba98));
    }
  });
});
