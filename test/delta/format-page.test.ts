import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { rangeOf } from "#torus/base/bytes.js";
import { crc32 } from "#torus/base/crc32.js";
import { slotOf } from "#torus/base/key-hash.js";
import { beginBatch, endBatch, readBatch } from "#torus/delta/batch.js";
import type { Delta } from "#torus/delta/delta.js";
import { writeDelta } from "#torus/delta/delta-codec.js";
import { noExpiry, type RecordState } from "#torus/delta/record-state.js";
import { VERSION_ZERO, type Version } from "#torus/delta/version.js";

const NODE = 7;
const NOW_MS = 1_760_000_000_000;
const FIRST = { clock: NOW_MS * 2048 + 1, origin: NODE };
const SECOND = { clock: NOW_MS * 2048 + 2, origin: NODE };
const THIRD = { clock: NOW_MS * 2048 + 3, origin: NODE };

function record(key: string, state: RecordState): Delta {
  const bytes = Buffer.from(key);
  return { kind: "record", db: 0, slot: slotOf(bytes, 0, bytes.length), key: bytes, state };
}

/** What one command did to a hash whose key was born at the floor of a slot that has none. */
function hashOfFloor(fields: Record<string, string | null>, version: Version): RecordState {
  const entries = Object.entries(fields).map(([name, value]) => {
    return [name, { value: value === null ? null : Buffer.from(value), version }] as const;
  });
  return {
    life: VERSION_ZERO,
    expiry: noExpiry(VERSION_ZERO),
    body: { kind: "hash", fields: new Map(entries) },
  };
}

/** The bytes at the beginnings of the lines of the block that is marked as `hex`. */
function exampleOf(page: string): string {
  const block = page.split("```hex\n")[1]!.split("```")[0]!;
  const bytes = block.split("\n").map((line) => /^((?:[0-9a-f]{2})+ ?)+(?= |$)/.exec(line)?.[0] ?? "");
  return bytes.join("").replaceAll(" ", "");
}

describe("the page on the format of deltas", () => {
  const path = fileURLToPath(new URL("../../../docs/formats/delta.md", import.meta.url));
  const example = exampleOf(readFileSync(path, "utf8"));

  it("shows the bytes that are written", () => {
    const writer = new ByteWriter({ bytesMax: 1000 });
    const start = beginBatch(writer);
    const expiry = { deadlineMs: NOW_MS + 60_000, version: FIRST };
    writeDelta(
      writer,
      record("city", { life: FIRST, expiry, body: { kind: "text", bytes: Buffer.from("Roma") } }),
    );
    writeDelta(writer, record("user:1", hashOfFloor({ age: "42", tmp: "1" }, SECOND)));
    writeDelta(writer, record("user:1", hashOfFloor({ tmp: null }, THIRD)));
    endBatch(writer, start, crc32);
    expect(example).equal(writer.written().toString("hex"));
  });

  it("shows bytes that are read", () => {
    const reading = readBatch(rangeOf(Buffer.from(example, "hex")), { checksum: crc32, batchBytesMax: 1000 });
    expect(reading.kind).equal("batch");
  });
});
