import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { BEGINS, ENDS, writePart } from "#torus/cluster/pubsub/interest-messages.js";
import { NAMES_MAX } from "#torus/cluster/pubsub/own-interest.js";
import { readMessages, writeMessage } from "#torus/cluster/pubsub/relayed-messages.js";
import { exampleOf } from "../../support/format-example.js";

const page = readFileSync(
  fileURLToPath(new URL("../../../../docs/formats/pubsub.md", import.meta.url)),
  "utf8",
);

describe("the page on messages between nodes", () => {
  it("shows the bytes as nodes write them", () => {
    const part = writePart({
      epoch: 1,
      number: 0,
      flags: BEGINS | ENDS,
      wants: [
        { kind: "channel", name: "news", count: 2 },
        { kind: "pattern", name: "n*", count: 1 },
      ],
    });
    const writer = new ByteWriter({ bytesMax: 100 });
    writeMessage(writer, "channel", Buffer.from("news"), Buffer.from("hi"));
    expect(exampleOf(page)).to.deep.equal(Buffer.concat([part, writer.written()]));
  });

  it("states numbers that are the code's", () => {
    expect(page).to.contain(`${NAMES_MAX.toLocaleString("en")} names`);
  });
});

describe("messages on their way", () => {
  it("are read as they were written, and refused where they are cut off", () => {
    const writer = new ByteWriter({ bytesMax: 10_000 });
    const sent = [
      ["channel", "a\xff", "payload"],
      ["shard", "", ""],
      ["channel", "long", "x".repeat(1000)],
    ] as const;
    const ends = new Set([0]);
    for (const [kind, channel, payload] of sent) {
      writeMessage(writer, kind, Buffer.from(channel, "latin1"), Buffer.from(payload));
      ends.add(writer.length);
    }
    const bytes = Buffer.from(writer.written());
    for (let end = 0; end <= bytes.length; end++) {
      const read: string[][] = [];
      const isWhole = readMessages(bytes.subarray(0, end), (kind, channel, payload) =>
        read.push([kind, channel, payload.toString()]),
      );
      expect(isWhole).to.equal(ends.has(end));
      expect(read).to.deep.equal(sent.slice(0, read.length));
    }
    expect(readMessages(Buffer.from([2, 0, 0]), () => {})).to.equal(false);
  });
});
