import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { ByteWriter } from "#torus/base/byte-writer.js";
import {
  PREFIXED,
  READ,
  writeChange,
  writeLoss,
  writePrefixes,
} from "#torus/cluster/tracking/invalidation-messages.js";
import { exampleOf } from "../../support/format-example.js";

const page = readFileSync(
  fileURLToPath(new URL("../../../../docs/formats/tracking.md", import.meta.url)),
  "utf8",
);

describe("the page on invalidations between nodes", () => {
  it("shows the bytes as nodes write them", () => {
    const writer = new ByteWriter({ bytesMax: 100 });
    writeChange(writer, READ, { key: "k", session: 300 });
    writeChange(writer, PREFIXED, { key: "a:1", session: 0 });
    writeLoss(writer);
    expect(exampleOf(page)).to.deep.equal(
      Buffer.concat([writePrefixes({ version: 1, prefixes: ["a:"] }), writer.written()]),
    );
  });
});
