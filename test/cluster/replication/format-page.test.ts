import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { crc32 } from "#torus/base/crc32.js";
import {
  type Answer,
  readAnswer,
  readRequest,
  writeAnswer,
  writeBatchesHead,
  writeOpen,
} from "#torus/cluster/replication/replication-messages.js";
import { beginBatch, endBatch } from "#torus/delta/batch.js";
import { writeDelta } from "#torus/delta/delta-codec.js";
import { noExpiry } from "#torus/delta/record-state.js";
import { exampleOf } from "../../support/format-example.js";
import { slot } from "./owners.js";

const LIFE = { clock: 1_760_000_000_000 * 2048 + 1, origin: 7 };

function batch(): Buffer {
  const writer = new ByteWriter({ bytesMax: 1000 });
  const start = beginBatch(writer);
  const body = { kind: "text", bytes: Buffer.from("Roma") } as const;
  const state = { life: LIFE, expiry: noExpiry(LIFE), body };
  writeDelta(writer, { kind: "record", db: 0, slot: slot("city"), key: Buffer.from("city"), state });
  endBatch(writer, start);
  return writer.written();
}

describe("the page on the format of replication", () => {
  const path = fileURLToPath(new URL("../../../../docs/formats/replication.md", import.meta.url));
  const example = exampleOf(readFileSync(path, "utf8"));
  const batches = batch();
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
