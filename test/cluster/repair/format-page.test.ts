import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { isSound, seal } from "#torus/cluster/checked-message.js";
import {
  readCompareAnswer,
  readPullAnswer,
  writeCompareAnswer,
  writePullAnswer,
} from "#torus/cluster/repair/repair-answers.js";
import { readRequestHead, readVerdict } from "#torus/cluster/repair/repair-messages.js";
import {
  readBegin,
  readCompare,
  readPull,
  writeBegin,
  writeCompare,
  writePull,
} from "#torus/cluster/repair/repair-requests.js";
import { SlotSet } from "#torus/cluster/slot-set.js";
import { wholeSlot } from "#torus/keyspace/slot-digest.js";
import { CITY_SLOT, cityBatch } from "../../support/city-batch.js";
import { exampleOf } from "../../support/format-example.js";

const SEED = 0xdeadbeef;
const DATABASES = 16;
describe("the page on the format of repair", () => {
  const path = fileURLToPath(new URL("../../../../docs/formats/repair.md", import.meta.url));
  const example = exampleOf(readFileSync(path, "utf8"));
  const range = wholeSlot(CITY_SLOT);
  const begin = {
    session: 3,
    isWhole: true,
    isResumed: false,
    isRenewing: false,
    slots: new SlotSet([CITY_SLOT]),
  };
  const compare = { atMs: 0, isListed: false, ranges: [{ range, digest: { low: 1, high: 2 } }] };
  const floors = { isWhole: true, floors: [] };
  const compared = { atMs: 0, differences: [{ count: 1, floors, items: undefined }] };
  const pulled = { taken: 1, ahead: [], records: 1, content: { kind: "batch", bytes: cityBatch() } } as const;
  const messages = [
    writeBegin(SEED, begin),
    writeCompare(SEED, compare),
    writeCompareAnswer(compared),
    writePull(SEED, [range]),
    writePullAnswer(pulled),
  ].map((message) => Buffer.from(seal(message, crc32)));
  const sizes = messages.map(({ length }) => length);
  const shown = sizes.map((size, i) => {
    const start = sizes.slice(0, i).reduce((sum, each) => sum + each, 0);
    return example.subarray(start, start + size);
  });

  it("shows the bytes that are written", () => {
    expect(example.toString("hex")).to.equal(Buffer.concat(messages).toString("hex"));
  });

  it("shows bytes that are read", () => {
    for (const message of shown) expect(isSound(message, crc32)).to.equal(true);
    const [ofBegin, ofCompare, ofPull] = [shown[0]!, shown[1]!, shown[3]!].map((message) => {
      const { seed, reader } = readRequestHead(message)!;
      expect(seed).to.equal(SEED);
      return reader;
    });
    expect(readBegin(ofBegin!)).to.deep.equal(begin);
    expect(readCompare(ofCompare!, DATABASES)).to.deep.equal(compare);
    expect(readPull(ofPull!, DATABASES)).to.deep.equal([range]);
    const [toCompare, toPull] = [readVerdict(shown[2]!)!, readVerdict(shown[4]!)!];
    expect([toCompare.verdict, toPull.verdict]).to.deep.equal(["accepted", "accepted"]);
    expect(readCompareAnswer(toCompare.reader, [range], DATABASES)).to.deep.equal(compared);
    const counts = { count: 1, databases: DATABASES };
    expect(readPullAnswer(shown[4]!, toPull.reader, counts)).to.deep.equal(pulled);
  });

  it("shows checksums that find whatever is changed, and what is cut off", () => {
    for (const message of shown) {
      for (let at = 0; at < message.length; at++) {
        expect(isSound(message.subarray(0, at), crc32)).to.equal(false);
        const changed = Buffer.from(message);
        changed[at]! ^= 1 << (at % 8);
        expect(isSound(changed, crc32)).to.equal(false);
      }
    }
  });
});
