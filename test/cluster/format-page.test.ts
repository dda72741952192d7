import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import {
  DONE,
  DONE_HEAD_BYTES,
  FRAME_BYTES_MAX,
  NO_TOUCH,
  RESP3,
  RUN,
  RUN_HEAD_BYTES,
  writeRunHead,
} from "#torus/cluster/peer-frames.js";
import { PEER_VERSION, verdicts } from "#torus/cluster/peer-hello.js";
import { frameOf } from "../support/frame.js";
import { encodeCommand } from "../support/request.js";

const path = fileURLToPath(new URL("../../../docs/formats/peer.md", import.meta.url));
const page = readFileSync(path, "utf8");

/** The bytes at the beginnings of the lines of the block that is marked as `hex`. */
function exampleOf(text: string): string {
  const block = text.split("```hex\n")[1]!.split("```")[0]!;
  const bytes = block.split("\n").map((line) => /^((?:[0-9a-f]{2})+ ?)+(?= |$)/.exec(line)?.[0] ?? "");
  return bytes.join("").replaceAll(" ", "");
}

describe("the page on links between nodes", () => {
  it("shows the bytes of a run and its answer as nodes write them", () => {
    const head = Buffer.alloc(RUN_HEAD_BYTES);
    writeRunHead(head, 0, { session: 7, count: 1, remainingMs: 5000, database: 0, flags: 0, hops: 0 });
    const executed = Buffer.alloc(DONE_HEAD_BYTES);
    executed.writeUInt32LE(1);
    const run = frameOf(RUN, 1, head, encodeCommand(["GET", "city"]));
    const done = frameOf(DONE, 1, executed, Buffer.from("$4\r\nRoma\r\n"));
    expect(exampleOf(page)).to.equal(Buffer.concat([run, done]).toString("hex"));
  });

  it("states numbers that are the code's", () => {
    const words = ["welcome", "other cluster", "no common version", "secret", "you called yourself"];
    expect(verdicts).to.have.length(words.length);
    for (const [number, word] of words.entries()) expect(page).to.include(`${number} ${word}`);
    expect([PEER_VERSION, RESP3, NO_TOUCH]).to.deep.equal([1, 1, 2]);
    expect(FRAME_BYTES_MAX).to.equal(2 ** 30 + 2 ** 20);
  });
});
