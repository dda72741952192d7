/** The keys that follow from `cluster-secret`: one for each purpose, so that what is sealed for one opens nothing of another. */
import type { Cipher } from "../host/cipher.js";
import { GOSSIP_KEY_PURPOSE } from "../membership/envelope.js";
import type { Secrecy } from "./peer-channel.js";
import { LINK_KEY_PURPOSE } from "./peer-seal.js";

/** Undefined without a secret. */
export function gossipKeyOf(secret: string, cipher: Cipher): Uint8Array | undefined {
  return secret === "" ? undefined : cipher.deriveKey(secret, GOSSIP_KEY_PURPOSE);
}

/** Null without a secret: then links are not sealed. */
export function secrecyOf(secret: string, cipher: Cipher): Secrecy | null {
  return secret === "" ? null : { cipher, key: cipher.deriveKey(secret, LINK_KEY_PURPOSE) };
}
