/**
 * What every datagram and every message of an exchange travels in: it says to which cluster it belongs, and proves that it is
 * whole and, where the cluster has a secret, that its sender knows it.
 *
 *     packet := 1 cluster:16 bytes crc:u32 body                 in the clear; CRC-32 of `1 cluster body`
 *             | 2 cluster:16 bytes nonce:24 bytes sealed tag    body by the host's cipher, with `2 cluster` as context
 *
 * `cluster` is all zeros from a node that belongs to none yet. A node with a secret takes no packet in the clear, and the other way
 * round. Old packets may be sent again by anyone who saw them: claims merge, so they do no harm.
 */
import { ByteReader } from "../base/byte-reader.js";
import { ByteWriter } from "../base/byte-writer.js";
import { rangeOf } from "../base/bytes.js";
import type { Checksum } from "../base/crc32.js";
import { type Cipher, NONCE_BYTES, TAG_BYTES } from "../host/cipher.js";
import type { Random } from "../host/random.js";
import { readId, writeId } from "./claim-codec.js";
import type { ClusterId } from "./member.js";

const CLEAR = 1;
const SEALED = 2;

const CONTEXT_BYTES = 1 + 16;
const CRC_BYTES = 4;

export const NO_CLUSTER: ClusterId = "0".repeat(32);

/** What the key of gossip is derived for: `Cipher.deriveKey(secret, GOSSIP_KEY_PURPOSE)`. */
export const GOSSIP_KEY_PURPOSE = "gossip";

/** Why a packet was dropped. */
export type Flaw =
  /** Too short, a wrong checksum, or a body that is no message. */
  | "damaged"
  | "oversized"
  | "unknown-format"
  | "other-cluster"
  /** In the clear, and we have a secret. */
  | "unsealed"
  /** Sealed with another secret than ours, if we have any. */
  | "unauthentic";

export type Opened =
  | {
      readonly kind: "opened";
      readonly cluster: ClusterId;
      readonly body: Uint8Array;
      /** It proves nothing about its sender. */
      readonly isClear: boolean;
    }
  | { readonly kind: Flaw; readonly cluster: ClusterId };

export interface EnvelopeOptions {
  readonly cipher: Cipher;
  readonly random: Random;
  readonly checksum: Checksum;
  /** From the cluster's secret, if it has one. */
  readonly key: Uint8Array | undefined;
}

export class Envelope {
  private readonly options: EnvelopeOptions;
  private readonly writer: ByteWriter;

  constructor(options: EnvelopeOptions & { readonly bytesMax: number }) {
    this.options = options;
    this.writer = new ByteWriter({ bytesMax: options.bytesMax });
  }

  /** Bytes that an envelope adds to a body. */
  get overheadBytes(): number {
    return CONTEXT_BYTES + (this.options.key === undefined ? CRC_BYTES : NONCE_BYTES + TAG_BYTES);
  }

  /** A packet of its own around what `write` appends. Throws `WriterFull` beyond `bytesMax`. */
  wrap(cluster: ClusterId | undefined, write: (to: ByteWriter) => void): Uint8Array {
    const { key } = this.options;
    return key === undefined ? this.wrapClear(cluster, write) : this.seal(key, cluster, write);
  }

  /** In the clear whatever the secret: for refusals, which the other side must be able to read. */
  wrapClear(cluster: ClusterId | undefined, write: (to: ByteWriter) => void): Uint8Array {
    const { writer } = this;
    this.begin(CLEAR, cluster);
    writer.u32(0);
    write(writer);
    writer.patchU32(CONTEXT_BYTES, this.crcOf(writer.bytes, writer.length));
    return Uint8Array.from(writer.written());
  }

  /** The body is valid as long as the packet's bytes are. A packet in the clear is opened all the same if `takesClear`. */
  open(packet: Uint8Array, { takesClear = false } = {}): Opened {
    const reader = new ByteReader(rangeOf(packet));
    const format = reader.u8();
    const cluster = readId(reader);
    if (reader.failed) return { kind: "damaged", cluster: NO_CLUSTER };
    if (format === SEALED) return this.unseal(packet, cluster);
    if (format !== CLEAR) return { kind: "unknown-format", cluster };
    const crc = reader.u32();
    if (reader.failed || crc !== this.crcOf(packet, packet.length)) return { kind: "damaged", cluster };
    if (this.options.key !== undefined && !takesClear) return { kind: "unsealed", cluster };
    return { kind: "opened", cluster, body: packet.subarray(CONTEXT_BYTES + CRC_BYTES), isClear: true };
  }

  private begin(format: number, cluster: ClusterId | undefined): void {
    this.writer.clear();
    this.writer.u8(format);
    writeId(this.writer, cluster ?? NO_CLUSTER);
  }

  private seal(key: Uint8Array, cluster: ClusterId | undefined, write: (to: ByteWriter) => void): Uint8Array {
    const { writer } = this;
    const { cipher, random } = this.options;
    this.begin(SEALED, cluster);
    write(writer);
    const context = writer.written().subarray(0, CONTEXT_BYTES);
    const nonce = random.bytes(NONCE_BYTES);
    const plain = writer.written().subarray(CONTEXT_BYTES);
    return Buffer.concat([context, nonce, cipher.seal(key, { plain, nonce, context })]);
  }

  private unseal(packet: Uint8Array, cluster: ClusterId): Opened {
    const { cipher, key } = this.options;
    const sealedAt = CONTEXT_BYTES + NONCE_BYTES;
    if (packet.length < sealedAt + TAG_BYTES) return { kind: "damaged", cluster };
    const body =
      key &&
      cipher.open(key, {
        context: packet.subarray(0, CONTEXT_BYTES),
        nonce: packet.subarray(CONTEXT_BYTES, sealedAt),
        sealed: packet.subarray(sealedAt),
      });
    return body === undefined
      ? { kind: "unauthentic", cluster }
      : { kind: "opened", cluster, body, isClear: false };
  }

  /** Of all but the checksum itself. */
  private crcOf(packet: Uint8Array, end: number): number {
    const { checksum } = this.options;
    return checksum(packet, CONTEXT_BYTES + CRC_BYTES, end, checksum(packet, 0, CONTEXT_BYTES));
  }
}
