/** XAES-256-GCM over `node:crypto`, as C2SP specifies it (c2sp.org/XAES-256-GCM), scrypt for keys from secrets, and SHA-256. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, scryptSync } from "node:crypto";
import { type Cipher, KEY_BYTES, NONCE_BYTES, TAG_BYTES } from "../cipher.js";

const BLOCK_BYTES = 16;
/** How much of the nonce goes into the key; GCM has the rest. */
const KEY_NONCE_BYTES = 12;
/** All nodes must come to the same key, so the salt is the same for all. It only keeps tables of other products useless. */
const SALT = "toruskv cluster secret";
/** 32 MB and some 50 ms. */
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

export const nodeCipher: Cipher = {
  sha256(bytes) {
    return createHash("sha256").update(bytes).digest();
  },

  deriveKey(secret, purpose) {
    const stretched = scryptSync(secret, SALT, KEY_BYTES, SCRYPT);
    return new Uint8Array(hkdfSync("sha256", stretched, "", purpose, KEY_BYTES));
  },

  seal(key, { plain, nonce, context }) {
    const cipher = createCipheriv("aes-256-gcm", messageKey(key, nonce), gcmNonce(nonce));
    cipher.setAAD(context);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  },

  open(key, { sealed, nonce, context }) {
    const end = sealed.length - TAG_BYTES;
    if (end < 0 || nonce.length !== NONCE_BYTES) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", messageKey(key, nonce), gcmNonce(nonce), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(context);
    decipher.setAuthTag(sealed.subarray(end));
    const plain = decipher.update(sealed.subarray(0, end));
    try {
      decipher.final();
    } catch {
      // The only failure there is: the tag is not that of these bytes.
      return undefined;
    }
    return plain;
  },
};

/** The key of one message: two blocks of CMAC in counter mode (NIST SP 800-108) over the first half of its nonce. */
function messageKey(key: Uint8Array, nonce: Uint8Array): Buffer {
  const subkey = shiftedLeft(encryptBlocks(key, Buffer.alloc(BLOCK_BYTES)));
  const blocks = Buffer.alloc(2 * BLOCK_BYTES);
  for (let block = 0; block < 2; block++) {
    const start = block * BLOCK_BYTES;
    blocks[start + 1] = block + 1;
    blocks[start + 2] = "X".charCodeAt(0);
    blocks.set(nonce.subarray(0, KEY_NONCE_BYTES), start + 4);
    for (let at = 0; at < BLOCK_BYTES; at++) blocks[start + at]! ^= subkey[at]!;
  }
  return encryptBlocks(key, blocks);
}

function gcmNonce(nonce: Uint8Array): Uint8Array {
  return nonce.subarray(KEY_NONCE_BYTES, NONCE_BYTES);
}

function encryptBlocks(key: Uint8Array, blocks: Uint8Array): Buffer {
  return createCipheriv("aes-256-ecb", key, null).setAutoPadding(false).update(blocks);
}

/** Doubling in the field of CMAC (NIST SP 800-38B, section 6.1). */
function shiftedLeft(block: Buffer): Buffer {
  const doubled = Buffer.alloc(BLOCK_BYTES);
  for (let at = 0; at < BLOCK_BYTES; at++) {
    doubled[at] = (block[at]! << 1) | ((block[at + 1] ?? 0) >>> 7);
  }
  if (block[0]! & 0x80) doubled[BLOCK_BYTES - 1]! ^= 0x87;
  return doubled;
}
