/**
 * Secrecy and authenticity by a key that both sides hold: AES-256-GCM with random nonces long enough to be drawn without a
 * thought (XAES-256-GCM, C2SP: a key of its own is derived for each message from the first half of its nonce, the other half is
 * GCM's). Plain GCM's 12 bytes would allow no more than 2^32 messages for all nodes of a cluster together.
 */
export interface Cipher {
  /** Its 32 bytes. Fast: for passwords that are long and random, as those of ACL GENPASS. */
  sha256(bytes: Uint8Array): Uint8Array;
  /** 32 bytes from a secret that people chose: slow on purpose (about 50 ms, blocking), so that guessing is. */
  deriveKey(secret: string, purpose: string): Uint8Array;
  /** The ciphertext with its tag: `TAG_BYTES` more than `plain`. */
  seal(key: Uint8Array, message: PlainMessage): Uint8Array;
  /** The plain bytes; undefined if key, nonce, context or any bit of the message is not what it was. */
  open(key: Uint8Array, message: SealedMessage): Uint8Array | undefined;
}

export interface PlainMessage {
  readonly plain: Uint8Array;
  /** `NONCE_BYTES`, random, never used twice with a key. */
  readonly nonce: Uint8Array;
  /** Travels in the clear and is authenticated along. */
  readonly context: Uint8Array;
}

export interface SealedMessage {
  readonly sealed: Uint8Array;
  readonly nonce: Uint8Array;
  readonly context: Uint8Array;
}

export const KEY_BYTES = 32;
export const NONCE_BYTES = 24;
export const TAG_BYTES = 16;
