import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { FILE_HEAD_BYTES, fileHeadBytes } from "#torus/durability/file-head.js";
import { FrameQueue } from "#torus/durability/frame-queue.js";
import { emptyFrame, FRAME_CLOSED, FRAME_HEAD_BYTES } from "#torus/durability/frames.js";
import { DIRECTORY, readAll } from "./log-bench.js";
import { MemoryDisk } from "./memory-disk.js";

const SALT = 0x12345678;
const START = 1000;

/** The bytes at the beginnings of the lines of the block that is marked as `hex`. */
function exampleOf(page: string): Buffer {
  const block = page.split("```hex\n")[1]!.split("```")[0]!;
  const bytes = block.split("\n").map((line) => /^(?:[0-9a-f]{2})+(?= |$)/.exec(line)?.[0] ?? "");
  return Buffer.from(bytes.join(""), "hex");
}

/** A segment in which one batch is a frame, and another a part and the rest. */
function segment(): Buffer {
  const head = fileHeadBytes({ magic: "TORUSLOG", salt: SALT, sequence: 3, position: START, durable: START });
  const queue = new FrameQueue(START);
  queue.push(Buffer.from("one"));
  queue.push(Buffer.from("and two"));
  const packing = { salt: SALT, checksum: crc32 };
  const frames = [3, 4, 3].flatMap((payloadBytes, index) => {
    const durable = [START, START, START + 3][index]!;
    return queue.pack({ ...packing, durable, roomBytes: FRAME_HEAD_BYTES + payloadBytes }).parts;
  });
  const closed = emptyFrame(FRAME_CLOSED, { position: START + 10, durable: START + 10, salt: SALT });
  return Buffer.concat([head, ...frames, closed]);
}

describe("the page on the format of the log", () => {
  const path = fileURLToPath(new URL("../../../docs/formats/log.md", import.meta.url));
  const example = exampleOf(readFileSync(path, "utf8"));

  it("shows the bytes that are written", () => {
    expect(example.length).greaterThan(FILE_HEAD_BYTES);
    expect(example.toString("hex")).equal(segment().toString("hex"));
  });

  it("shows bytes that are read", async () => {
    const disk = new MemoryDisk();
    disk.put(`${DIRECTORY}/log-0000000003.torus`, example);
    const { text, end, cleanShutdown } = await readAll(disk, START);
    expect([text, end, cleanShutdown]).deep.equal(["oneand two", START + 10, true]);
  });
});
