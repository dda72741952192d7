import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { ChangeStream } from "#torus/durability/change-stream.js";
import { SnapshotWriter } from "#torus/durability/snapshot-writer.js";
import { CommandRunner } from "../support/command-runner.js";
import { smallKeyspace } from "../support/small-keyspace.js";
import { ManualTime } from "./manual-time.js";

const NOW_MS = 1_760_000_000_000;

/** The bytes at the beginnings of the lines of the block that is marked as `hex`. */
function exampleOf(page: string): string {
  const block = page.split("```hex\n")[1]!.split("```")[0]!;
  const bytes = block.split("\n").map((line) => /^((?:[0-9a-f]{2})+ ?)+(?= |$)/.exec(line)?.[0] ?? "");
  return bytes.join("").replaceAll(" ", "");
}

describe("the page on the format of snapshots", () => {
  it("shows the bytes that are written", async () => {
    const path = fileURLToPath(new URL("../../../docs/formats/snapshot.md", import.meta.url));
    const keyspace = smallKeyspace();
    keyspace.tick(NOW_MS);
    const runner = new CommandRunner(keyspace);
    runner.run("set", "city", "Roma", "ex", 60);
    runner.run("set", "river", "Tevere");
    runner.run("del", "river");
    const timers = new ManualTime();
    const stream = new ChangeStream({ keyspace, timers, position: 1000 });
    const clock = { wallMs: () => NOW_MS, monotonicMs: () => 0 };
    const parts: Uint8Array[] = [];
    const source = { keyspace, stream, clock, timers, checksum: crc32 };
    const label = { sequence: 3, salt: 0x12345678 };
    const writer = new SnapshotWriter(source, label, async (more) => {
      parts.push(...more.map((part) => Buffer.from(part)));
    });
    const written = writer.write();
    timers.endTurn();
    await written;
    const bytes = Buffer.concat(parts).toString("hex");
    expect(exampleOf(readFileSync(path, "utf8"))).to.equal(bytes);
  });
});
