import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import {
  type Answer,
  readAnswer,
  readRequest,
  writeAnswer,
  writeBatchesHead,
  writeOpen,
} from "#torus/cluster/replication/replication-messages.js";
import { cityBatch } from "../../support/city-batch.js";
import { exampleOf } from "../../support/format-example.js";

describe("the page on the format of replication", () => {
  const path = fileURLToPath(new URL("../../../../docs/formats/replication.md", import.meta.url));
  const example = exampleOf(readFileSync(path, "utf8"));
  const batches = cityBatch();
  const head = { session: 3, starts: true, isWhole: true, from: 4096, to: 4096 + batches.length };
  const answer: Answer = {
    verdict: "accepted",
    boot: 2,
    taken: 3,
    applied: head.to,
    isWhole: true,
    durable: head.from,
    isDurablyWhole: true,
  };
  const open = { session: 3, end: 4096, owned: 0x12345678, continues: undefined, newSlots: [11479] };
  const opening = writeOpen(open, crc32);
  const message = Buffer.concat([writeBatchesHead(head, [batches], crc32), batches]);

  it("shows the bytes that are written", () => {
    const written = Buffer.concat([opening, message, writeAnswer(answer)]);
    expect(example.toString("hex")).to.equal(written.toString("hex"));
  });

  it("shows bytes that are read", () => {
    const start = opening.length;
    const end = start + message.length;
    expect(readRequest(example.subarray(0, start), crc32)).to.deep.equal({
      kind: "open",
      ...open,
      isSound: true,
    });
    expect(readRequest(example.subarray(start, end), crc32)).to.deep.include({
      ...head,
      isSound: true,
      batches,
    });
    expect(readAnswer(example.subarray(end))).to.deep.equal(answer);
  });
});
