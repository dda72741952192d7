/**
 * Secrecy and authenticity of a link, by a key that both nodes derived from `cluster-secret`. All that follows the greeting
 * travels in records:
 *
 *     record := length:u32 sealed tag:16        of up to 256 KiB of frames, by the host's cipher
 *
 * The nonce is the sender's salt and the number of the record, and is not sent; what both said in greeting is authenticated
 * along, the sender's words first. So a record that opens proves that its sender has the key and answered this very greeting,
 * and that it stands where it was sent: none can be left out, sent again, or sent back. Each side begins with an empty record.
 */
import { type Cipher, NONCE_BYTES, TAG_BYTES } from "../host/cipher.js";
import { SALT_BYTES } from "./peer-hello.js";
import { LENGTH_BYTES, PieceReader } from "./piece-reader.js";

/** What the key of links is derived for: `Cipher.deriveKey(secret, LINK_KEY_PURPOSE)`. */
export const LINK_KEY_PURPOSE = "peer links";

const RECORD_BYTES_MAX = 256 * 1024;

export interface PeerSealOptions {
  readonly cipher: Cipher;
  readonly key: Uint8Array;
  /** The greetings as bytes, which end with the salts. */
  readonly own: Uint8Array;
  readonly peers: Uint8Array;
  /** Frames came, whole or not; valid during the call only. Of the first record there are none: the peer has proven itself. */
  readonly opened: (bytes: Buffer) => void;
  /** A record that is none, or of another key. Nothing more is heard. */
  readonly damaged: () => void;
}

export class PeerSeal {
  readonly #options: PeerSealOptions;
  readonly #reader: PieceReader;
  readonly #outgoing: Direction;
  readonly #incoming: Direction;

  constructor(options: PeerSealOptions) {
    const { own, peers } = options;
    this.#options = options;
    this.#outgoing = new Direction(own, peers);
    this.#incoming = new Direction(peers, own);
    this.#reader = new PieceReader(
      { bytesMin: TAG_BYTES, bytesMax: RECORD_BYTES_MAX + TAG_BYTES },
      { piece: (bytes, start, end) => this.#open(bytes.subarray(start, end)), damaged: options.damaged },
    );
  }

  /** Records that hold the bytes, each a buffer of its own. */
  *seal(plain: Uint8Array): Iterable<Buffer> {
    let at = 0;
    do {
      const end = Math.min(plain.length, at + RECORD_BYTES_MAX);
      yield this.#record(plain.subarray(at, end));
      at = end;
    } while (at < plain.length);
  }

  received(bytes: Buffer, start: number, length: number): void {
    this.#reader.received(bytes, start, length);
  }

  stop(): void {
    this.#reader.stop();
  }

  #record(plain: Uint8Array): Buffer {
    const { cipher, key } = this.#options;
    const sealed = cipher.seal(key, { plain, ...this.#outgoing.next() });
    const record = Buffer.allocUnsafe(LENGTH_BYTES + sealed.length);
    record.writeUInt32LE(sealed.length, 0);
    record.set(sealed, LENGTH_BYTES);
    return record;
  }

  #open(sealed: Buffer): void {
    const { cipher, key, opened, damaged } = this.#options;
    const plain = cipher.open(key, { sealed, ...this.#incoming.next() });
    if (plain !== undefined) {
      opened(Buffer.from(plain.buffer, plain.byteOffset, plain.length));
      return;
    }
    this.stop();
    damaged();
  }
}

/** What tells the records of one sender apart. */
class Direction {
  readonly #context: Uint8Array;
  readonly #salt: Uint8Array;
  #records = 0;

  constructor(senders: Uint8Array, receivers: Uint8Array) {
    this.#context = Buffer.concat([senders, receivers]);
    this.#salt = senders.subarray(senders.length - SALT_BYTES);
  }

  next(): { nonce: Uint8Array; context: Uint8Array } {
    const nonce = Buffer.alloc(NONCE_BYTES);
    nonce.set(this.#salt);
    nonce.writeDoubleLE(this.#records++, SALT_BYTES);
    return { nonce, context: this.#context };
  }
}
