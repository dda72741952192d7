import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { Prng } from "#torus/base/prng.js";
import { nodeCipher } from "#torus/host/node/cipher.js";
import { Envelope } from "#torus/membership/envelope.js";
import type { MemberRecord } from "#torus/membership/member.js";
import type { Message } from "#torus/membership/message.js";
import { readMessage, writeMessage } from "#torus/membership/message-codec.js";
import { CLUSTER_ID } from "../support/sim-member.js";

/** The bytes at the beginnings of the lines of the block that is marked as `hex`. */
function exampleOf(page: string): string {
  const block = page.split("```hex\n")[1]!.split("```")[0]!;
  const bytes = block.split("\n").map((line) => /^((?:[0-9a-f]{2})+ ?)+(?= |$)/.exec(line)?.[0] ?? "");
  return bytes.join("").replaceAll(" ", "");
}

describe("the page on the format of gossip", () => {
  const path = fileURLToPath(new URL("../../../docs/formats/gossip.md", import.meta.url));
  const example = exampleOf(readFileSync(path, "utf8"));
  const envelope = new Envelope({
    cipher: nodeCipher,
    random: new Prng(1),
    checksum: crc32,
    key: undefined,
    bytesMax: 1400,
  });

  const record: MemberRecord = {
    id: "a1".repeat(16),
    boot: 3,
    incarnation: 2,
    origin: 513,
    lifecycle: "active",
    name: "torus-1",
    zone: "eu-a",
    host: "10.0.0.1",
    clientPort: 6379,
    clusterPort: 16379,
    httpPort: 8379,
    weight: 1,
    stateVersion: 7,
    protocolMin: 1,
    protocolMax: 1,
    digests: [{ tag: 1, bytes: Uint8Array.from(Buffer.from("ok")) }],
  };
  const ping: Message = {
    kind: "ping",
    sender: record.id,
    version: { boot: 3, incarnation: 2 },
    target: "b2".repeat(16),
    sequence: 0x01020304,
    claims: [
      { kind: "suspect", id: "b2".repeat(16), boot: 1, incarnation: 5, accusers: [record.id] },
      { kind: "alive", record },
    ],
  };

  it("shows the bytes that are written", () => {
    const packet = envelope.wrap(CLUSTER_ID, (to) => writeMessage(to, ping));
    expect(example).to.equal(Buffer.from(packet).toString("hex"));
  });

  it("shows bytes that are read", () => {
    const opened = envelope.open(Buffer.from(example, "hex"));
    expect(opened.cluster).to.equal(CLUSTER_ID);
    expect(opened.kind === "opened" && readMessage(opened.body)).to.deep.equal(ping);
  });
});
