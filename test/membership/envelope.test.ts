import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { Prng } from "#torus/base/prng.js";
import { nodeCipher } from "#torus/host/node/cipher.js";
import { Envelope, GOSSIP_KEY_PURPOSE, NO_CLUSTER, type Opened } from "#torus/membership/envelope.js";
import { CLUSTER_ID } from "../support/sim-member.js";

describe("the envelope", () => {
  const BODY = Buffer.from("a body of some bytes");

  function envelopeOf(secret?: string): Envelope {
    const key = secret === undefined ? undefined : nodeCipher.deriveKey(secret, GOSSIP_KEY_PURPOSE);
    return new Envelope({ cipher: nodeCipher, random: new Prng(1), checksum: crc32, key, bytesMax: 1400 });
  }

  const wrap = (envelope: Envelope) =>
    envelope.wrap(CLUSTER_ID, (to) => to.range({ bytes: BODY, start: 0, end: BODY.length }));

  const [clear, sealed, otherwise] = [envelopeOf(), envelopeOf("secret"), envelopeOf("Secret")];

  const bodyOf = (opened: Opened) => (opened.kind === "opened" ? Buffer.from(opened.body) : opened.kind);

  for (const [name, envelope] of [
    ["in the clear", clear],
    ["sealed", sealed],
  ] as const) {
    describe(name, () => {
      const packet = wrap(envelope);

      it("gives back the body and its cluster, and adds as many bytes as it says", () => {
        const opened = envelope.open(packet);
        expect(bodyOf(opened)).to.deep.equal(BODY);
        expect(opened.cluster).to.equal(CLUSTER_ID);
        expect(packet.length).to.equal(BODY.length + envelope.overheadBytes);
      });

      it("is opened neither with any bit wrong, nor without its end", () => {
        for (let bit = 0; bit < packet.length * 8; bit++) {
          const damaged = Uint8Array.from(packet);
          damaged[bit >> 3]! ^= 1 << (bit & 7);
          expect(envelope.open(damaged).kind).to.not.equal("opened");
        }
        for (let length = 0; length < packet.length; length++) {
          expect(envelope.open(packet.subarray(0, length)).kind).to.not.equal("opened");
        }
      });

      it("tells a format that it does not know", () => {
        const newer = Uint8Array.from(packet);
        newer[0] = 3;
        expect(envelope.open(newer).kind).to.equal("unknown-format");
      });

      it("carries no cluster for a node that has none", () => {
        expect(envelope.open(envelope.wrap(undefined, () => {})).cluster).to.equal(NO_CLUSTER);
      });
    });
  }

  it("is not opened with another secret, with none, or in the clear where there is one", () => {
    expect(otherwise.open(wrap(sealed)).kind).to.equal("unauthentic");
    expect(clear.open(wrap(sealed)).kind).to.equal("unauthentic");
    expect(sealed.open(wrap(clear)).kind).to.equal("unsealed");
    expect(sealed.open(wrap(clear), { takesClear: true })).to.deep.include({ kind: "opened", isClear: true });
  });

  it("hides the body, and never looks the same twice", () => {
    const [one, other] = [wrap(sealed), wrap(sealed)];
    expect(Buffer.from(one).includes(BODY.subarray(0, 4))).to.equal(false);
    expect(Buffer.from(one).equals(other)).to.equal(false);
  });
});
