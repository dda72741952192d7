import { expect } from "chai";
import { NONCE_BYTES, TAG_BYTES } from "#torus/host/cipher.js";
import { nodeCipher } from "#torus/host/node/cipher.js";

describe("the cipher of Node", () => {
  const key = new Uint8Array(32).fill(1);
  const nonce = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWX");
  const plain = Buffer.from("XAES-256-GCM");
  const context = Buffer.from("c2sp.org/XAES-256-GCM");

  it("is XAES-256-GCM, as the specification's examples show", () => {
    const sealed = nodeCipher.seal(key, { plain, nonce, context: Buffer.alloc(0) });
    expect(Buffer.from(sealed).toString("hex")).to.equal(
      "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271",
    );
    const other = nodeCipher.seal(new Uint8Array(32).fill(3), { plain, nonce, context });
    expect(Buffer.from(other).toString("hex")).to.equal(
      "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d",
    );
  });

  it("opens what it sealed", () => {
    const sealed = nodeCipher.seal(key, { plain, nonce, context });
    expect(sealed.length).to.equal(plain.length + TAG_BYTES);
    expect(nonce.length).to.equal(NONCE_BYTES);
    expect(Buffer.from(nodeCipher.open(key, { sealed, nonce, context })!)).to.deep.equal(plain);
  });

  it("opens nothing of which a bit, the nonce, the context, the key or the end is another", () => {
    const sealed = nodeCipher.seal(key, { plain, nonce, context });
    const flipped = (bytes: Uint8Array, at: number) => {
      const copy = Uint8Array.from(bytes);
      copy[at >> 3]! ^= 1 << (at & 7);
      return copy;
    };
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      expect(nodeCipher.open(key, { sealed: flipped(sealed, bit), nonce, context })).to.equal(undefined);
    }
    for (let bit = 0; bit < nonce.length * 8; bit++) {
      expect(nodeCipher.open(key, { sealed, nonce: flipped(nonce, bit), context })).to.equal(undefined);
    }
    for (let length = 0; length < sealed.length; length++) {
      const cut = sealed.subarray(0, length);
      expect(nodeCipher.open(key, { sealed: cut, nonce, context })).to.equal(undefined);
    }
    expect(nodeCipher.open(flipped(key, 0), { sealed, nonce, context })).to.equal(undefined);
    expect(nodeCipher.open(key, { sealed, nonce, context: flipped(context, 3) })).to.equal(undefined);
    expect(nodeCipher.open(key, { sealed, nonce: nonce.subarray(1), context })).to.equal(undefined);
  });

  it("makes the same key of the same secret and purpose, and another of any other", () => {
    const hex = (secret: string, purpose: string) =>
      Buffer.from(nodeCipher.deriveKey(secret, purpose)).toString("hex");
    const first = hex("secret", "gossip");
    expect(first).to.match(/^[0-9a-f]{64}$/);
    expect(hex("secret", "gossip")).to.equal(first);
    expect(hex("secret", "links")).to.not.equal(first);
    expect(hex("Secret", "gossip")).to.not.equal(first);
  });
});
